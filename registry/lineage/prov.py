"""The graph as PROV-JSON (W3C Member Submission of 24 April 2013): entities, activities and persons as agents.

Cohorts, artifacts, evaluations and signatures are entities; training, testing, approving and serving are activities.
"""

from collections.abc import Mapping
from typing import Any

from registry.domain.digest import digest_hex
from registry.lineage.facts import Approval, Facts, Judgement, Placement, TrainedVersion

PREFIX = "overread"
NAMESPACE = "urn:overread:"
Json = dict[str, Any]


def prov_document(facts: Facts) -> Json:
    """Return the document; every name in it is a digest, an event or a person id."""
    document = _Document()
    for cohort in facts.cohorts.values():
        document.entity(cohort.digest, {"type": "cohort", "name": cohort.name, "role": cohort.role})
        document.told("freezing", cohort.event_seq, cohort.person, cohort.at, makes=cohort.digest)
    for version in facts.versions.values():
        _training(document, version)
    for judgement in facts.judgements:
        _judgement(document, facts, judgement)
    for approval in facts.approvals:
        _approval(document, facts, approval)
    for placement in facts.placements.values():
        _placement(document, placement)
    return document.to_json()


class _Document:
    """A document under way."""

    def __init__(self) -> None:
        self._parts: dict[str, Json] = {}

    def entity(self, digest: str, told: Mapping[str, str]) -> str:
        """Put an entity into the document and return its name."""
        name = _name("digest", digest_hex(digest))
        known = self._parts.setdefault("entity", {}).setdefault(name, {})
        known.update({f"{PREFIX}:{key}": value for key, value in told.items()})
        return name

    def told(
        self, kind: str, event_seq: int, person: str, at: str, *, makes: str = "", uses: tuple[str, ...] = ()
    ) -> str:
        """Put the activity of an event into the document, with who did it, what it used and what it made."""
        activity, agent = _name("event", str(event_seq)), _name("person", person)
        self._parts.setdefault("activity", {})[activity] = {
            "prov:endTime": at,
            f"{PREFIX}:type": kind,
            f"{PREFIX}:event": str(event_seq),
        }
        self._parts.setdefault("agent", {})[agent] = {"prov:type": {"$": "prov:Person", "type": "prov:QUALIFIED_NAME"}}
        self._relate("wasAssociatedWith", event_seq, "", {"prov:activity": activity, "prov:agent": agent})
        for number, used in enumerate(uses):
            entity = self.entity(used, {})
            self._relate("used", event_seq, f"-{number}", {"prov:activity": activity, "prov:entity": entity})
        if makes:
            made = {"prov:entity": self.entity(makes, {}), "prov:activity": activity, "prov:time": at}
            self._relate("wasGeneratedBy", event_seq, "", made)
        return activity

    def derived(self, event_seq: int, made: str, sources: tuple[str, ...]) -> None:
        """Say that one entity comes from others."""
        for number, source in enumerate(sources):
            pair = {"prov:generatedEntity": self.entity(made, {}), "prov:usedEntity": self.entity(source, {})}
            self._relate("wasDerivedFrom", event_seq, f"-{number}", pair)

    def ended(self, activity: str, times: Mapping[str, str]) -> None:
        """Say when an activity began, and when it ended unless it still goes on."""
        known = self._parts["activity"][activity]
        known.pop("prov:endTime", None)
        known.update(times)

    def to_json(self) -> Json:
        """Return the document."""
        return {"prefix": {PREFIX: NAMESPACE}, **{key: self._parts[key] for key in sorted(self._parts)}}

    def _relate(self, kind: str, event_seq: int, which: str, pair: Json) -> None:
        self._parts.setdefault(kind, {})[f"_:{kind}-{event_seq}{which}"] = pair


def _training(document: _Document, version: TrainedVersion) -> None:
    fitted = tuple(dict.fromkeys((version.train, version.tune)))
    document.entity(version.artifact_digest, {"type": "model", "name": version.name, "target": version.target})
    document.told("training", version.event_seq, version.person, version.at, makes=version.artifact_digest, uses=fitted)
    document.derived(version.event_seq, version.artifact_digest, fitted)


def _judgement(document: _Document, facts: Facts, found: Judgement) -> None:
    version = facts.versions.get(found.version)
    sources = (found.cohort_digest,) if version is None else (version.artifact_digest, found.cohort_digest)
    document.entity(found.digest, {"type": found.kind, "verdict": found.verdict, "version": found.version})
    document.told(found.kind, found.event_seq, found.person, found.at, makes=found.digest, uses=sources)
    document.derived(found.event_seq, found.digest, sources)


def _approval(document: _Document, facts: Facts, found: Approval) -> None:
    known = {one.digest for one in facts.judgements} | {one.artifact_digest for one in facts.versions.values()}
    covers = tuple(digest for digest in found.covers if digest in known)
    document.entity(found.signature, {"type": "approval", "version": found.version, "role": found.role})
    document.told("approval", found.event_seq, found.person, found.at, makes=found.signature, uses=covers)


def _placement(document: _Document, found: Placement) -> None:
    activity = document.told("deployment", found.event_seq, found.person, found.at, uses=(found.artifact_digest,))
    times = {"prov:startTime": found.spans[0][0], f"{PREFIX}:site": found.site, f"{PREFIX}:mode": found.mode}
    if found.spans[-1][1]:
        times["prov:endTime"] = found.spans[-1][1]
    document.ended(activity, times)


def _name(kind: str, text: str) -> str:
    """Return a qualified name; whatever PROV-N cannot hold is spelled by its code point."""
    safe = "".join(
        letter if (letter.isalnum() and letter.isascii()) or letter in "-_" else f"_{ord(letter):x}_" for letter in text
    )
    return f"{PREFIX}:{kind}-{safe}"
