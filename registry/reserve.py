"""Room in the database that is kept for what must never wait: stops, suspensions, reads and outcomes.

A table of filler pages stands in an SQLite database. When it is full, or its disk nearly is, a change may use some of
them, and commits only if it is one of those; any other is refused and gives them back. So a full database closes for
changes and stays open for a stop. PostgreSQL has no limit of its own to run into; there, only the disk can be full.
"""

import os
from pathlib import Path

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from registry.schema import ReserveRow

ROWS, ROW_BYTES = 64, 16_384  # 1 MiB in all, four pages of SQLite a row
_NEEDED_PAGES = 32  # a stop takes about ten
_GIVEN_ROWS = 8
_DISK_BYTES = 16 * 2**20  # what must be left on the disk for changes that can wait
FULL = "the database or its disk is full: only stops, suspensions, reads and outcomes go in"


def make_room(session: Session) -> bool:
    """Say whether the database has run full; if so, give the change under way some of the reserve."""
    if session.connection().dialect.name != "sqlite" or not (_is_full(session) or _disk_is_full(session)):
        return False
    rows = select(ReserveRow.number).order_by(ReserveRow.number).limit(_GIVEN_ROWS)
    session.execute(delete(ReserveRow).where(ReserveRow.number.in_(rows.scalar_subquery())))
    return True


def refill(session: Session) -> None:
    """Fill the reserve up again, where there is room; a full one costs one look."""
    if session.connection().dialect.name != "sqlite" or session.scalar(select(func.count(ReserveRow.number))) == ROWS:
        return
    there = set(session.scalars(select(ReserveRow.number)))
    missing = [number for number in range(ROWS) if number not in there]
    if _free_pages(session) > _NEEDED_PAGES + 5 * len(missing):
        filler = [{"number": number, "filler": bytes(ROW_BYTES)} for number in missing]
        session.execute(insert(ReserveRow), filler)


def _is_full(session: Session) -> bool:
    return _free_pages(session) < _NEEDED_PAGES


def _free_pages(session: Session) -> int:
    """Return how many pages the database may still fill by its own limit."""
    names = ("max_page_count", "page_count", "freelist_count")
    most, used, free = (_pragma(session, name) for name in names)
    return most - used + free


def _disk_is_full(session: Session) -> bool:
    place = session.connection().engine.url.database
    if not place or place == ":memory:":
        return False
    found = os.statvfs(Path(place).parent)
    return found.f_bavail * found.f_frsize < _DISK_BYTES


def _pragma(session: Session, name: str) -> int:
    return int(session.connection().exec_driver_sql(f"PRAGMA {name}").scalar_one())
