"""One row of the table of speed, and how it is printed."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A measured ratio; `reached` is None where the row was not measured."""

    row: str
    workload: str
    ours: str
    other: str
    ratio: str
    target: str
    reached: bool | None


def told(lines: Iterable[Line]) -> list[str]:
    """Return the table's lines in Markdown."""
    words = {True: "yes", False: "**no**", None: "not measured"}
    head = "| row | workload | ours | peer or limit | measured | target | reached |"
    cells = [(one.row, one.workload, one.ours, one.other, one.ratio, one.target, words[one.reached]) for one in lines]
    return [head, "| --- " * 7 + "|", *("| " + " | ".join(row) + " |" for row in cells)]
