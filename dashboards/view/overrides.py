"""The two-by-two table of overrides, from the cell signals of the override monitor."""

from collections.abc import Sequence

from dashboards.charts.override_matrix import MatrixCell, OverrideMatrix, override_matrix
from dashboards.charts.theme import Frame, Theme
from dashboards.view.blocks import Figure
from dashboards.view.numbers import count_text, percent_text
from dashboards.view.signals import Signal

CELL_STATISTIC = "override_cell"
ROWS = ("positive", "negative")

Counts = dict[tuple[str, str], int]


def override_figures(signals: Sequence[Signal], *, synthetic: bool) -> tuple[Figure, ...]:
    """Return the matrix where all four cells were counted; nothing where one is missing."""
    counts = override_counts(signals)
    if len(counts) < 4 or not sum(counts.values()):
        return ()
    said = "; ".join(f"AI {ai}, reader {read}: {count_text(n)}" for (ai, read), n in counts.items())
    alternative = f"Two-by-two matrix of overrides. {said}."
    matrix = OverrideMatrix(*(_row(counts, ai) for ai in ROWS))

    def draw(theme: Theme) -> str:
        return override_matrix(matrix, Frame("overrides", "Overrides", alternative, theme, synthetic))

    return (Figure("overrides", "What the AI said against what the reader decided", alternative, draw, wide=False),)


def override_counts(signals: Sequence[Signal]) -> Counts:
    """Return the reads by what the AI said and what the reader decided; cells without a value are absent."""
    cells = [signal for signal in signals if signal["statistic"] == CELL_STATISTIC and signal["value"] is not None]
    found = {_cell_of(signal): round(signal["value"] * signal["n"]) for signal in cells}
    return {(ai, read): found[ai, read] for ai in ROWS for read in ROWS if (ai, read) in found}


def _cell_of(signal: Signal) -> tuple[str, str]:
    subject = signal["subject"]
    return (str(subject.get("ai")), str(subject.get("read")))


def _row(counts: Counts, ai: str) -> tuple[MatrixCell, MatrixCell]:
    total = counts[ai, "positive"] + counts[ai, "negative"]
    first, second = (_cell(counts[ai, read], total, overridden=ai != read) for read in ROWS)
    return (first, second)


def _cell(n: int, total: int, *, overridden: bool) -> MatrixCell:
    share = n / total if total else None
    return MatrixCell(count_text(n), f"{percent_text(n, total)} of row", share, overridden)
