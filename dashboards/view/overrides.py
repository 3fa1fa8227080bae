"""The two-by-two table of overrides, from the cell signals of the override monitor."""

from collections.abc import Mapping, Sequence

from dashboards.charts.override_matrix import MatrixCell, OverrideMatrix, override_matrix
from dashboards.charts.theme import Frame, Theme
from dashboards.text import slug
from dashboards.view.blocks import Figure
from dashboards.view.numbers import count_text, percent_text
from dashboards.view.signals import Signal, by_scope, scope_words

CELL_STATISTIC = "override_cell"
ROWS = ("positive", "negative")
CELLS: Mapping[str, tuple[str, str]] = {
    "ai+read+": ("positive", "positive"),
    "ai+read-": ("positive", "negative"),
    "ai-read+": ("negative", "positive"),
    "ai-read-": ("negative", "negative"),
}

Counts = dict[tuple[str, str], int]


def override_figures(signals: Sequence[Signal], *, synthetic: bool) -> tuple[Figure, ...]:
    """Return one matrix per scope where all four cells were counted; nothing where one is missing."""
    cells = [signal for signal in signals if signal["statistic"] == CELL_STATISTIC and signal["value"] is not None]
    drawn = (_matrix(scope, override_counts(found), synthetic=synthetic) for scope, found in by_scope(cells).items())
    return tuple(figure for figure in drawn if figure is not None)


def override_counts(cells: Sequence[Signal]) -> Counts:
    """Return the reads by what the AI said and what the reader decided; cells without a value are absent."""
    return {CELLS[signal["subject"]["cell"]]: round(signal["value"] * signal["n"]) for signal in cells}


def _matrix(scope: tuple[str, ...], counts: Counts, *, synthetic: bool) -> Figure | None:
    if set(counts) != set(CELLS.values()) or not sum(counts.values()):
        return None
    said = "; ".join(f"AI {ai}, reader {read}: {count_text(n)}" for (ai, read), n in counts.items())
    alternative = f"Two-by-two matrix of overrides. {said}."
    matrix = OverrideMatrix(*(_row(counts, ai) for ai in ROWS))
    key = slug(f"overrides-{'-'.join(scope)}")

    def draw(theme: Theme) -> str:
        return override_matrix(matrix, Frame(key, "Overrides", alternative, theme, synthetic))

    caption = f"What the AI said against what the reader decided ({scope_words(scope)})"
    return Figure(key, caption, alternative, draw, wide=False)


def _row(counts: Counts, ai: str) -> tuple[MatrixCell, MatrixCell]:
    total = counts[ai, "positive"] + counts[ai, "negative"]
    first, second = (_cell(counts[ai, read], total, overridden=ai != read) for read in ROWS)
    return (first, second)


def _cell(n: int, total: int, *, overridden: bool) -> MatrixCell:
    share = n / total if total else None
    return MatrixCell(count_text(n), f"{percent_text(n, total)} of row", share, overridden)
