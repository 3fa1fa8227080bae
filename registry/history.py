"""What the ledger told last of one thing."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.domain.canonical import NotCanonicalError
from registry.domain.errors import LedgerBrokenError
from registry.domain.event import Event, parse_event
from registry.schema import LedgerEntry


def last_event(session: Session, types: Iterable[str], kind: str, name: str) -> Event | None:
    """Return the newest event of some types whose first subject is the thing, or None.

    Raises:
        LedgerBrokenError: when an event of these types is unreadable.
    """
    query = select(LedgerEntry).where(LedgerEntry.type.in_(tuple(types))).order_by(LedgerEntry.seq.desc())
    for entry in session.scalars(query):
        try:
            event = parse_event(entry.data)
        except NotCanonicalError as error:
            raise LedgerBrokenError(f"event {entry.seq} is unreadable", mend="run `overread audit verify`") from error
        first = event.record["subjects"][0]
        if (first["kind"], first["name"]) == (kind, name):
            return event
    return None
