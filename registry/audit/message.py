"""Audit messages as DICOM and FHIR have them in common: one event of the ledger is one message for each patient.

Nothing but the event itself is read, and the pseudonyms of the patients whom it concerns. Payloads stay where they are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.audit import codes
from registry.audit.codes import OURS, Code
from registry.audit.mapping import OBJECTS, OTHER_OBJECT, ObjectKind, Told, Way, outcome, told
from registry.domain.digest import PREFIX
from registry.domain.display import plain
from registry.domain.event import Event
from registry.ledger.merkle import leaf_hash

LONGEST = 500  # letters of a text that a person typed
AUDIT_LOG = "Security Audit Log"  # the name that PS3.15 A.5.3.2 gives it


@dataclass(frozen=True)
class Participant:
    """Who took part: an id, the role, whether they asked for it, and the host if it is known."""

    user: str
    role: Code
    asked: bool
    host: str = ""
    by: str = ""
    is_medium: bool = False


@dataclass(frozen=True)
class TouchedObject:
    """What was touched: its identifier, what kind that is, its name, its digest in hexadecimal."""

    name: str
    id_type: Code
    kind: ObjectKind
    digest: str = ""


@dataclass(frozen=True)
class AuditMessage:
    """One message.

    Attributes:
        id: the event's id, with a dash and the patient's number where the event concerns patients.
        at: when (UTC text).
        seq, leaf: the event's place in the ledger, and its leaf hash (hexadecimal), by which a proof finds it.
        told: what it is in DICOM's words.
        outcome: 0, 4 or 8; `why` says more in words.
        participants, objects: who and what; a patient is the first object.
        source: the ledger's origin.
        patient: the pseudonym, or empty.
    """

    id: str
    at: str
    seq: int
    leaf: str
    told: Told
    outcome: str
    why: str
    participants: tuple[Participant, ...]
    objects: tuple[TouchedObject, ...]
    source: str
    patient: str = ""


def messages(event: Event, patients: Sequence[str], source: str) -> Iterator[AuditMessage]:
    """Yield the messages of one event: one for each patient whom it concerns, else one.

    Args:
        event: of the ledger.
        patients: their pseudonyms.
        source: the ledger's origin.
    """
    record = event.record
    what = told(record["type"])
    objects = tuple(_objects(event, what))
    shared = {
        "at": record["at"],
        "seq": event.seq,
        "leaf": leaf_hash(event.data).hex(),
        "told": what,
        "outcome": outcome(record["type"], record["outcome"]),
        "why": plain(record["reason"], LONGEST),
        "participants": tuple(_participants(record, what)),
        "source": source,
    }
    if not patients:
        yield AuditMessage(id=record["id"], objects=objects, **shared)
    for number, patient in enumerate(sorted(set(patients))):
        own = TouchedObject(plain(patient), codes.PATIENT_NUMBER, ObjectKind("1", "1"))
        yield AuditMessage(id=f"{record['id']}-{number}", objects=(own, *objects), patient=own.name, **shared)


def _participants(record: Mapping[str, Any], what: Told) -> Iterator[Participant]:
    actor, service = record["actor"], record["service"]
    person, role = plain(actor.get("person", "unknown")), plain(actor.get("role", "none"))
    yield Participant(person, Code(f"role:{role}", OURS, role), asked=True, by=plain(actor.get("auth", "")))
    if actor.get("acting_for"):
        acted = Code("acting-for", OURS, "the person for whom a deputy acts")
        yield Participant(plain(actor["acting_for"]), acted, asked=False)
    words = [service.get("name", ""), service.get("version", ""), service.get("client", "")]
    user = plain(" ".join(word for word in words if word)) or "unknown"
    ours = {Way.IN: codes.DESTINATION, Way.OUT: codes.SOURCE, Way.STAYS: codes.APPLICATION}
    yield Participant(user, ours[what.way], asked=False, host=plain(service.get("host", "")))
    theirs = {Way.IN: codes.SOURCE_MEDIUM, Way.OUT: codes.DESTINATION_MEDIUM}
    if what.way in theirs:
        yield Participant("file", theirs[what.way], asked=False, is_medium=True)


def _objects(event: Event, what: Told) -> Iterable[TouchedObject]:
    if what.event == codes.AUDIT_LOG_USED:
        yield TouchedObject(AUDIT_LOG, codes.URI, ObjectKind("2", "13"))
    for subject in event.record["subjects"]:
        kind = plain(subject["kind"]) or "unknown"
        digest = (subject["digest"] or "").removeprefix(PREFIX)
        id_type = codes.STUDY_UID if kind == "study" else Code(f"subject:{kind}", OURS, kind)
        yield TouchedObject(plain(subject["name"], LONGEST) or "-", id_type, OBJECTS.get(kind, OTHER_OBJECT), digest)
