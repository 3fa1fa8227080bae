"""Attempts to authenticate: they are counted, five bad ones lock an account, and the lock is told at once.

A lock ends by itself after 15 minutes, or by an administrator. It keeps nobody from stopping a model: a stop takes the
passphrase alone and waits for no lock, no code and no clock (contract, section 5).
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from registry.credentials import Credentials, last_step, newest_about, wrong_code
from registry.database import reading
from registry.domain.errors import LedgerBrokenError, NotAllowedError, UsageError, WrongSecretError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.person import UNAUTHENTICATED, Actor, PersonRole, actor_record
from registry.domain.ports import Clock
from registry.history import told_events
from registry.ledger.store import Ledger, Transaction

ENROL = "enrol"  # the purpose of setting credentials, which needs no authenticator where none is enrolled yet
ATTEMPTS = 5  # bad ones in a row; 21 CFR 11.300(d)
LOCKED = timedelta(minutes=15)
SECURITY_ROLE = PersonRole.COMPLIANCE  # whom a lock is told to
_ATTEMPTS = ("authentication.failed", "authentication.accepted", "account.locked", "account.unlocked")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Attempt:
    """Who tries what: an account, the person whose it is, what for, and by which first component."""

    account: str
    person: str
    purpose: str
    method: str = "passphrase"

    @property
    def counted(self) -> str:
        """On whose account bad attempts count: a passphrase is the person's, whichever account it is typed for."""
        return self.person if self.method == "passphrase" else self.account

    @property
    def payload(self) -> dict[str, str]:
        """What events tell of it."""
        return {"account": self.counted, "person": self.person, "purpose": self.purpose}

    @property
    def subjects(self) -> tuple[Subject, Subject]:
        """What events are about."""
        return Subject("person", self.person), Subject("account", self.counted)


class Guard:
    """Lets attempts pass, counts those that fail, locks after five."""

    def __init__(self, ledger: Ledger, clock: Clock, credentials: Credentials) -> None:
        self._ledger = ledger
        self._clock = clock
        self.credentials = credentials

    def passed(
        self, attempt: Attempt, check: Callable[[], _T], code: str = "", *, urgent: bool = False
    ) -> tuple[_T, dict[str, str]]:
        """Let an attempt pass, and return what the check gave, with how and when the person proved who they are.

        Args:
            attempt: who tries what.
            check: raises WrongSecretError when the first component is not the right one.
            code: of the authenticator, where there is one.
            urgent: whether it is for a stop, which waits for no lock and needs no code.

        Raises:
            WrongSecretError: when a component is not the right one; the attempt counts.
            NotAllowedError: when the account is locked, or a code is missing.
        """
        if not urgent:
            self._require_open(attempt)
        try:
            found = check()
            used = None if urgent else self._step(attempt, code)
        except WrongSecretError:
            with suppress(
                LedgerBrokenError
            ):  # a record that is read-only counts no attempt; it is refused all the same
                self._failed(attempt)
            raise
        methods = attempt.method + ("+totp" if used else "")
        if not urgent and (used or attempt.purpose == "login" or self._failures(attempt)):
            self._accepted(attempt, methods, used)
        return found, {"methods": methods, "at": instant_text(self._clock.now())}

    def _step(self, attempt: Attempt, code: str) -> tuple[str, int] | None:
        if attempt.method.startswith("oidc"):  # how many components that takes is the provider's to say, by its class
            return None
        if attempt.purpose == ENROL and not self.credentials.with_codes(attempt.account, attempt.person):
            return None
        return self.credentials.step(attempt.account, attempt.person, code)

    def unlock(self, account: str, person: str, actor: Actor) -> None:
        """End an account's lock before its time.

        Raises:
            NotAllowedError: when the actor is not an administrator.
            UsageError: when it is not locked.
        """
        if actor.role != PersonRole.ADMINISTRATOR.value:
            raise NotAllowedError(f"the role '{actor.role}' unlocks nobody", mend="ask an administrator")
        attempt = Attempt(account, person, "")
        with self._ledger.transaction() as tx:
            if not _standing(tx.session, account)[1]:
                raise UsageError(f"'{account}' is not locked")
            payload = {"account": account, "person": person}
            tx.append(EventDraft("account.unlocked", actor_record(actor), attempt.subjects, payload))

    def locked(self) -> dict[str, str]:
        """Return the accounts that are locked now, with until when."""
        found: dict[str, str] = {}
        with reading(self._ledger.engine) as session:
            for event, payload in told_events(session, ("account.locked", "account.unlocked")):
                if event.record["type"] == "account.locked":
                    found[payload["account"]] = payload["until"]
                else:
                    found.pop(payload["account"], None)
        now = instant_text(self._clock.now())
        return {account: until for account, until in sorted(found.items()) if now < until}

    def _require_open(self, attempt: Attempt) -> None:
        with reading(self._ledger.engine) as session:
            _, until = _standing(session, attempt.counted)
        if until and instant_text(self._clock.now()) < until:
            raise NotAllowedError(
                f"'{attempt.counted}' is locked until {until} after {ATTEMPTS} bad attempts",
                mend="wait, or ask an administrator for `overread people unlock`",
            )

    def _failures(self, attempt: Attempt) -> int:
        with reading(self._ledger.engine) as session:
            return _standing(session, attempt.counted)[0]

    def _failed(self, attempt: Attempt) -> None:
        """Put a bad attempt on record, and with the fifth, in the same instant, the lock."""
        actor = actor_record(UNAUTHENTICATED)
        with self._ledger.transaction() as tx:
            before, _ = _standing(tx.session, attempt.counted)
            failed = EventDraft("authentication.failed", actor, attempt.subjects, attempt.payload, outcome="refused")
            tx.append(failed)
            if before + 1 >= ATTEMPTS:
                until = instant_text(self._clock.now() + LOCKED)
                told = {"attempts": before + 1, "until": until, "told_to": SECURITY_ROLE.value}
                payload = {"account": attempt.counted, "person": attempt.person} | told
                tx.append(EventDraft("account.locked", actor, attempt.subjects, payload, outcome="alert"))

    def _accepted(self, attempt: Attempt, methods: str, used: tuple[str, int] | None) -> None:
        payload = attempt.payload | {"methods": methods}
        subjects: tuple[Subject, ...] = attempt.subjects
        if used is not None:
            payload |= {"authenticator": used[0], "step": str(used[1])}
            subjects = tuple(dict.fromkeys((*subjects, Subject("account", used[0]))))
        actor = actor_record(Actor(attempt.person, "none", "session"))
        with self._ledger.transaction() as tx:
            self._require_unused(tx, attempt, used)
            tx.append(EventDraft("authentication.accepted", actor, subjects, payload))

    def _require_unused(self, tx: Transaction, attempt: Attempt, used: tuple[str, int] | None) -> None:
        """Refuse a code that somebody used meanwhile."""
        if used is not None and used[1] <= last_step(tx.session, used[0]):
            raise wrong_code(attempt.account)


def _standing(session: Session, account: str) -> tuple[int, str]:
    """Return how many bad attempts an account has had since the last good one, and until when it is locked."""
    failures = 0
    for event, payload in newest_about(session, account, _ATTEMPTS):
        kind = event.record["type"]
        if kind == "account.locked":
            return failures, str(payload["until"])
        if kind != "authentication.failed" and payload["account"] == account:
            return failures, ""
        failures += kind == "authentication.failed"
    return failures, ""
