"""Login: a token of 15 minutes, signed with the person's own key, so that background jobs carry who started them.

A session says who trains or takes in; it never signs. Signing asks for the passphrase each time (21 CFR 11.200(a)(1)).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature

from registry.domain.errors import SignatureBrokenError, UnknownNameError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text, parse_instant
from registry.domain.person import UNAUTHENTICATED, Actor, Person, actor_record
from registry.domain.ports import Clock
from registry.dsse import SESSION, Envelope, open_envelope, payload_of, seal_envelope, seal_with
from registry.keys import Signer, signature_holds
from registry.ledger.log_key import LogKey
from registry.ledger.store import Ledger
from registry.objects import write_durably
from registry.people import People

LIFETIME = timedelta(minutes=15)
FILE_NAME = "session.json"
_SCHEMA = "overread.session/1"


@dataclass(frozen=True)
class Login:
    """A session: who, and until when (UTC texts)."""

    person: str
    issued_at: str
    expires_at: str
    account: str = ""
    methods: str = "passphrase"

    def valid_at(self, instant: datetime) -> bool:
        """Say whether the session counts at an instant; one issued in the future or for too long never does."""
        issued, expires = parse_instant(self.issued_at), parse_instant(self.expires_at)
        return issued <= instant < expires <= issued + LIFETIME


def open_session(root: Path, signer: Signer, ledger: Ledger, clock: Clock) -> Login:
    """Log a person in: put it on record, then leave a token in the workspace (mode 0600) that their key signed."""
    how = ("", signer.proof.get("methods", "passphrase"))
    return _open(root, signer.person, ledger, clock, lambda record: seal_envelope(SESSION, record, signer), how)


def open_vouched_session(root: Path, who: tuple[Person, str, str], ledger: Ledger, clock: Clock, key: LogKey) -> Login:
    """Log a person in who proved who they are without their key; the workspace's key signs the token.

    Args:
        root: the workspace.
        who: the person, the account that they used, and by which methods they proved it.
        ledger: of the workspace.
        clock: tells the time.
        key: the workspace's log key.
    """

    def seal(record: Any) -> bytes:
        return seal_with(SESSION, record, key.name, key.private_key.sign)

    return _open(root, who[0], ledger, clock, seal, (who[1], who[2]))


def _open(
    root: Path,
    person: Person,
    ledger: Ledger,
    clock: Clock,
    seal: Callable[[Any], bytes],
    how: tuple[str, str],
) -> Login:
    now = clock.now()
    login = Login(person.person, instant_text(now), instant_text(now + LIFETIME), *how)
    actor = Actor(login.person, _role(person.roles), "session" if login.account else "signature")
    subject = Subject("person", login.person)
    with ledger.transaction() as tx:
        tx.append(EventDraft("session.opened", actor_record(actor), (subject,), {"person": login.person}))
    write_durably(root / FILE_NAME, seal({"schema": _SCHEMA, **vars(login)}))
    return login


def close_session(root: Path) -> None:
    """Log out; without a session nothing happens."""
    (root / FILE_NAME).unlink(missing_ok=True)


def current_actor(root: Path, people: People, clock: Clock, key: LogKey | None = None) -> Actor:
    """Return who is logged in; the unauthenticated actor when nobody is, or the token does not hold.

    Args:
        root: the workspace.
        people: the register.
        clock: tells the time.
        key: the workspace's log key, which signs the tokens of whoever logged in without their own key.
    """
    file = root / FILE_NAME
    if not file.is_file():
        return UNAUTHENTICATED
    now = clock.now()
    try:
        login = _verified(file.read_bytes(), people, now, key)
        person = people.get(login.person)
    except (SignatureBrokenError, UnknownNameError):
        return UNAUTHENTICATED
    told = people.roster()
    if not person.active or login.account in told.closed or login.issued_at <= told.reset.get(person.person, ""):
        return UNAUTHENTICATED
    return Actor(person.person, _role(person.roles), "session")


def _verified(data: bytes, people: People, now: datetime, log_key: LogKey | None) -> Login:
    """Read a token; its key must be on record, the person's own, and valid now, and so must it be.

    Raises:
        SignatureBrokenError: when it is not such a token.
    """
    envelope = open_envelope(data, SESSION)
    if log_key is not None and envelope.key_id == log_key.name:
        return _vouched(envelope, now, log_key)
    key = people.key(envelope.key_id)
    if key is None or not key.valid_at(now) or not signature_holds(key, envelope.signature, envelope.signed_bytes):
        raise SignatureBrokenError("the session's signature does not hold", mend="run `overread login`")
    login = _login(payload_of(envelope), now)
    if login is None or login.person != key.person:
        raise SignatureBrokenError("the session is over, or not its key's owner's", mend="run `overread login`")
    return login


def _vouched(envelope: Envelope, now: datetime, log_key: LogKey) -> Login:
    try:
        log_key.private_key.public_key().verify(envelope.signature, envelope.signed_bytes)
    except InvalidSignature as error:
        raise SignatureBrokenError("the session's signature does not hold", mend="run `overread login`") from error
    login = _login(payload_of(envelope), now)
    if login is None or not login.account:
        raise SignatureBrokenError("the session is over", mend="run `overread login`")
    return login


def _login(record: Any, now: datetime) -> Login | None:
    try:
        found = Login(
            record["person"],
            str(record["issued_at"]),
            str(record["expires_at"]),
            str(record["account"]),
            str(record["methods"]),
        )
        return found if record["schema"] == _SCHEMA and found.valid_at(now) else None
    except (KeyError, TypeError, ValueError):
        return None


def _role(roles: tuple[object, ...]) -> str:
    return str(roles[0]) if roles else "none"
