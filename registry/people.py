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

from registry.authentication import Attempt, Guard
from registry.credentials import Credentials, Sealer
from registry.database import reading
from registry.domain.errors import NotAllowedError, UnknownNameError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.person import (
    ALONE,
    LOCAL_ADMINISTRATOR,
    MIN_PASSPHRASE,
    RELEASE_ROLES,
    UNAUTHENTICATED,
    Actor,
    Person,
    PersonKey,
    PersonRole,
    actor_record,
)
from registry.domain.ports import Clock
from registry.domain.roster import Roster
from registry.domain.text import one_line
from registry.keys import NewKey, Signer, load_signer, new_key
from registry.ledger.store import Ledger, Transaction
from registry.objects import write_durably
from registry.person_rows import add_rows, issue_record, key_of_row, on_record, person_of_row
from registry.schema import PersonKeyRow, PersonRoleRow, PersonRow
from registry.told import roster

__all__ = ["MIN_PASSPHRASE", "PERSON_ID", "People", "Signer", "about", "checked_passphrase", "require_administrator"]

PERSON_ID = re.compile(r"[a-z][a-z0-9-]{1,62}")
_RESERVED = frozenset({UNAUTHENTICATED.person, LOCAL_ADMINISTRATOR.person})


class People:
    """The register of persons; private keys lie in `folder`, one file a person.

    Args:
        ledger: of the workspace.
        folder: of the keys.
        clock: tells the time.
        seal: seals the secrets of authenticators; without one nobody can enrol one.
        require_totp: whether everybody needs an authenticator.
    """

    def __init__(
        self, ledger: Ledger, folder: Path, clock: Clock, seal: Sealer | None = None, *, require_totp: bool = False
    ) -> None:
        self.ledger = ledger
        self.folder = folder
        self.clock = clock
        self.guard = Guard(ledger, clock, Credentials(ledger, clock, seal, require_totp=require_totp))

    def add(
        self,
        person: str,
        printed_name: str,
        roles: tuple[PersonRole, ...],
        passphrase: str,
        actor: Actor,
        key_days: int = 365,
        identity: str = "",
    ) -> Person:
        """Enrol a person and issue their signing key, valid for `key_days` days; `identity` says how it was verified.

        Raises:
            UsageError: for an id that was ever given before, a bad id, name, role or passphrase.
            NotAllowedError: when the actor is not an administrator.
        """
        require_administrator(actor)
        found = Person(person, one_line(printed_name, "printed name"), tuple(dict.fromkeys(roles)))
        _check_person(found)
        if key_days < 1:
            raise UsageError(f"a key valid for {key_days} days", mend="at least 1")
        key = new_key(checked_passphrase(passphrase))
        try:
            self._enrol(found, key, actor, key_days, identity)
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
            return person_of_row(session, row, roster(session), instant_text(self.clock.now()))

    def all(self) -> tuple[Person, ...]:
        """Return everybody who was ever enrolled, in the order of their ids."""
        now = instant_text(self.clock.now())
        with reading(self.ledger.engine) as session:
            told = roster(session)
            rows = session.scalars(select(PersonRow).order_by(PersonRow.person))
            return tuple(person_of_row(session, row, told, now) for row in rows)

    def roster(self) -> Roster:
        """Return what the ledger told of everybody."""
        with reading(self.ledger.engine) as session:
            return roster(session)

    def person_of(self, name: str) -> str:
        """Return whose account a name is; a person's own id is theirs.

        Raises:
            UnknownNameError: when nobody bears the name.
            NotAllowedError: when the account is closed.
        """
        told = self.roster()
        if name in told.closed:
            raise NotAllowedError(f"the account '{name}' is closed", mend="use another account of this person")
        return told.person_of(name) or self.get(name).person

    def held(self, person: str, role: PersonRole, at: datetime) -> bool:
        """Say whether a person held a role at an instant."""
        with reading(self.ledger.engine) as session:
            return on_record(session, person, role) and roster(session).held(person, role.value, instant_text(at))

    def deputised(self, deputy: str, person: str, role: PersonRole, at: datetime) -> bool:
        """Say whether somebody acted for a person in a role at an instant."""
        with reading(self.ledger.engine) as session:
            told = roster(session).deputises(deputy, person, role.value, instant_text(at))
            return told and on_record(session, person, role)

    def acts_for(self, deputy: str) -> dict[PersonRole, str]:
        """Return whom somebody may act for today, by role."""
        found = self.roster().acts_for(deputy, instant_text(self.clock.now()))
        return {PersonRole(role): person for role, person in found.items()}

    def key(self, key_id: str) -> PersonKey | None:
        """Return the public key of an id, valid or not, or None when the ledger does not tell that it was issued."""
        with reading(self.ledger.engine) as session:
            row = session.get(PersonKeyRow, key_id)
            return None if row is None else key_of_row(row, roster(session))

    def keys(self, person: str, told: Roster | None = None) -> tuple[PersonKey, ...]:
        """Return all keys ever issued to a person, oldest first; by a roster that was read already, if there is one."""
        query = select(PersonKeyRow).where(PersonKeyRow.person == person).order_by(PersonKeyRow.not_before)
        with reading(self.ledger.engine) as session:
            told = told or roster(session)
            return tuple(key for row in session.scalars(query) if (key := key_of_row(row, told)) is not None)

    def grant(
        self,
        person: str,
        role: PersonRole,
        actor: Actor,
        reason: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Person:
        """Give a person one more role, from now or a later day on, for good or until a day.

        A role that they hold changes nothing, unless days are given.

        Raises:
            UnknownNameError: when nobody bears the id.
            UsageError: when an administrator or a service would hold another role too, or the role ends as it begins.
            NotAllowedError: when the actor is not an administrator, or the person is deactivated.
        """
        require_administrator(actor)
        found = self.get(person)
        if not found.active:
            raise NotAllowedError(f"{person} is deactivated and gets no role")
        if role in found.roles and since is None and until is None:
            return found
        _check_person(replace(found, roles=(*(held for held in found.roles if held != role), role)))
        begins = max(since or self.clock.now(), self.clock.now())
        if until is not None and until <= begins:
            raise UsageError("a role ends after it begins", mend="give a later day")
        first, last = instant_text(begins), None if until is None else instant_text(until)
        with self.ledger.transaction() as tx:
            tx.session.merge(PersonRoleRow(person=person, role=role.value, valid_from=first, valid_until=last))
            payload = {"person": person, "role": role.value}
            days = ({"since": first} if since else {}) | ({"until": last} if last else {})
            tx.append(about(person, "person.role_granted", actor, payload | days, reason))
        return self.get(person)

    def deactivate(self, person: str, actor: Actor, reason: str = "") -> None:
        """End a person's part: no login, no signature from now on; earlier signatures stay valid, the id stays taken.

        Raises:
            UnknownNameError: when nobody bears the id.
            NotAllowedError: when the actor is not an administrator.
        """
        require_administrator(actor)
        roles = self.get(person).roles
        with self.ledger.transaction() as tx:
            row = tx.session.get_one(PersonRow, person)
            row.active = False
            tx.append(about(person, "person.deactivated", actor, {"person": person}, reason))
            self.end_keys(tx, person, actor, reason)
            self.tell_vacated(tx, person, roles, actor)

    def tell_vacated(self, tx: Transaction, person: str, roles: tuple[PersonRole, ...], actor: Actor) -> None:
        """Put on record which roles that a release needs nobody holds any more, now that a person gave them up.

        Args:
            tx: the transaction in which they did.
            person: who gave them up.
            roles: those that they gave up.
            actor: who ended their part.
        """
        others = [other for other in self.all() if other.person != person and other.active]
        for role in roles:
            if role in RELEASE_ROLES and not any(role in other.roles for other in others):
                subjects = (Subject("role", role.value), Subject("person", person))
                payload = {"role": role.value, "person": person}
                tx.append(EventDraft("role.vacated", actor_record(actor), subjects, payload, outcome="alert"))

    def revoke(self, person: str, actor: Actor, reason: str) -> None:
        """Revoke a person's keys, such as after a loss; signatures made before stay valid.

        Raises:
            UnknownNameError: when nobody bears the id.
            NotAllowedError: when the actor is not an administrator.
        """
        require_administrator(actor)
        self.get(person)
        with self.ledger.transaction() as tx:
            self.end_keys(tx, person, actor, reason)

    def unlock(
        self, name: str, passphrase: str, code: str = "", *, purpose: str = "sign", urgent: bool = False
    ) -> Signer:
        """Open a person's signing key with their passphrase, and the code of their authenticator, for signing now.

        Args:
            name: the person, or an account of theirs.
            passphrase: that of their key.
            code: of the authenticator, where one is enrolled.
            purpose: what for, as the record of attempts tells it.
            urgent: whether it is for a stop: then no lock is waited for and no code is asked for.

        Raises:
            UnknownNameError: when nobody bears the name.
            WrongSecretError: for a wrong passphrase or code; five in a row lock the account.
            NotAllowedError: for a deactivated person, a missing, expired or revoked key, a locked account.
        """
        person = self.person_of(name)
        found = self.get(person)
        if not found.active:
            raise NotAllowedError(f"{person} is deactivated and signs nothing", mend="let another person sign")
        if PersonRole.SERVICE in found.roles:
            raise NotAllowedError(f"{person} is a service, and services never sign", mend="let a person sign")
        key = self._valid_key(person)
        file = self.key_file(person, key.key_id)
        if not file.is_file():
            raise NotAllowedError(
                f"the key file of {person} is missing", where=file.name, mend="restore it to the workspace's keys"
            )
        attempt = Attempt(name, person, purpose)
        signer, proof = self.guard.passed(
            attempt, lambda: load_signer(found, key, file.read_bytes(), passphrase), code, urgent=urgent
        )
        return replace(signer, deputy_for=self.acts_for(person), proof=proof, urgent=urgent)

    def check_signer(self, signer: Signer) -> None:
        """Refuse a signer whose person or key stopped counting since it was unlocked.

        Raises:
            NotAllowedError: for a deactivated person, an expired or a revoked key.
        """
        if not self.get(signer.person.person).active:
            raise NotAllowedError(f"{signer.person.person} is deactivated and signs nothing")
        if self._valid_key(signer.person.person).key_id != signer.key.key_id:
            raise NotAllowedError(f"the key of {signer.person.person} was replaced", mend="unlock the new one")

    def key_fault(self, person: str, told: Roster | None = None) -> str:
        """Return why a person's key would sign nothing today, in words; empty when it would, with its passphrase."""
        try:
            key = self._valid_key(person, told)
        except NotAllowedError as error:
            return error.what
        return "" if self.key_file(person, key.key_id).is_file() else f"the key file of {person} is missing"

    def key_file(self, person: str, key_id: str = "") -> Path:
        """Return where a person's encrypted private key lies: the first, or one that replaced it."""
        later = self.folder / f"{person}.{key_id[:16]}.pem"
        return later if key_id and later.is_file() else self.folder / f"{person}.pem"

    def _enrol(self, person: Person, key: NewKey, actor: Actor, key_days: int, identity: str) -> None:
        """Put person, roles and key on record in one transaction, the key's file written before it commits."""
        with self.ledger.transaction() as tx:
            if roster(tx.session).person_of(person.person) or tx.session.get(PersonRow, person.person):
                raise UsageError(f"the id '{person.person}' is taken", mend="ids are never given twice: choose another")
            now = self.clock.now()
            issued = PersonKey(key.key_id, person.person, key.public_key, now, now + timedelta(days=key_days))
            add_rows(tx.session, person, issued)
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_durably(self.key_file(person.person), key.encrypted)
            roles = {"person": person.person, "roles": [role.value for role in person.roles]}
            tx.append(about(person.person, "person.added", actor, roles, identity))
            tx.append(about(person.person, "key.issued", actor, issue_record(issued)))

    def _remove_orphan(self, person: str, key: NewKey) -> None:
        """Remove the key file that was written for somebody who is not on record after all."""
        file = self.key_file(person)
        if self.key(key.key_id) is None and file.is_file() and file.read_bytes() == key.encrypted:
            file.unlink()

    def _valid_key(self, person: str, told: Roster | None = None) -> PersonKey:
        now = self.clock.now()
        keys = self.keys(person, told)
        valid = [key for key in keys if key.valid_at(now)]
        if valid:
            return valid[-1]
        waiting = [one for one in (told or self.roster()).keys.values() if one.person == person and one.waits]
        if waiting:
            raise NotAllowedError(
                f"the key of {person} waits until a second person has proofed who holds it",
                mend="let a quality officer or compliance do so with `overread people proof`",
            )
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

    def end_keys(self, tx: Transaction, person: str, actor: Actor, reason: str) -> None:
        """Revoke every key of a person within a transaction."""
        now = instant_text(self.clock.now())
        query = select(PersonKeyRow).where(PersonKeyRow.person == person, PersonKeyRow.revoked_at.is_(None))
        for row in tx.session.scalars(query).all():
            row.revoked_at = now
            tx.append(about(person, "key.revoked", actor, {"person": person, "key_id": row.key_id}, reason))


def require_administrator(actor: Actor) -> None:
    """Refuse whoever is not an administrator.

    Raises:
        NotAllowedError: then.
    """
    if actor.role != PersonRole.ADMINISTRATOR.value:
        raise NotAllowedError(f"the role '{actor.role}' enrols nobody", mend="ask an administrator")


def _check_person(person: Person) -> None:
    if PERSON_ID.fullmatch(person.person) is None or person.person in _RESERVED:
        raise UsageError(
            "a person's id has 2 to 63 characters of a-z, 0-9 and '-', begins with a letter, and is not a reserved word"
        )
    if not person.roles:
        raise UsageError("a person needs at least one role", mend=", ".join(role.value for role in PersonRole))
    alone = ALONE & set(person.roles)
    if alone and len(person.roles) > 1:
        who = "a service" if PersonRole.SERVICE in alone else f"an {min(alone)}"
        raise UsageError(f"{who} holds no other role", mend="enrol a second person for the other role")


def checked_passphrase(passphrase: str) -> str:
    """Return a passphrase that is long enough.

    Raises:
        UsageError: when it is not.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise UsageError(f"a passphrase has at least {MIN_PASSPHRASE} characters", mend="use a sentence")
    return passphrase


def about(person: str, kind: str, actor: Actor, payload: Mapping[str, Any], reason: str = "") -> EventDraft:
    """Return an event about a person."""
    return EventDraft(kind, actor_record(actor), (Subject("person", person),), payload, one_line(reason, "reason"))
