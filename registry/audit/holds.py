"""Legal holds: events whose payloads nobody erases until the hold is released; both are signed, and told by events.

What counts is what the ledger tells: a hold that is not released holds. The events themselves are never removed, held
or not: there is no way to delete one.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from registry.domain.digest import digest_value
from registry.domain.errors import NotAllowedError, UnknownNameError, UsageError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.person import Act
from registry.history import whole_events
from registry.keys import Signer
from registry.record import Record, keep_signature, sign_now, signing
from registry.signatures import Intent

HELD, RELEASED = "retention.held", "retention.released"


@dataclass(frozen=True)
class Hold:
    """A hold: its name, its first and last event, who set it and when (UTC text), and why."""

    name: str
    first: int
    last: int
    by: str
    at: str
    reason: str

    def covers(self, seq: int) -> bool:
        """Say whether it holds an event."""
        return self.first <= seq <= self.last


def hold(record: Record, name: str, span: tuple[int, int], signer: Signer, reason: str) -> Event:
    """Hold the payloads of events.

    Args:
        record: the record.
        name: of the hold, such as a case's number; never used before.
        span: the first and the last event, which may lie in the future.
        signer: compliance or a quality officer.
        reason: why; it is required, and names nobody.

    Raises:
        UsageError: for a name that was used, events in another order, or a missing reason.
        NotAllowedError: when the key, the role or training forbids it.
    """
    first, last = span
    if not name.strip() or not reason.strip() or not 0 <= first <= last:
        raise UsageError("a hold has a name, a reason, and a first event before its last", mend="use --name, --reason")
    return _signed(record, name, {"hold": name, "first": first, "last": last}, HELD, signer, reason)


def release(record: Record, name: str, signer: Signer, reason: str) -> Event:
    """Release a hold.

    Raises:
        UnknownNameError: when no hold of that name holds.
        UsageError: when no reason is given.
        NotAllowedError: when the key, the role or training forbids it.
    """
    if not reason.strip():
        raise UsageError("a release says why", mend="use --reason")
    return _signed(record, name, {"hold": name}, RELEASED, signer, reason)


def holds(session: Session) -> dict[str, Hold]:
    """Return the holds that hold, by name.

    Raises:
        LedgerBrokenError: when an event that tells of one is not what was signed.
    """
    found: dict[str, Hold] = {}
    for event, told in whole_events(session, (HELD, RELEASED)):
        if event.record["type"] == RELEASED:
            found.pop(told["hold"], None)
        else:
            who, at = event.record["actor"]["person"], event.record["at"]
            found[told["hold"]] = Hold(told["hold"], told["first"], told["last"], who, at, event.record["reason"])
    return found


def require_free(session: Session, seq: int) -> None:
    """Refuse to erase the payload of an event that a hold holds.

    Raises:
        NotAllowedError: naming the hold.
    """
    holding = [one.name for one in holds(session).values() if one.covers(seq)]
    if holding:
        raise NotAllowedError(f"event {seq} is held by '{holding[0]}'", mend="release the hold first")


def _signed(record: Record, name: str, payload: dict[str, object], kind: str, signer: Signer, reason: str) -> Event:
    with record.ledger.transaction() as tx:
        who = signing(record, signer, Act.HOLD, reason)
        known = {told["hold"] for _, told in whole_events(tx.session, (HELD,))}
        if kind == HELD and name in known:
            raise UsageError(f"a hold '{name}' was set before", mend="give it another name")
        if kind == RELEASED and name not in holds(tx.session):
            raise UnknownNameError.of("hold", name, holds(tx.session))
        subject = Subject("hold", name, digest_value(payload))
        intent = Intent(Act.HOLD, "", "", (subject,), {"hold": name, "act": kind})
        signature = sign_now(record, who, intent)
        mark = Subject("signature", Act.HOLD.value, signature.digest)
        event = tx.append(EventDraft(kind, who.actor, (subject, mark), payload, who.reason))
        keep_signature(tx, signature, intent, event.seq)
    return event
