"""What an account proves itself with beside a signing key: a password for logins, an authenticator's codes.

The secret lies in a row, a password hashed and an authenticator's sealed under the workspace's key; the ledger tells
its digest, so a row that was written or exchanged by hand opens nothing.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.codes import matching_step
from registry.credential_rows import NONE, told_credentials
from registry.database import reading
from registry.domain.canonical import canonical_bytes
from registry.domain.digest import digest_bytes
from registry.domain.errors import LedgerBrokenError, NotAllowedError, WrongSecretError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.person import Actor, actor_record
from registry.domain.ports import Clock
from registry.history import VERIFY, event_of, payload_told
from registry.ledger.store import Ledger, Transaction
from registry.schema import CredentialRow, LedgerEntry, LedgerPayload

PASSWORD, AUTHENTICATOR, PROVIDER = "password", "totp", "oidc"


class Sealer(Protocol):
    """Seals texts under the workspace's key.

    * `open` raises NotAllowedError for what another key sealed.
    """

    def seal(self, text: str) -> bytes:
        """Return the sealed form of a text."""
        ...

    def open(self, sealed: bytes) -> str:
        """Return the text of a sealed form."""
        ...


class Credentials:
    """The credentials of all accounts.

    Args:
        ledger: of the workspace.
        clock: tells the time, by which codes count.
        seal: seals authenticators' secrets; without one no authenticator can be enrolled.
        require_totp: whether every account needs an authenticator.
    """

    def __init__(self, ledger: Ledger, clock: Clock, seal: Sealer | None, *, require_totp: bool) -> None:
        self._ledger = ledger
        self._clock = clock
        self._seal = seal
        self._require_totp = require_totp

    def set(self, tx: Transaction, account: str, person: str, kind: str, secret: bytes | None, actor: Actor) -> None:
        """Set a credential of an account, or take it away.

        Args:
            tx: the transaction.
            account: whose.
            person: whose the account is.
            kind: `password` or `totp`.
            secret: the hash or the sealed secret; None takes it away.
            actor: who does.
        """
        digest = NONE if secret is None else digest_bytes(secret)
        payload = {"account": account, "person": person, "kind": kind, "digest": digest}
        subjects = (Subject("person", person), Subject("account", account))
        event = tx.append(EventDraft("credential.set", actor_record(actor), subjects, payload))
        row = tx.session.get(CredentialRow, (account, kind))
        if secret is not None:
            tx.session.merge(CredentialRow(account=account, kind=kind, secret=secret, event_seq=event.seq))
        elif row is not None:
            tx.session.delete(row)

    def secret(self, account: str, kind: str) -> bytes | None:
        """Return a credential of an account, or None when it has none.

        Raises:
            LedgerBrokenError: when the row is not what the ledger told last.
        """
        with reading(self._ledger.engine) as session:
            row = session.get(CredentialRow, (account, kind))
            told = told_credentials(session).get((account, kind), NONE)
            have = NONE if row is None else digest_bytes(row.secret)
            if told != have:
                raise LedgerBrokenError(f"the ledger tells of another {kind} of '{account}'", mend=VERIFY)
            return None if row is None else row.secret

    def sealed(self, secret: str) -> bytes:
        """Return an authenticator's secret sealed.

        Raises:
            NotAllowedError: when this workspace was opened without its key.
        """
        if self._seal is None:
            raise NotAllowedError("no authenticator can be enrolled without the workspace's key")
        return self._seal.seal(secret)

    def with_codes(self, account: str, person: str) -> str:
        """Return whose authenticator an account uses: its own, else the person's; empty when there is none."""
        names = dict.fromkeys((account, person))
        return next((name for name in names if self.secret(name, AUTHENTICATOR) is not None), "")

    def step(self, account: str, person: str, code: str) -> tuple[str, int] | None:
        """Return whose authenticator a code is of, and the code's time step; None when no code is asked for.

        Raises:
            WrongSecretError: when the code is wrong, late, or was used before.
            NotAllowedError: when a code is missing, or an authenticator is and this workspace asks for one.
        """
        name = self.with_codes(account, person)
        if not name:
            if self._require_totp:
                raise NotAllowedError(
                    f"'{account}' has no authenticator, and this workspace asks for one",
                    mend="enrol one with `overread people totp`",
                )
            return None
        if not code:
            raise NotAllowedError(
                f"'{account}' needs the code of their authenticator too",
                mend="type it, or put it into the second line of the passphrase file",
            )
        secret = self._opened(name)
        step = matching_step(secret, code, self._clock.now())
        with reading(self._ledger.engine) as session:
            if step is None or step <= last_step(session, name):
                raise wrong_code(account)
        return name, step

    def _opened(self, account: str) -> str:
        sealed = self.secret(account, AUTHENTICATOR)
        if self._seal is None or sealed is None:
            raise NotAllowedError("an authenticator's secret cannot be opened without the workspace's key")
        return self._seal.open(sealed)


def wrong_code(account: str) -> WrongSecretError:
    """Build the error for a code that does not count."""
    return WrongSecretError(f"the code of '{account}' is wrong, late or used already", mend="wait for the next one")


def last_step(session: Session, account: str) -> int:
    """Return the time step of the newest code of an account that was used; -1 when none was."""
    for event, payload in newest_about(session, account, ("authentication.accepted",)):
        if event.record["type"] == "authentication.accepted" and payload.get("authenticator") == account:
            return int(payload["step"])
    return -1


def newest_about(session: Session, account: str, types: tuple[str, ...]) -> Iterator[tuple[Event, Mapping[str, Any]]]:
    """Yield the events of some types that name an account, newest first, each with its payload."""
    columns = (LedgerEntry.seq, LedgerEntry.data, LedgerPayload.salt, LedgerPayload.payload)
    query = select(*columns).join(LedgerPayload, LedgerPayload.seq == LedgerEntry.seq)
    newest = query.where(LedgerEntry.type.in_(types)).order_by(LedgerEntry.seq.desc())
    subject = Subject("account", account).to_json()
    spelled = canonical_bytes(subject)
    with session.execute(
        newest.execution_options(yield_per=500)
    ) as rows:  # whoever has seen enough stops, and it closes
        for row in rows:
            if spelled in row.data:  # other accounts' events are passed over unread
                found: Any = row  # bears the columns of both tables
                event = event_of(found)
                if subject in event.record["subjects"]:
                    yield event, payload_told(event, found)
