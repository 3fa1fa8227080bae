"""Events of the ledger: their registry, their bytes, their salted payload digests.

One event is one canonical JSON object (`registry.domain.canonical`). It holds no personal data beyond person ids: the
payload lies beside the ledger and enters as `sha256(salt || payload)`, so that erasing payload and salt leaves a
tombstone and an intact tree (design, governance 5.2). The stored bytes are what is hashed; nothing is re-serialised.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from registry.domain.canonical import NotCanonicalError, canonical_text, canonical_utf8
from registry.domain.digest import PREFIX

SCHEMA = "overread.event/1"
MAX_BYTES = 65_535  # C2SP tlog-tiles: an entry's length has 16 bits
SALT_BYTES = 32
_FIELDS = frozenset(
    {"schema", "id", "seq", "type", "at", "actor", "subjects", "reason", "outcome", "payload_digest", "service"},
)
_OTHER_FORM = "not an event: a field has another form than the schema's"
_SPELLINGS: Mapping[str, re.Pattern[str]] = {
    "schema": re.compile(re.escape(SCHEMA)),
    "id": re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),  # RFC 9562, 5.7
    "at": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"),
    "type": re.compile(r"[a-z_]+\.[a-z_]+"),
    "payload_digest": re.compile(PREFIX + r"[0-9a-f]{64}"),
}


@dataclass(frozen=True)
class EventType:
    """One type of event: its title, and the payload keys that it must have."""

    name: str
    title: str
    payload: tuple[str, ...] = ()


def _types(*rows: tuple[str, str, tuple[str, ...]]) -> Mapping[str, EventType]:
    return {name: EventType(name, title, payload) for name, title, payload in rows}


EVENT_TYPES: Mapping[str, EventType] = _types(
    ("workspace.created", "A workspace was made", ("version",)),
    ("site.registered", "A site became known", ("site", "time_zone")),
    ("target.registered", "A clinical question became known", ("target", "analysis_unit")),
    ("person.added", "A person was enrolled", ("person", "roles")),
    ("person.role_granted", "A role was granted", ("person", "role")),
    ("person.role_ended", "A role ended", ("person", "role")),
    ("person.deactivated", "A person was deactivated", ("person",)),
    ("person.same", "Two ids were found to be one human", ("person", "same_as")),
    ("deputy.appointed", "A deputy was appointed", ("person", "deputy", "role", "since", "until")),
    ("deputy.ended", "A deputy's appointment ended", ("person", "deputy", "role")),
    ("role.vacated", "Nobody fills a role that a release needs", ("role", "person")),
    ("training.required", "Courses were asked of a role", ("role", "courses")),
    ("training.recorded", "A person's training was recorded", ("person", "course", "version", "valid_until")),
    ("committee.named", "The governance committee was named", ("members", "quorum", "charter")),
    ("committee.decided", "The governance committee decided", ("decision", "present", "recused", "quorum", "minutes")),
    ("policy.issued", "The accountability policy was issued", ("version", "digest")),
    ("policy.accepted", "A person accepted the accountability policy", ("person", "version", "digest", "envelope")),
    (
        "organisation.certified",
        "The letter on electronic signatures was recorded",
        ("addressee", "sent", "letter", "envelope"),
    ),
    ("attribute.permitted", "A legal basis for an attribute was recorded", ("attribute", "basis", "envelope")),
    ("attribute.forbidden", "An attribute is no longer looked at", ("attribute", "basis", "envelope")),
    ("account.opened", "An account of a person was opened", ("account", "person", "kind")),
    ("account.closed", "An account was closed", ("account", "person")),
    ("account.locked", "An account was locked after bad attempts", ("account", "person", "attempts", "until")),
    ("account.unlocked", "An account was unlocked", ("account", "person")),
    ("authentication.failed", "An attempt to authenticate failed", ("account", "person", "purpose")),
    ("authentication.accepted", "A person authenticated", ("account", "person", "purpose", "methods")),
    ("credential.set", "A credential of an account was set", ("account", "person", "kind", "digest")),
    ("credential.reset", "An administrator reset a person's credentials", ("person", "key_id")),
    ("credentials.reviewed", "Everybody's credentials were reviewed", ("people", "digest")),
    ("key.proofed", "A second person proofed a key holder's identity", ("person", "key_id", "how")),
    ("key.issued", "A signing key was issued", ("person", "key_id", "public_key", "not_after")),
    ("key.revoked", "A signing key was revoked", ("person", "key_id")),
    ("session.opened", "A person logged in", ("person",)),
    ("intake.batch", "A batch of observations was taken in", ("table", "rows", "segment")),
    ("intake.quarantined", "Files were refused", ("batch", "site", "quarantined")),
    ("intake.blocked", "A whole table was blocked by its contract", ("table", "failures")),
    ("cohort.frozen", "A cohort was frozen", ("name", "digest", "role", "target", "units")),
    ("cohort.refused", "A cohort was refused as a leak", ("name", "role", "proof")),
    ("cohort.inspected", "A cohort was looked over before it is learned from", ("name", "digest", "duplicates")),
    ("protocol.frozen", "A validation protocol was frozen", ("digest",)),
    ("version.registered", "A model version was registered", ("model", "version", "artifact_digest")),
    ("version.transitioned", "A model version changed state", ("model", "version", "source", "target", "act")),
    ("version.signed", "A person signed an act on a version", ("model", "version", "act", "signature")),
    ("version.decision_refused", "A decision was refused", ("model", "version", "act", "why")),
    ("evaluation.completed", "An evaluation was completed", ("model", "version", "cohort", "digest", "verdict")),
    ("card.declared", "A person declared for a card what nobody measures", ("model", "version", "digest")),
    ("card.issued", "A card was issued", ("model", "version", "digest", "automatic")),
    ("external.registered", "A third-party model was put on the inventory", ("model", "version", "vendor", "product")),
    ("external.deployed", "A third-party model was said to run", ("deployment", "model", "version", "site", "mode")),
    ("external.stopped", "A third-party model was said to be stopped", ("deployment", "fallback")),
    ("deployment.started", "A deployment began", ("deployment", "model", "version", "site", "mode", "artifact_digest")),
    ("deployment.stopped", "A deployment was stopped", ("deployment", "fallback")),
    ("deployment.resumed", "A deployment was resumed", ("deployment", "mode")),
    ("deployment.ended", "A deployment ended", ("deployment",)),
    ("deployment.rolled_back", "A roll-back was done and measured", ("site", "outcome", "seconds")),
    ("emergency.countersigned", "An emergency use was countersigned", ("deployment", "signature")),
    ("pilot.planned", "A pilot was planned", ("deployment", "units", "days", "rules", "envelope")),
    ("pilot.judged", "It was judged whether a pilot is over", ("deployment", "plan", "units", "days", "met", "why")),
    ("stop_rule.set", "A stop rule was set", ("deployment", "rule", "cause", "days", "fallback", "resumer")),
    ("tier.signed", "A person signed a model's risk tier", ("model", "tier", "signature")),
    ("evaluation.withdrawn", "An evaluation was withdrawn from the evidence", ("model", "version", "digest")),
    ("release.signed", "A model's files were signed for release", ("model", "version", "bundle", "key_id")),
    ("release_key.revoked", "A key for releases was revoked", ("key_id", "stolen")),
    ("serving.refused", "The serving gate refused a model", ("model", "version", "why")),
    ("plan.adopted", "A monitoring plan was adopted", ("digest",)),
    ("counts.stored", "The counts of some days were stored", ("model", "days")),
    ("counts.indexed", "Which days are counted, and from which rows, was sealed", ("model", "content")),
    ("counts.exported", "Counts were exported for another hospital", ("model", "period", "digest")),
    ("plan.signed", "A person signed a monitoring plan", ("digest", "number", "role", "signature")),
    ("monitor.completed", "The monitors ran", ("model", "as_of", "digest")),
    ("plan_report.issued", "A report on a change plan was issued", ("model", "period", "digest")),
    ("report.signed", "A person signed a report", ("kind", "name", "digest", "envelope")),
    ("report.issued", "A report was issued", ("model", "period", "digest")),
    ("appendix.issued", "An explorable appendix was made", ("model", "as_of", "digest")),
    ("evidence.exported", "Evidence was exported", ("model", "period", "digest")),
    ("alert.opened", "An alert was opened", ("alert", "model", "code", "cause", "record")),
    ("alert.acknowledged", "An alert was acknowledged", ("alert",)),
    ("alert.resolved", "An alert was resolved by a person", ("alert",)),
    ("alert.cleared", "An alert was cleared after the plan's quiet period", ("alert",)),
    ("alert.renamed", "An alert got another cause on better evidence", ("alert", "before", "cause", "day")),
    ("task.opened", "Work was asked for", ("task", "kind", "model", "why")),
    ("task.closed", "Work that was asked for was done or dropped", ("task", "outcome")),
    ("schedule.set", "A schedule was set", ("kind", "model", "cron")),
    ("schedule.paused", "A schedule was paused", ("kind", "model")),
    (
        "stratum.suspended",
        "A model was suspended for one stratum of a site",
        ("deployment", "axis", "value", "fallback"),
    ),
    ("stratum.resumed", "A model was let back into a stratum of a site", ("deployment", "axis", "value")),
    ("change_plan.adopted", "A change plan was signed", ("model", "digest")),
    ("provenance.recorded", "What a version was made from was recorded", ("model", "version", "digest")),
    ("change.classified", "A change was classified under the change plan", ("model", "stage", "scope", "digest")),
    ("submission.declared", "A change was declared a new submission", ("model", "classification", "why")),
    ("test_set.sequestered", "A test set was set apart under a change plan", ("model", "cohort", "alpha", "looks")),
    ("release.prepared", "A release under a change plan was prepared", ("model", "version", "digest")),
    ("candidate.compared", "A candidate was compared under a change plan", ("model", "version", "digest", "verdict")),
    ("reconciliation.differed", "MLflow no longer matches the ledger", ("model", "version", "why")),
    ("payload.erased", "A payload and its salt were erased", ("seq",)),
    ("audit.read", "The audit log was read", ("way", "what", "events")),
    ("audit.exported", "The audit log was exported", ("format", "first", "last", "events", "digest")),
    ("readers.named", "Overrides were shown with the names of their readers", ("model", "purpose", "reads")),
    ("identity.revealed", "The identifier behind a pseudonym was looked up", ("kind", "purpose", "found")),
    (
        "ledger.continued",
        "The record went on after events were lost",
        ("former", "kept", "lost", "unsigned", "newest", "continued", "signed_by"),
    ),
    ("retention.held", "Payloads were put under a legal hold", ("hold", "first", "last")),
    ("retention.released", "A legal hold was released", ("hold",)),
    ("retention.drilled", "A restore from an archive was rehearsed", ("digest", "events", "verdict")),
    ("clock.anomaly", "The clock was set between two events", ("step_ms", "against")),
    ("data.simulated", "Synthetic observations were made", ("table", "rows", "seed")),
)


@dataclass(frozen=True)
class Subject:
    """What an event is about: a kind, a name without identifiers, and a digest where there is one."""

    kind: str
    name: str
    digest: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"kind": self.kind, "name": self.name, "digest": self.digest}


@dataclass(frozen=True)
class EventDraft:
    """What a use case wants on record; the ledger adds id, sequence, time and service."""

    type: str
    actor: Mapping[str, str]
    subjects: tuple[Subject, ...]
    payload: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    outcome: str = "done"


@dataclass(frozen=True)
class Event:
    """One event as it stands in the ledger, with the exact bytes that are hashed."""

    seq: int
    record: Mapping[str, Any]
    data: bytes


def check_draft(draft: EventDraft) -> None:
    """Refuse an unknown type or a payload that lacks a key of its type.

    Raises:
        ValueError: with the type and the missing keys.
    """
    known = EVENT_TYPES.get(draft.type)
    if known is None:
        raise ValueError(f"unknown event type '{draft.type}'")
    missing = [key for key in known.payload if key not in draft.payload]
    if missing:
        raise ValueError(f"event '{draft.type}' lacks payload keys: {', '.join(missing)}")


def new_event(
    draft: EventDraft, *, event_id: str, seq: int, at: str, payload_digest: str, service: Mapping[str, str]
) -> Event:
    """Return a draft as the event that it becomes.

    Raises:
        ValueError: when the draft is refused, or its bytes exceed 65,535.
        NotCanonicalError: when a value has no canonical form, or a field another form than the schema's.
    """
    check_draft(draft)
    record = {
        "schema": SCHEMA,
        "id": event_id,
        "seq": seq,
        "type": draft.type,
        "at": at,
        "actor": dict(draft.actor),
        "subjects": [subject.to_json() for subject in draft.subjects],
        "reason": draft.reason,
        "outcome": draft.outcome,
        "payload_digest": payload_digest,
        "service": dict(service),
    }
    _check_said(record)
    data = _record_bytes(record)
    if len(data) > MAX_BYTES:
        raise ValueError(f"an event of {len(data)} bytes; at most {MAX_BYTES}, put large payloads behind a digest")
    return Event(seq, record, data)


def parse_event(data: bytes) -> Event:
    """Read an event's bytes strictly.

    Raises:
        NotCanonicalError: when the bytes are not a canonical event of a known type, each field in the schema's form.
    """
    try:
        record = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, an integer of thousands of digits
        raise NotCanonicalError("not JSON in UTF-8") from error
    if not isinstance(record, dict) or record.keys() != _FIELDS:
        raise NotCanonicalError("not an event: other fields than the schema's")
    _check_fields(record)
    if _record_bytes(record) != data:  # a duplicate key, another order or spelling, white space
        raise NotCanonicalError("JSON, but not in canonical form")
    return Event(record["seq"], record, data)


def _check_fields(record: Mapping[str, Any]) -> None:
    odd = any(not _is_spelled(record[key], spelling) for key, spelling in _SPELLINGS.items())
    if odd or not _is_seq(record["seq"]) or record["type"] not in EVENT_TYPES:
        raise NotCanonicalError(_OTHER_FORM)
    _check_said(record)


def _check_said(record: Mapping[str, Any]) -> None:
    """Check the fields whose content the ledger does not make itself."""
    words = _is_words(record["actor"]) and _is_words(record["service"])
    texts = isinstance(record["reason"], str) and isinstance(record["outcome"], str)
    if not words or not texts or not _are_subjects(record["subjects"]):
        raise NotCanonicalError(_OTHER_FORM)


def _record_bytes(record: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of fields that were checked, its keys spelled out in their order."""
    subjects = ",".join([_subject_text(subject) for subject in record["subjects"]])
    text = (
        f'{{"actor":{_words_text(tuple(record["actor"].items()))},"at":"{record["at"]}","id":"{record["id"]}",'
        f'"outcome":{canonical_text(record["outcome"])},"payload_digest":"{record["payload_digest"]}",'
        f'"reason":{canonical_text(record["reason"])},"schema":"{record["schema"]}",'
        f'"seq":{canonical_text(record["seq"])},"service":{_words_text(tuple(record["service"].items()))},'
        f'"subjects":[{subjects}],"type":"{record["type"]}"}}'
    )
    return canonical_utf8(text)


