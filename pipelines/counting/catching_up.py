"""Counting a long history for the first time, or after a long while: in steps, so that its rows are never all held.

Segments are taken in the order in which they came in. Each step counts the days that its rows touch, stores them and
notes in the index how far it came, as a run of that day would have done; what it leaves is what one step more reads.
"""

from dataclasses import replace

from pipelines.counting.known_rows import NAMES, Source
from pipelines.counting.recounting import keep_days, recounted, versions_of_days, whose_of
from pipelines.counting.stand import Stand, advanced, book_of, zones_of
from registry.count_index import Head

STEP_ROWS = 1_000_000


def catch_up(source: Source, step_rows: int = STEP_ROWS) -> int:
    """Count in steps until what is unread fits into one; return how many were made.

    Where the index holds a later date, is not what the ledger sealed, or a step meets a correction, the rest is left to
    the reading of every row.

    Args:
        source: which rows, by when, for what.
        step_rows: how many rows a step reads at most, unless one segment has more.
    """
    steps = 0
    while (stand := _next(source, step_rows)) is not None:
        wanted = versions_of_days(stand, source.request)
        digests = source.workspace.day_counts.known(whose_of(source), list(wanted.values()))
        fresh = recounted(source, stand, [day for day, version in wanted.items() if version not in digests])
        if fresh is None:
            break
        keep_days(source, stand, fresh, wanted, digests)
        steps += 1
    return steps


def _next(source: Source, step_rows: int) -> Stand | None:
    """Return where the counts stand after one step; None where none is needed, or possible."""
    index, book = source.workspace.count_index, book_of(source)
    there, sealed = index.head(book), index.sealed(book)
    head = Head(source.as_of, zones_of(source), {}, {}, frozenset()) if there is None else sealed
    if head is None or head.as_of > source.as_of or head.zones != zones_of(source):
        return None
    upto = _upto(source, head, step_rows)
    found = None if upto is None else advanced(source, book, head, upto)
    return None if found is None else replace(found, before=there)


def _upto(source: Source, head: Head, step_rows: int) -> dict[str, int] | None:
    """Return up to which segment of each table the next step reads; None where everything fits into one."""
    unread = [
        (segment.event_seq, segment.number, name, segment.rows)
        for name in NAMES
        for segment in source.workspace.tables.segments_after(name, head.tables.get(name, 0))
    ]
    if sum(rows for *_, rows in unread) <= step_rows:
        return None
    upto, total = {name: head.tables.get(name, 0) for name in NAMES}, 0
    for _, number, name, rows in sorted(unread):
        if total and total + rows > step_rows:
            break
        upto[name], total = number, total + rows
    return upto
