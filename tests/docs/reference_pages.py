"""Building the reference pages that repeat data of the code; the test holds the pages against it."""

from registry.domain.columns import TABLES, Column

HEAD = """\
# Files and columns

CSV (also `.csv.gz`), Parquet or JSON Lines, by the file's ending. A star marks what a row must have. Every table may
carry `available_at` (when the row became known) and `supersedes` (the row id that it corrects). Columns that are not
listed are kept as attributes: numbers, booleans and times as they are, other text only as a keyed pseudonym.

A row that breaks its table is refused with file, row, column and reason, the rest goes in, exit code 4. A file that
lacks a required column is refused whole, exit code 2. The same file twice changes nothing.

What happened more than a day after now is refused (`future_time`), and so is a series that gives a known study to
another patient or site (`other_study`). A correction may; of two that disagree, the last holds.

`--identifiers original` (default) replaces identifiers under the workspace's key; `pseudonymised` expects values that
are already spelled `2.25.…` or `p:…`; a file that mixes both is refused. Names of predictions, reads and findings often
are accession numbers, so they are replaced too, unless Overread gave them itself (32 hexadecimal digits).

This page is generated from the code's own tables.
"""


def files_page() -> str:
    """Return docs/reference/files.md."""
    parts = [HEAD]
    for table in TABLES.values():
        parts.append(f"\n## {table.name}\n\nKey: {', '.join(f'`{name}`' for name in table.key)}.\n")
        parts.append("| column | type | values, unit |\n| --- | --- | --- |")
        parts.extend(_row(column) for column in table.columns if column.name not in {"available_at", "supersedes"})
    return "\n".join(parts) + "\n"


def _row(column: Column) -> str:
    star = " *" if column.required else ""
    notes = []
    if column.enumeration:
        notes.append(", ".join(f"`{value}`" for value in sorted(column.enumeration)))
    if column.low is not None or column.high is not None:
        bounds = ["" if bound is None else format(bound, "g") for bound in (column.low, column.high)]
        notes.append(" to ".join(bounds) if bounds[1] else f"{bounds[0]} or more")
    if column.unit:
        notes.append(f"unit {column.unit}")
    if column.default:
        notes.append(f"default `{column.default}`")
    if column.identifier:
        notes.append("identifier")
    return f"| `{column.name}`{star} | {column.kind.value} | {'; '.join(notes)} |"
