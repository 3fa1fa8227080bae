"""What the organisation itself put on record: its letter on electronic signatures, and legal bases for attributes.

21 CFR 11.100(c): who signs electronically certifies to the agency, in a letter, that these signatures are meant as the
legally binding equivalent of handwritten ones. The letter is kept by its digest; its text stays with the hospital.

Race and ethnicity are not looked at before somebody in charge recorded on which legal basis they may be.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from registry.database import reading
from registry.domain.digest import digest_bytes
from registry.domain.errors import NotAllowedError, UnknownNameError, UsageError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.group_report import PROTECTED_AXES
from registry.domain.instants import instant_text
from registry.domain.person import PersonRole, actor_record
from registry.domain.text import one_line
from registry.dsse import ORGANISATION, seal_envelope
from registry.history import told_events
from registry.keys import Signer
from registry.people import People

LETTER, PERMITTED, FORBIDDEN = "organisation.certified", "attribute.permitted", "attribute.forbidden"
MAY_SPEAK = (PersonRole.COMPLIANCE, PersonRole.QUALITY_OFFICER)
MEANINGS: Mapping[str, str] = {
    LETTER: "responsibility: this letter, sent by my organisation, certifies its electronic signatures as binding",
    PERMITTED: "responsibility: my organisation may look at this attribute on this legal basis",
    FORBIDDEN: "responsibility: my organisation no longer looks at this attribute",
}


@dataclass(frozen=True)
class Letter:
    """The newest letter on record: to whom and on which day it was sent, its digest, who recorded it and when."""

    addressee: str
    sent: str
    digest: str
    person: str
    at: str
    event_seq: int


def record_letter(people: People, signer: Signer, letter: bytes, addressee: str, sent: str) -> Event:
    """Put the organisation's letter on electronic signatures on record, signed by who speaks for the organisation.

    Args:
        people: the register.
        signer: a quality officer or compliance; their key was unlocked for this.
        letter: the letter's bytes, of which the digest is kept.
        addressee: to whom it was sent.
        sent: on which day, as YYYY-MM-DD.

    Raises:
        UsageError: when the letter or the addressee is empty, or the day is none or lies ahead.
        NotAllowedError: when the signer speaks for no organisation.
    """
    to = one_line(addressee, "addressee")
    if not letter.strip() or not to:
        raise UsageError("a letter has words and an addressee", mend="give the file, and --to")
    day = _day(sent)
    if day > people.clock.now().date():
        raise UsageError(f"{day} lies ahead", mend="record the letter once it is sent")
    digest = digest_bytes(letter)
    told = {"addressee": to, "sent": str(day), "letter": digest}
    return _speak(people, signer, LETTER, told, Subject("letter", "electronic-signatures", digest))


def letter_of(people: People) -> Letter | None:
    """Return the newest letter on record, or None."""
    with reading(people.ledger.engine) as session:
        told = list(told_events(session, (LETTER,)))
    if not told:
        return None
    event, payload = told[-1]
    actor, at = event.record["actor"]["person"], event.record["at"]
    return Letter(payload["addressee"], payload["sent"], payload["letter"], actor, at, event.seq)


def permit_attribute(people: People, signer: Signer, axis: str, basis: str) -> Event:
    """Record the legal basis on which race or ethnicity may be looked at.

    Raises:
        UnknownNameError: for another attribute.
        UsageError: when the basis is empty.
        NotAllowedError: when the signer speaks for no organisation.
    """
    if axis not in PROTECTED_AXES:
        raise UnknownNameError.of("attribute that needs a legal basis", axis, PROTECTED_AXES)
    words = one_line(basis, "legal basis")
    if not words:
        raise UsageError("a legal basis has words", mend="name the clause")
    return _speak(people, signer, PERMITTED, {"attribute": axis, "basis": words}, Subject("attribute", axis))


def forbid_attribute(people: People, signer: Signer, axis: str, why: str) -> Event:
    """Record that an attribute is no longer looked at; what was judged by it stays on record.

    Raises:
        UsageError: when no legal basis is on record for it.
        NotAllowedError: when the signer speaks for no organisation.
    """
    with reading(people.ledger.engine) as session:
        known = permitted(session)
    if axis not in known:
        raise UsageError(f"no legal basis is on record for '{axis}'", mend="there is nothing to end")
    told = {"attribute": axis, "basis": one_line(why, "reason")}
    return _speak(people, signer, FORBIDDEN, told, Subject("attribute", axis))


def permitted(session: Session) -> dict[str, str]:
    """Return the attributes that may be looked at, with the legal basis of each, as the ledger tells.

    Raises:
        LedgerBrokenError: when an event that tells of one is not what was signed.
    """
    found: dict[str, str] = {}
    for event, payload in told_events(session, (PERMITTED, FORBIDDEN)):
        if event.record["type"] == PERMITTED:
            found[payload["attribute"]] = payload["basis"]
        else:
            found.pop(payload["attribute"], None)
    return found


def _speak(people: People, signer: Signer, kind: str, told: Mapping[str, str], subject: Subject) -> Event:
    """Append what a person said for the organisation; their envelope stands in the event's payload."""
    people.check_signer(signer)
    if signer.urgent:
        raise NotAllowedError(f"{signer.person.person} authenticated for a stop alone", mend="authenticate again")
    role = next((one for one in MAY_SPEAK if one in signer.person.roles), None)
    if role is None:
        raise NotAllowedError(
            f"{signer.person.person} does not speak for the organisation", mend=f"it takes a {' or '.join(MAY_SPEAK)}"
        )
    record = {
        **told,
        "type": kind,
        "person": signer.person.person,
        "printed_name": signer.person.printed_name,
        "role": role.value,
        "meaning": MEANINGS[kind],
        "signed_at": instant_text(people.clock.now()),
        "proof": dict(signer.proof),
    }
    envelope = base64.b64encode(seal_envelope(ORGANISATION, record, signer)).decode("ascii")
    draft = EventDraft(kind, actor_record(signer.actor(role)), (subject,), {**told, "envelope": envelope})
    with people.ledger.transaction() as tx:
        return tx.append(draft)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError("a day that cannot be read", mend="write YYYY-MM-DD") from error
