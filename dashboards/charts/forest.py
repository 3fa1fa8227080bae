"""Forest plot: estimates with their intervals and limits; rows without a judgement stay in the picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.charts.marks import mark
from dashboards.charts.scale import Plot, range_of, ticks, x_axis
from dashboards.charts.svg import TOP, label, line, picture
from dashboards.charts.theme import BLUE, ORANGE, Frame, Theme
from dashboards.text import shortened

WIDTH, LEFT, PLOT_WIDTH, ROW = 560, 160, 190, 22
LONGEST_LABEL = 25
LONGEST_REASON = 32


@dataclass(frozen=True)
class ForestRow:
    """One row: label, estimate with interval, the limit it is judged against, and its state.

    Attributes:
        value_text: the printed estimate with its interval.
        n_text: the printed count behind it.
        reason: why there is no judgement; printed where there is no value.
    """

    label: str
    value: float | None
    low: float | None
    high: float | None
    limit: float | None
    state: str
    value_text: str
    n_text: str
    reason: str = ""


def forest_plot(rows: Sequence[ForestRow], frame: Frame) -> str:
    """Draw a forest plot of at least one row, in the given order."""
    plot = Plot(LEFT, TOP + 14, PLOT_WIDTH, ROW * len(rows), _span(rows), (0.0, float(len(rows))))
    body = [_heads(frame.theme, plot), x_axis(frame.theme, plot, "estimate with interval", ticks(plot.x_range, 5))]
    body += [_row(frame.theme, plot, index, row) for index, row in enumerate(rows)]
    return picture(frame, WIDTH, plot.bottom + 62, *body, _legend(frame.theme, plot.bottom + 52))


def _span(rows: Sequence[ForestRow]) -> tuple[float, float]:
    numbers = [number for row in rows for number in (row.value, row.low, row.high, row.limit) if number is not None]
    return range_of(numbers) if numbers else (0.0, 1.0)


def _heads(theme: Theme, plot: Plot) -> str:
    return label(theme, plot.right + 12, plot.top - 8, "estimate, interval, n", size=11, muted=1)


def _row(theme: Theme, plot: Plot, index: int, row: ForestRow) -> str:
    y = plot.top + ROW * (index + 0.5)
    parts = [label(theme, 8, y + 4, shortened(row.label, LONGEST_LABEL))]
    parts.append(_limit(theme, plot, y, row.limit))
    parts.append(_interval(theme, plot, y, row))
    parts.append(_estimate(theme, plot, y, row))
    return "".join(parts)


def _limit(theme: Theme, plot: Plot, y: float, limit: float | None) -> str:
    if limit is None:
        return ""
    x = plot.x(limit)
    return line(theme, (x, y - 11), (x, y + 11), stroke=ORANGE, stroke_width=2, stroke_dasharray="4 2")


def _interval(theme: Theme, plot: Plot, y: float, row: ForestRow) -> str:
    if row.low is None or row.high is None:
        return ""
    left, right = plot.x(row.low), plot.x(row.high)
    bar = line(theme, (left, y), (right, y), stroke=BLUE, stroke_width=2)
    ends = [line(theme, (x, y - 4), (x, y + 4), stroke=BLUE, stroke_width=2) for x in (left, right)]
    return bar + "".join(ends)


def _estimate(theme: Theme, plot: Plot, y: float, row: ForestRow) -> str:
    right = plot.right + 12
    if row.value is None:
        words = f"not assessed: {row.reason}" if row.reason else "not assessed"
        printed = label(theme, right, y + 4, shortened(words, LONGEST_REASON), muted=1)
        return mark(theme, plot.left + 12, y, "not_assessed") + printed
    printed = label(theme, right, y + 4, f"{row.value_text}, n {row.n_text}")
    return mark(theme, plot.x(row.value), y, row.state) + printed


def _legend(theme: Theme, y: float) -> str:
    parts = [line(theme, (16, y - 10), (16, y + 2), stroke=ORANGE, stroke_width=2, stroke_dasharray="4 2")]
    parts.append(label(theme, 26, y, "limit", size=11))
    for x, state, words in ((72, "ok", "met or ok"), (152, "watch", "watch"), (212, "alert", "not met or alert")):
        parts.append(mark(theme, x, y - 4, state) + label(theme, x + 12, y, words, size=11))
    parts.append(mark(theme, 328, y - 4, "not_assessed") + label(theme, 340, y, "not assessed", size=11))
    return "".join(parts)
