"""One row of the table of figures, and how it is printed."""

from collections.abc import Iterable
from dataclasses import dataclass

from validation.statistics.proportions import wilson

HEAD = "| row | quantity | the peer, here | ours | target | reached | n | 95 % interval |"


@dataclass(frozen=True)
class Figure:
    """A measured quantity.

    Attributes:
        row: number of the target.
        quantity: what was measured.
        peer: the peer's figure in the same run, or why there is none.
        ours: our figure.
        target: what was promised.
        reached: whether ours keeps it; None for a figure that stands beside a target.
        n: runs or units behind it.
        interval: of our figure; empty where it was computed, not sampled.
    """

    row: int
    quantity: str
    peer: str
    ours: str
    target: str
    reached: bool | None
    n: str
    interval: str = ""


def share(hits: int, n: int) -> tuple[str, str]:
    """Spell a share and its interval (Wilson)."""
    low, high = wilson(hits, n)
    return f"{hits / n:.3f}", f"{low:.3f} to {high:.3f}"


def told(figures: Iterable[Figure]) -> list[str]:
    """Return the table's lines."""
    words = {True: "yes", False: "**no**", None: ""}
    cells = [
        (f"{one.row}", one.quantity, one.peer, one.ours, one.target, words[one.reached], one.n, one.interval)
        for one in figures
    ]
    return [HEAD, "| --- " * 8 + "|", *("| " + " | ".join(row) + " |" for row in cells)]
