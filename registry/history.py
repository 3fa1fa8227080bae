"""What the ledger told: the last of one thing, or everything of some types, each payload held against its event."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.domain.canonical import NotCanonicalError, parse_canonical
from registry.domain.errors import LedgerBrokenError
from registry.domain.event import Event, parse_event, payload_digest
from registry.schema import LedgerEntry, LedgerPayload

VERIFY = "run `overread audit verify`"
_EVENTS = select(LedgerEntry.seq, LedgerEntry.data)


class Stored(NamedTuple):
    """An event's row, with its payload's where it was asked for."""

    seq: int
    data: bytes
    salt: bytes | None = None
    payload: bytes | None = None


def last_event(session: Session, types: Iterable[str], kind: str, name: str) -> Event | None:
    """Return the newest event of some types whose first subject is the thing, or None.

    Raises:
        LedgerBrokenError: when an event of these types is unreadable.
    """
    return next(newest_events(session, types, kind, name), None)


def newest_events(session: Session, types: Iterable[str], kind: str, name: str) -> Iterator[Event]:
    """Yield the events of some types whose first subject is the thing, newest first.

    Raises:
        LedgerBrokenError: when an event of these types is unreadable.
    """
    query = _EVENTS.where(LedgerEntry.type.in_(tuple(types))).order_by(LedgerEntry.seq.desc())
    for row in session.execute(query):
        event = event_of(Stored(*row))
        first = event.record["subjects"][0]
        if (first["kind"], first["name"]) == (kind, name):
            yield event


def events_of(session: Session, types: Iterable[str]) -> Iterator[Event]:
    """Yield the events of some types, oldest first, whatever became of their payloads.

    Raises:
        LedgerBrokenError: when one is unreadable.
    """
    for row in session.execute(_EVENTS.where(LedgerEntry.type.in_(tuple(types))).order_by(LedgerEntry.seq)):
        yield event_of(Stored(*row))


def whole_events(session: Session, types: Iterable[str]) -> Iterator[tuple[Event, Mapping[str, Any]]]:
    """Yield the events of some types with their payloads, oldest first; each must be there.

    Types whose payload may be erased (`registry.erasure`) are none to ask for here.

    Raises:
        LedgerBrokenError: when an event or its payload is not what was signed, or the payload was removed.
    """
    for kept in _stored(session, types):
        if kept.payload is None:
            raise LedgerBrokenError(f"the payload of event {kept.seq} is gone", mend=VERIFY)
        event = event_of(kept)
        yield event, payload_told(event, kept)


def told_events(session: Session, types: Iterable[str]) -> Iterator[tuple[Event, Mapping[str, Any]]]:
    """Yield the events of some types with their payloads, oldest first; those whose payload was erased are left out.

    Raises:
        LedgerBrokenError: when an event or its payload is not what was signed.
    """
    for kept in _stored(session, types):
        if kept.payload is not None:
            event = event_of(kept)
            yield event, payload_told(event, kept)


def event_of(entry: LedgerEntry | Stored) -> Event:
    """Return the event that a row holds.

    Raises:
        LedgerBrokenError: when its bytes are none.
    """
    try:
        return parse_event(entry.data)
    except NotCanonicalError as error:
        raise LedgerBrokenError(f"event {entry.seq} is unreadable", mend=VERIFY) from error


def payload_told(event: Event, kept: LedgerPayload | Stored) -> Mapping[str, Any]:
    """Return an event's payload.

    Raises:
        LedgerBrokenError: when it is not the one that the event commits to.
    """
    try:
        same = payload_digest(kept.salt or b"", kept.payload or b"") == event.record["payload_digest"]
        found: Mapping[str, Any] = parse_canonical(kept.payload or b"")
    except ValueError as error:
        raise LedgerBrokenError(f"the payload of event {event.seq} is unreadable", mend=VERIFY) from error
    if not same:
        raise LedgerBrokenError(f"the payload of event {event.seq} was changed", mend=VERIFY)
    return found


def _stored(session: Session, types: Iterable[str]) -> Iterator[Stored]:
    query = select(LedgerEntry.seq, LedgerEntry.data, LedgerPayload.salt, LedgerPayload.payload)
    joined = query.join(LedgerPayload, LedgerPayload.seq == LedgerEntry.seq, isouter=True)
    for row in session.execute(joined.where(LedgerEntry.type.in_(tuple(types))).order_by(LedgerEntry.seq)):
        yield Stored(*row)
