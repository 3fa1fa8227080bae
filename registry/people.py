"""Enrolled persons, their roles in time, and their signing keys.

A private key is made when a person is enrolled and lies in one file, encrypted under a passphrase that only the person
knows: nobody, the administrator included, can sign for somebody else (21 CFR 11.200(a)(2)). Ids are never given twice.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.database import reading
from registry.domain.errors import NotAllowedError, UnknownNameError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text, parse_instant
from registry.domain.person import (
    LOCAL_ADMINISTRATOR,
    UNAUTHENTICATED,
    Actor,
    Person,
    PersonKey,
    PersonRole,
    actor_record,
)
from registry.domain.ports import Clock
from registry.domain.text import one_line
from registry.keys import NewKey, Signer, load_signer, new_key
from registry.ledger.store import Ledger, Transaction
from registry.objects import write_durably
from registry.schema import PersonKeyRow, PersonRoleRow, PersonRow
from registry.told import Standing, standing

__all__ = ["MIN_PASSPHRASE", "PERSON_ID", "People", "Signer"]

PERSON_ID = re.compile(r"[a-z][a-z0-9-]{1,62}")
MIN_PASSPHRASE = 15  # characters; NIST SP 800-63B-4 3.1.1.2, ASVS 5.0 6.2.1
_RESERVED = frozenset({UNAUTHENTICATED.person, LOCAL_ADMINISTRATOR.person})


class People:
    """The register of persons; private keys lie in `folder`, one file a person."""

    def __init__(self, ledger: Ledger, folder: Path, clock: Clock) -> None:
        self.ledger = ledger
        self.folder = folder
        self.clock = clock

    def add(
        self,
        person: str,
        printed_name: str,
        roles: tuple[PersonRole, ...],
        passphrase: str,
        actor: Actor,
        key_days: int = 365,
    ) -> Person:
        """Enrol a person and issue their signing key, valid for `key_days` days.

        Raises:
            UsageError: for an id that was ever given before, a bad id, name, role or passphrase.
            NotAllowedError: when the actor is not an administrator.
        """
        _require_administrator(actor)
        found = Person(person, one_line(printed_name, "printed name"), tuple(dict.fromkeys(roles)))
        _check_person(found)
        if key_days < 1:
            raise UsageError(f"a key valid for {key_days} days", mend="at least 1")
        key = new_key(_checked_passphrase(passphrase))
        try:
            self._enrol(found, key, actor, key_days)
        except BaseException:
            self._remove_orphan(person, key)
            raise
        return found

    def get(self, person: str) -> Person:
        """Return a person with the roles that they hold today.

        Raises:
            UnknownNameError: when nobody bears the id.
        """
        with reading(self.ledger.engine) as session:
            row = session.get(PersonRow, person)
            if row is None:
                known = session.scalars(select(PersonRow.person))
                raise UnknownNameError.of("person", person, known, mend="enrol them with `overread people add`")
            return _person(session, row, instant_text(self.clock.now()))

    def all(self) -> tuple[Person, ...]:
        """Return everybody who was ever enrolled, in the order of their ids."""
        now = instant_text(self.clock.now())
        with reading(self.ledger.engine) as session:
            rows = session.scalars(select(PersonRow).order_by(PersonRow.person))
            return tuple(_person(session, row, now) for row in rows)

    def held(self, person: str, role: PersonRole, at: datetime) -> bool:
        """Say whether a person held a role at an instant."""
        with reading(self.ledger.engine) as session:
            return role in _roles(session, person, instant_text(at), standing(session, person))

    def key(self, key_id: str) -> PersonKey | None:
        """Return the public key of an id, valid or not, or None when the ledger does not tell that it was issued."""
        with reading(self.ledger.engine) as session:
            row = session.get(PersonKeyRow, key_id)
            return None if row is None else _key(row, standing(session, row.person))

    def keys(self, person: str) -> tuple[PersonKey, ...]:
        """Return all keys ever issued to a person, oldest first."""
        query = select(PersonKeyRow).where(PersonKeyRow.person == person).order_by(PersonKeyRow.not_before)
        with reading(self.ledger.engine) as session:
            told = standing(session, person)
            return tuple(key for row in session.scalars(query) if (key := _key(row, told)) is not None)

    def grant(self, person: str, role: PersonRole, actor: Actor, reason: str = "") -> Person:
        """Give a person one more role, from now on; a role that they hold changes nothing.

        Raises:
            UnknownNameError: when nobody bears the id.
            UsageError: when an administrator would hold another role too.
            NotAllowedError: when the actor is not an administrator, or the person is deactivated.
        """
        _require_administrator(actor)
        found = self.get(person)
        if not found.active:
            raise NotAllowedError(f"{person} is deactivated and gets no role")
        if role in found.roles:
            return found
        _check_person(replace(found, roles=(*found.roles, role)))
        with self.ledger.transaction() as tx:
            since = instant_text(self.clock.now())
            tx.session.merge(PersonRoleRow(person=person, role=role.value, valid_from=since, valid_until=None))
            payload = {"person": person, "role": role.value}
            tx.append(_about(person, "person.role_granted", actor, payload, reason))
        return self.get(person)

    def deactivate(self, person: str, actor: Actor, reason: str = "") -> None:
        """End a person's part: no login, no signature from now on; earlier signatures stay valid, the id stays taken.

        Raises:
            UnknownNameError: when nobody bears the id.
            NotAllowedError: when the actor is not an administrator.
        """
        _require_administrator(actor)
        self.get(person)
        with self.ledger.transaction() as tx:
            row = tx.session.get_one(PersonRow, person)
            row.active = False
            tx.append(_about(person, "person.deactivated", actor, {"person": person}, reason))
            self._revoke(tx, person, actor, reason)

    def revoke(self, person: str, actor: Actor, reason: str) -> None:
        """Revoke a person's keys, such as after a loss; signatures made before stay valid.

        Raises:
            UnknownNameError: when nobody bears the id.
            NotAllowedError: when the actor is not an administrator.
        """
        _require_administrator(actor)
        self.get(person)
        with self.ledger.transaction() as tx:
            self._revoke(tx, person, actor, reason)

    def unlock(self, person: str, passphrase: str) -> Signer:
        """Open a person's signing key with their passphrase, for signing now.

        Raises:
            UnknownNameError: when nobody bears the id.
            NotAllowedError: for a deactivated person, a missing, expired or revoked key, a wrong passphrase.
        """
        found = self.get(person)
        if not found.active:
            raise NotAllowedError(f"{person} is deactivated and signs nothing", mend="let another person sign")
        key = self._valid_key(person)
        file = self.key_file(person)
        if not file.is_file():
            raise NotAllowedError(
                f"the key file of {person} is missing", where=file.name, mend="restore it to the workspace's keys"
            )
        return load_signer(found, key, file.read_bytes(), passphrase)

    def check_signer(self, signer: Signer) -> None:
        """Refuse a signer whose person or key stopped counting since it was unlocked.

        Raises:
            NotAllowedError: for a deactivated person, an expired or a revoked key.
        """
        if not self.get(signer.person.person).active:
            raise NotAllowedError(f"{signer.person.person} is deactivated and signs nothing")
        if self._valid_key(signer.person.person).key_id != signer.key.key_id:
            raise NotAllowedError(f"the key of {signer.person.person} was replaced", mend="unlock the new one")

    def key_file(self, person: str) -> Path:
        """Return where a person's encrypted private key lies."""
        return self.folder / f"{person}.pem"

    def _enrol(self, person: Person, key: NewKey, actor: Actor, key_days: int) -> None:
        """Put person, roles and key on record in one transaction, the key's file written before it commits."""
        with self.ledger.transaction() as tx:
            if tx.session.get(PersonRow, person.person) is not None:
                raise UsageError(f"the id '{person.person}' is taken", mend="ids are never given twice: choose another")
            now = self.clock.now()
            issued = PersonKey(key.key_id, person.person, key.public_key, now, now + timedelta(days=key_days))
            _add_rows(tx.session, person, issued)
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_durably(self.key_file(person.person), key.encrypted)
            roles = {"person": person.person, "roles": [role.value for role in person.roles]}
            tx.append(_about(person.person, "person.added", actor, roles))
            tx.append(_about(person.person, "key.issued", actor, _issue_record(issued)))

    def _remove_orphan(self, person: str, key: NewKey) -> None:
        """Remove the key file that was written for somebody who is not on record after all."""
        file = self.key_file(person)
        if self.key(key.key_id) is None and file.is_file() and file.read_bytes() == key.encrypted:
            file.unlink()

    def _valid_key(self, person: str) -> PersonKey:
        now = self.clock.now()
        keys = self.keys(person)
        valid = [key for key in keys if key.valid_at(now)]
        if valid:
            return valid[-1]
        if not keys:
            raise NotAllowedError(f"{person} has no signing key")
        last = keys[-1]
        if last.revoked_at is not None:
            raise NotAllowedError(f"the key of {person} is revoked since {instant_text(last.revoked_at)}")
        if now < last.not_before:
            raise NotAllowedError(f"the key of {person} is valid only from {instant_text(last.not_before)}")
        raise NotAllowedError(
            f"the key of {person} expired at {instant_text(last.not_after)}", mend="let another person sign"
        )

    def _revoke(self, tx: Transaction, person: str, actor: Actor, reason: str) -> None:
        now = instant_text(self.clock.now())
        query = select(PersonKeyRow).where(PersonKeyRow.person == person, PersonKeyRow.revoked_at.is_(None))
        for row in tx.session.scalars(query).all():
            row.revoked_at = now
            tx.append(_about(person, "key.revoked", actor, {"person": person, "key_id": row.key_id}, reason))


