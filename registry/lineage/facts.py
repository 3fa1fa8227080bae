"""The graph of what was made from what, as the ledger tells it: cohorts, versions, tests, approvals, deployments.

It is built from events and never from rows, so that a row that somebody deleted hides no affected model.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from registry.domain.errors import LedgerBrokenError
from registry.domain.event import Event
from registry.history import VERIFY, told_events

_TYPES = (
    "cohort.frozen",
    "version.registered",
    "evaluation.completed",
    "candidate.compared",
    "version.signed",
    "deployment.started",
    "deployment.stopped",
    "deployment.resumed",
    "deployment.ended",
)
Json = Mapping[str, Any]


@dataclass(frozen=True)
class FrozenCohort:
    """A cohort that was frozen."""

    name: str
    role: str
    digest: str
    event_seq: int
    at: str
    person: str


@dataclass(frozen=True)
class TrainedVersion:
    """A version that was registered, and the digests of what it was fitted on."""

    name: str
    target: str
    artifact_digest: str
    train: str
    tune: str
    event_seq: int
    at: str
    person: str

    @property
    def model(self) -> str:
        """The model's name."""
        return self.name.rpartition("@")[0]


@dataclass(frozen=True)
class Judgement:
    """An evaluation or a comparison: of which version, on which cohort."""

    kind: str
    version: str
    cohort: str
    cohort_digest: str
    digest: str
    verdict: str
    event_seq: int
    at: str
    person: str


@dataclass(frozen=True)
class Approval:
    """A signed approval of a version."""

    version: str
    role: str
    signature: str
    covers: tuple[str, ...]
    event_seq: int
    at: str
    person: str


@dataclass(frozen=True)
class Placement:
    """A deployment: where, in which mode, and the spans in which it ran, each by the instants of its events."""

    deployment: str
    version: str
    site: str
    mode: str
    artifact_digest: str
    event_seq: int
    at: str
    person: str
    spans: tuple[tuple[str, str], ...] = ()

    def ran_at(self, instant: str) -> bool:
        """Say whether it ran at an instant (UTC text); a span without an end lasts."""
        return any(start <= instant and (not end or instant < end) for start, end in self.spans)


@dataclass
class Facts:
    """Everything that the ledger told, by name or digest."""

    cohorts: dict[str, FrozenCohort] = field(default_factory=dict)
    versions: dict[str, TrainedVersion] = field(default_factory=dict)
    judgements: list[Judgement] = field(default_factory=list)
    approvals: list[Approval] = field(default_factory=list)
    placements: dict[str, Placement] = field(default_factory=dict)

    def of_version(self, name: str) -> "Facts":
        """Return what concerns one version: its cohorts, tests, approvals and deployments."""
        version = self.versions[name]
        judged = [one for one in self.judgements if one.version == name]
        kept = {version.train, version.tune, *(one.cohort_digest for one in judged)}
        return Facts(
            {digest: one for digest, one in self.cohorts.items() if digest in kept},
            {name: version},
            judged,
            [one for one in self.approvals if one.version == name],
            {key: one for key, one in self.placements.items() if one.version == name},
        )


def facts_of(session: Session) -> Facts:
    """Return the graph that the ledger tells.

    Raises:
        LedgerBrokenError: when an event or its payload is not what was signed, or lacks what its type must say.
    """
    facts = Facts()
    for event, payload in told_events(session, _TYPES):
        _ADDERS[event.record["type"]](facts, event, payload)
    return facts


def _cohort(facts: Facts, event: Event, told: Json) -> None:
    facts.cohorts[told["digest"]] = FrozenCohort(told["name"], told["role"], told["digest"], *_when(event))


def _version(facts: Facts, event: Event, told: Json) -> None:
    digests = {one["name"]: one["digest"] for one in _subjects(event, "cohort")}
    try:
        train, tune = digests[told["train_cohort"]], digests[told["tune_cohort"]]
    except KeyError as error:
        raise LedgerBrokenError(f"event {event.seq} does not name what was fitted on", mend=VERIFY) from error
    name = f"{told['model']}@{told['version']}"
    facts.versions[name] = TrainedVersion(name, told["target"], told["artifact_digest"], train, tune, *_when(event))


def _judged(facts: Facts, event: Event, told: Json) -> None:
    kind = event.record["type"].partition(".")[0].replace("candidate", "comparison")
    (cohort,) = _subjects(event, "cohort")
    name = f"{told['model']}@{told['version']}"
    place = (name, cohort["name"], cohort["digest"], told["digest"], told["verdict"])
    facts.judgements.append(Judgement(kind, *place, *_when(event)))


def _signed(facts: Facts, event: Event, told: Json) -> None:
    if told["act"] == "approve":
        covers = tuple(one["digest"] for one in event.record["subjects"] if one["digest"])
        actor = event.record["actor"]
        name = f"{told['model']}@{told['version']}"
        facts.approvals.append(Approval(name, actor["role"], told["signature"], covers, *_when(event)))


def _started(facts: Facts, event: Event, told: Json) -> None:
    name = f"{told['model']}@{told['version']}"
    seq, at, person = _when(event)
    place = (told["deployment"], name, told["site"], told["mode"], told["artifact_digest"])
    facts.placements[told["deployment"]] = Placement(*place, seq, at, person, ((at, ""),))


def _changed(facts: Facts, event: Event, told: Json) -> None:
    """Close the open span of a deployment, or begin another."""
    known = facts.placements.get(told["deployment"])
    if known is None:
        return
    at, spans = event.record["at"], known.spans
    if event.record["type"] == "deployment.resumed":
        spans = (*spans, (at, ""))
    elif spans and not spans[-1][1]:
        spans = (*spans[:-1], (spans[-1][0], at))
    facts.placements[known.deployment] = Placement(**{**vars(known), "spans": spans})


def _when(event: Event) -> tuple[int, str, str]:
    return event.seq, event.record["at"], event.record["actor"]["person"]


def _subjects(event: Event, kind: str) -> Iterator[Json]:
    return (one for one in event.record["subjects"] if one["kind"] == kind)


_ADDERS = {
    "cohort.frozen": _cohort,
    "version.registered": _version,
    "evaluation.completed": _judged,
    "candidate.compared": _judged,
    "version.signed": _signed,
    "deployment.started": _started,
    "deployment.stopped": _changed,
    "deployment.resumed": _changed,
    "deployment.ended": _changed,
}
