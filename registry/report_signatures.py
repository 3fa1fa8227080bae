"""A person's signature under a report on record: an inspection of a cohort, a report on a change plan.

Such a report is looked at by a person (SEC-06, CHG-10). The signature is bound to its digest and name, shows who signed
in which role, when, and with which meaning, and holds as long as its key counted when it was made.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from registry.database import reading
from registry.domain.errors import NotAllowedError, SignatureBrokenError, UnknownNameError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.instants import instant_text, parse_instant
from registry.domain.person import PersonRole, actor_record
from registry.dsse import REPORT, open_envelope, payload_of, seal_envelope
from registry.history import events_of, told_events
from registry.keys import Signer, signature_holds
from registry.people import People

SIGNED = "report.signed"
KINDS: Mapping[str, tuple[str, str]] = {
    "inspection": ("cohort.inspected", "review: has looked this cohort over before it is learned from"),
    "plan-report": ("plan_report.issued", "review: has reviewed what was changed under the plan in this period"),
}
MAY_SIGN = (
    PersonRole.QUALITY_OFFICER,
    PersonRole.VALIDATOR,
    PersonRole.COMPLIANCE,
    PersonRole.CLINICAL_LEAD,
    PersonRole.ENGINEER,
)


@dataclass(frozen=True)
class ReportSignature:
    """A signature under a report that was verified just now."""

    person: str
    printed_name: str
    role: str
    meaning: str
    signed_at: str
    event_seq: int


def sign_report(people: People, signer: Signer, kind: str, name: str, digest: str) -> Event:
    """Sign a report on record.

    Args:
        people: the register.
        signer: who signs; their key was unlocked for this.
        kind: `inspection` or `plan-report`.
        name: the report's name, as the event that issued it names it.
        digest: its digest.

    Raises:
        UnknownNameError: when the ledger tells of no such report.
        NotAllowedError: when the key no longer counts, or no role of the signer signs reports.
    """
    issued, meaning = KINDS[kind]
    people.check_signer(signer)
    if signer.urgent:
        raise NotAllowedError(f"{signer.person.person} authenticated for a stop alone", mend="authenticate again")
    role = next((one for one in MAY_SIGN if one in signer.person.roles), None)
    if role is None:
        raise NotAllowedError(f"{signer.person.person} signs no reports", mend=f"it takes a {' or '.join(MAY_SIGN)}")
    subject = Subject(kind, name, digest)
    with reading(people.ledger.engine) as session:
        if not any(subject.to_json() in event.record["subjects"] for event in events_of(session, (issued,))):
            raise UnknownNameError(f"the ledger tells of no {kind} of that digest", mend="make the report first")
    record = {
        "kind": kind,
        "name": name,
        "digest": digest,
        "person": signer.person.person,
        "printed_name": signer.person.printed_name,
        "role": role.value,
        "meaning": meaning,
        "signed_at": instant_text(people.clock.now()),
        "proof": dict(signer.proof),
    }
    envelope = base64.b64encode(seal_envelope(REPORT, record, signer)).decode("ascii")
    payload = {"kind": kind, "name": name, "digest": digest, "envelope": envelope}
    with people.ledger.transaction() as tx:
        return tx.append(EventDraft(SIGNED, actor_record(signer.actor(role)), (subject,), payload))


def report_signatures(people: People, digest: str) -> tuple[ReportSignature, ...]:
    """Return the signatures under a report, oldest first, each verified.

    Raises:
        SignatureBrokenError: when one does not hold for this report.
    """
    with reading(people.ledger.engine) as session:
        told = [(event, payload) for event, payload in told_events(session, (SIGNED,)) if payload["digest"] == digest]
    return tuple(_verified(people, event, payload) for event, payload in told)


def _verified(people: People, event: Event, told: Mapping[str, str]) -> ReportSignature:
    envelope = open_envelope(base64.b64decode(told["envelope"]), REPORT)
    record, key = payload_of(envelope), people.key(envelope.key_id)
    bound = all(record[name] == told[name] for name in ("kind", "name", "digest"))
    if key is None or key.person != record["person"] or not bound:
        raise SignatureBrokenError("a signature under a report is for another report or person")
    made = key.valid_at(parse_instant(record["signed_at"]))
    if not made or not signature_holds(key, envelope.signature, envelope.signed_bytes):
        raise SignatureBrokenError("a signature under a report does not hold", where=f"event {event.seq}")
    person, name, role = record["person"], record["printed_name"], record["role"]
    return ReportSignature(person, name, role, record["meaning"], record["signed_at"], event.seq)
