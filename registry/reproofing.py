"""Credentials that are renewed, reset, proofed anew and reviewed (21 CFR 11.200(a)(3), 11.300(b), (c)).

Who still has their key renews it themselves. Who lost it has an administrator reset it: the new key signs nothing until
a second person, with a key of their own, has proofed who holds it. So nobody signs for another alone.
"""

from datetime import datetime, timedelta
from typing import Any

from registry.credentials import AUTHENTICATOR, PASSWORD, PROVIDER
from registry.database import reading
from registry.domain.digest import digest_value
from registry.domain.errors import NotAllowedError, UsageError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.instants import parse_instant
from registry.domain.person import Actor, Person, PersonKey, PersonRole, actor_record
from registry.domain.roster import Roster
from registry.domain.text import one_line
from registry.history import told_events
from registry.keys import Signer, new_key
from registry.ledger.store import Transaction
from registry.objects import write_durably
from registry.people import People, about, checked_passphrase, require_administrator
from registry.person_rows import issue_record, key_row
from registry.schema import CredentialRow

MAY_PROOF = frozenset({PersonRole.QUALITY_OFFICER, PersonRole.COMPLIANCE})
REVIEW_EVERY = timedelta(days=365)


def renew_key(people: People, signer: Signer, passphrase: str, key_days: int = 365) -> PersonKey:
    """Let a person replace their own key while it counts, under a passphrase of theirs.

    Raises:
        UsageError: for a short passphrase, or less than one day.
        NotAllowedError: when the old key no longer counts.
    """
    people.check_signer(signer)
    role = signer.person.roles[0] if signer.person.roles else PersonRole.SERVICE
    return _replace(people, signer.person.person, passphrase, signer.actor(role), "renewed by its holder", key_days)


def reset_credentials(
    people: People, person: str, passphrase: str, actor: Actor, reason: str, key_days: int = 365
) -> PersonKey:
    """Give a person who lost theirs new credentials: every old one ends, and the new key waits to be proofed.

    Raises:
        UnknownNameError: when nobody bears the id.
        UsageError: for a short passphrase, or no reason.
        NotAllowedError: when the actor is not an administrator, or the person left.
    """
    require_administrator(actor)
    if not reason.strip():
        raise UsageError("a reset says why", mend="use --reason")
    if not people.get(person).active:
        raise NotAllowedError(f"{person} is deactivated and gets no key")
    return _replace(people, person, passphrase, actor, reason, key_days, awaits_proof=True)


def proof_identity(people: People, person: str, signer: Signer, how: str) -> Event:
    """Let a second person say that they proofed who holds a key that a reset issued; it counts from now on.

    Args:
        people: the register.
        person: whose key.
        signer: who proofed it: a quality officer or compliance, neither that person nor who reset it.
        how: such as `staff badge seen, in person`.

    Raises:
        UsageError: when no key waits, or it is not said how.
        NotAllowedError: when the signer may not.
    """
    people.check_signer(signer)
    told = people.roster()
    waiting = [key_id for key_id, key in told.keys.items() if key.person == person and key.waits]
    if not waiting:
        raise UsageError(f"no key of {person} waits to be proofed")
    if not how.strip():
        raise UsageError("say how their identity was proofed", mend="use --how")
    able = [role for role in people.get(signer.person.person).roles if role in MAY_PROOF]
    if not able:
        raise NotAllowedError(f"{signer.person.person} proofs nobody", mend="ask a quality officer or compliance")
    if told.humans(signer.person.person) & told.humans(person, _reset_by(people, person)):
        raise NotAllowedError("whose key it is, and who reset it, do not proof it", mend="ask a second person")
    payload = {"person": person, "key_id": waiting[-1], "how": one_line(how, "proof")}
    with people.ledger.transaction() as tx:
        return tx.append(about(person, "key.proofed", signer.actor(able[0]), payload))


def review_credentials(people: People, signer: Signer, reason: str = "") -> Event:
    """Put on record that somebody of quality or compliance went through everybody's accounts, roles and keys.

    Raises:
        NotAllowedError: when the signer may not.
    """
    people.check_signer(signer)
    able = [role for role in people.get(signer.person.person).roles if role in MAY_PROOF]
    if not able:
        raise NotAllowedError(f"{signer.person.person} reviews nobody", mend="ask a quality officer or compliance")
    everybody, told = people.all(), people.roster()
    listed = [_reviewed(told, one) for one in everybody]
    digest = digest_value(listed)
    payload = {"people": len(everybody), "digest": digest}
    actor = actor_record(signer.actor(able[0]))
    subjects = (Subject("review", "credentials", digest),)
    with people.ledger.transaction() as tx:
        return tx.append(EventDraft("credentials.reviewed", actor, subjects, payload, one_line(reason, "reason")))


def last_review(people: People) -> datetime | None:
    """Return when credentials were reviewed last; None when never."""
    with reading(people.ledger.engine) as session:
        times = [event.record["at"] for event, _ in told_events(session, ("credentials.reviewed",))]
    return parse_instant(times[-1]) if times else None


def _replace(
    people: People,
    person: str,
    passphrase: str,
    actor: Actor,
    reason: str,
    key_days: int,
    *,
    awaits_proof: bool = False,
) -> PersonKey:
    """End every key of a person and issue another; its file is written before the record says so."""
    if key_days < 1:
        raise UsageError(f"a key valid for {key_days} days", mend="at least 1")
    made, now = new_key(checked_passphrase(passphrase)), people.clock.now()
    issued = PersonKey(made.key_id, person, made.public_key, now, now + timedelta(days=key_days))
    place = people.folder / f"{person}.{made.key_id[:16]}.pem"
    with people.ledger.transaction() as tx:
        people.end_keys(tx, person, actor, reason)
        waits = {"awaits_proof": True} if awaits_proof else {}
        tx.append(about(person, "key.issued", actor, issue_record(issued) | waits, reason))
        tx.session.add(key_row(issued))
        if awaits_proof:
            _take_away(tx, people, person, actor)
            told = {"person": person, "key_id": made.key_id}
            tx.append(about(person, "credential.reset", actor, told, reason))
        people.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(place, made.encrypted)
    return issued


def _take_away(tx: Transaction, people: People, person: str, actor: Actor) -> None:
    """Take passwords and authenticators of all accounts of a person away."""
    names = [name for name, whose in people.roster().accounts.items() if whose == person]
    for name in names:
        for kind in (PASSWORD, AUTHENTICATOR, PROVIDER):
            if tx.session.get(CredentialRow, (name, kind)) is not None:
                people.guard.credentials.set(tx, name, person, kind, None, actor)


def _reset_by(people: People, person: str) -> str:
    """Return who reset a person's credentials last."""
    with reading(people.ledger.engine) as session:
        told = told_events(session, ("credential.reset",))
        by = [event.record["actor"]["person"] for event, payload in told if payload["person"] == person]
    return by[-1] if by else ""


def _reviewed(told: Roster, one: Person) -> dict[str, Any]:
    own = (key_id for key_id, key in told.keys.items() if key.person == one.person and key.revoked_at is None)
    roles = [role.value for role in one.roles]
    return {"person": one.person, "active": one.active, "roles": roles, "keys": sorted(own)}