def _require_administrator(actor: Actor) -> None:
    if actor.role != PersonRole.ADMINISTRATOR.value:
        raise NotAllowedError(f"the role '{actor.role}' enrols nobody", mend="ask an administrator")


def _check_person(person: Person) -> None:
    if PERSON_ID.fullmatch(person.person) is None or person.person in _RESERVED:
        raise UsageError(
            "a person's id has 2 to 63 characters of a-z, 0-9 and '-', begins with a letter, and is not a reserved word"
        )
    if not person.roles:
        raise UsageError("a person needs at least one role", mend=", ".join(role.value for role in PersonRole))
    if PersonRole.ADMINISTRATOR in person.roles and len(person.roles) > 1:
        raise UsageError("an administrator holds no other role", mend="enrol a second person for the other role")


def _checked_passphrase(passphrase: str) -> str:
    if len(passphrase) < MIN_PASSPHRASE:
        raise UsageError(f"a passphrase has at least {MIN_PASSPHRASE} characters", mend="use a sentence")
    return passphrase


def _add_rows(session: Session, person: Person, key: PersonKey) -> None:
    since = instant_text(key.not_before)
    session.add(PersonRow(person=person.person, printed_name=person.printed_name, active=True, added_at=since))
    session.flush()
    session.add_all(
        PersonRoleRow(person=person.person, role=role.value, valid_from=since, valid_until=None)
        for role in person.roles
    )
    until = instant_text(key.not_after)
    session.add(
        PersonKeyRow(key_id=key.key_id, person=key.person, public_key=key.public_key, not_before=since, not_after=until)
    )