@lru_cache(maxsize=256)
def _words_text(words: tuple[tuple[str, str], ...]) -> str:
    """Return the canonical text of an object of texts; who acts and with what repeats from event to event."""
    return canonical_text(dict(words))


def _subject_text(subject: Mapping[str, Any]) -> str:
    digest = canonical_text(subject["digest"])
    return f'{{"digest":{digest},"kind":{canonical_text(subject["kind"])},"name":{canonical_text(subject["name"])}}}'


def payload_digest(salt: bytes, payload: bytes) -> str:
    """Return the salted commitment `sha256(salt || payload)`.

    Raises:
        ValueError: when the salt has another length than 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError("a payload salt has 32 bytes")
    return PREFIX + hashlib.sha256(salt + payload).hexdigest()


def _is_spelled(value: object, spelling: re.Pattern[str]) -> bool:
    return isinstance(value, str) and spelling.fullmatch(value) is not None


def _is_words(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(word, str) for word in value.values())


def _is_seq(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _are_subjects(value: object) -> bool:
    return isinstance(value, list) and all(_is_subject(subject) for subject in value)


def _is_subject(value: object) -> bool:
    if not isinstance(value, dict) or set(value) != {"kind", "name", "digest"}:
        return False
    named = isinstance(value["kind"], str) and isinstance(value["name"], str)
    return named and (value["digest"] is None or isinstance(value["digest"], str))
