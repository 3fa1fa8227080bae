"""Events of the audit log as a document: what was asked, under which checkpoint, and one row an event."""

from collections.abc import Mapping, Sequence

from dashboards.view.blocks import Block, Cell, Column, Document, Facts, Section, Table, Verbatim
from dashboards.view.numbers import count_text, instant_words

Row = Mapping[str, str]
_COLUMNS = (
    Column("Event", "number", 0.6),
    Column("When", weight=1.3),
    Column("What", weight=1.8),
    Column("Who", weight=1.2),
    Column("On what", weight=2.2),
    Column("Why", weight=1.6),
    Column("Outcome", weight=0.8),
)


def audit_document(rows: Sequence[Row], size: int, note: str, asked: str) -> Document:
    """Return the events that answer a question as a document.

    Args:
        rows: the events as `registry.audit.rows.row_of` gives them, oldest first.
        size: how many events the checkpoint signs.
        note: the signed checkpoint.
        asked: the question in words.
    """
    facts = Facts((("Asked for", Cell(asked)), ("Events", Cell(count_text(len(rows)), "number"))))
    table = Table("events", "Events, oldest first", _COLUMNS, tuple(_row(row) for row in rows))
    signed: Block = Verbatim(f"Signed checkpoint of {count_text(size)} events", tuple(note.splitlines()))
    return Document(
        title="Audit log",
        subtitle=asked,
        language="en",
        synthetic=False,
        cover=(facts,),
        sections=(Section("events", "Events", (table,)), Section("ledger", "Ledger checkpoint", (signed,))),
        footer=f"Audit log, {count_text(len(rows))} events under a checkpoint of {count_text(size)}",
    )


def _row(row: Row) -> tuple[Cell, ...]:
    for_whom = f" for {row['acting_for']}" if row["acting_for"] else ""
    return (
        Cell(row["seq"], "number"),
        Cell(instant_words(row["at"])),
        Cell(row["title"], note=row["type"]),
        Cell(f"{row['person']}{for_whom}", note=row["role"]),
        Cell(row["subjects"]),
        Cell(row["reason"]),
        Cell(row["outcome"]),
    )