def _issue_record(key: PersonKey) -> dict[str, str]:
    return {
        "person": key.person,
        "key_id": key.key_id,
        "public_key": key.public_key.hex(),
        "not_after": instant_text(key.not_after),
    }


def _about(person: str, kind: str, actor: Actor, payload: Mapping[str, Any], reason: str = "") -> EventDraft:
    return EventDraft(kind, actor_record(actor), (Subject("person", person),), payload, one_line(reason, "reason"))


def _roles(session: Session, person: str, at: str, told: Standing) -> tuple[PersonRole, ...]:
    """Return the roles that both the rows and the ledger give a person at an instant."""
    query = select(PersonRoleRow).where(PersonRoleRow.person == person, PersonRoleRow.valid_from <= at)
    rows = [row for row in session.scalars(query) if row.valid_until is None or at < row.valid_until]
    held = {row.role for row in rows if row.role in told.roles and told.roles[row.role] <= at}
    return tuple(role for role in PersonRole if role.value in held)


def _person(session: Session, row: PersonRow, at: str) -> Person:
    told = standing(session, row.person)
    return Person(row.person, row.printed_name, _roles(session, row.person, at, told), row.active and told.active)


def _key(row: PersonKeyRow, told: Standing) -> PersonKey | None:
    """Return a key as far as the ledger tells of it, within the narrower of the times that row and ledger give."""
    issued = told.keys.get(row.key_id)
    if issued is None or issued.public_key != row.public_key.hex():
        return None
    revoked = row.revoked_at or issued.revoked_at
    until = parse_instant(min(row.not_after, issued.not_after))
    ended = None if revoked is None else parse_instant(revoked)
    return PersonKey(row.key_id, row.person, row.public_key, parse_instant(row.not_before), until, ended)
