"""Funnel plot: one point a scanner, rate against count, between the limits that chance alone explains."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.charts.marks import mark
from dashboards.charts.scale import Plot, range_of, ticks, x_axis, y_axis
from dashboards.charts.svg import TOP, element, label, line, path, picture
from dashboards.charts.theme import GREY, ORANGE, Frame, Theme
from dashboards.text import shortened

WIDTH, LEFT, PLOT_WIDTH, HEIGHT = 520, 56, 330, 220
LONGEST_LABEL = 24


@dataclass(frozen=True)
class FunnelPoint:
    """A scanner's rate: its name, count, rate and state, and the limit that judged it; None where none did."""

    label: str
    n: int
    rate: float
    state: str
    limit: float | None = None


@dataclass(frozen=True)
class FunnelLimit:
    """The limits at one count: the inner pair spans 95 %, the outer 99.8 % of what chance alone gives."""

    n: int
    low: float
    high: float
    lowest: float
    highest: float


def scanner_funnel(points: Sequence[FunnelPoint], centre: float, limits: Sequence[FunnelLimit], frame: Frame) -> str:
    """Draw a funnel of at least one scanner around the rate of all, with its limits in order of count."""
    theme = frame.theme
    spread = [centre, *(point.rate for point in points), *(bound for row in limits for bound in (row.low, row.high))]
    most = max(max(point.n for point in points) * 1.08, *(row.n for row in limits), 1.0)
    plot = Plot(LEFT, TOP + 20, PLOT_WIDTH, HEIGHT, (0.0, float(most)), range_of(spread))
    body = [y_axis(theme, plot, "rate", ticks(plot.y_range)), x_axis(theme, plot, "cases", ticks(plot.x_range, 6))]
    body.append(line(theme, (plot.left, plot.y(centre)), (plot.right, plot.y(centre)), stroke=GREY, stroke_width=1.5))
    body += _curves(plot, limits)
    body += [_point(theme, plot, point) for point in points]
    return picture(frame, WIDTH, plot.bottom + 46, *body, _legend(theme, plot))


def _curves(plot: Plot, limits: Sequence[FunnelLimit]) -> list[str]:
    pairs = (("low", "6 3"), ("high", "6 3"), ("lowest", "2 3"), ("highest", "2 3"))
    return [
        path(
            [(plot.x(row.n), plot.y(getattr(row, name))) for row in limits],
            stroke=GREY,
            stroke_width=1.5,
            stroke_dasharray=dash,
        )
        for name, dash in pairs
        if len(limits) > 1
    ]


def _point(theme: Theme, plot: Plot, point: FunnelPoint) -> str:
    x, y = plot.x(point.n), plot.y(point.rate)
    drawn = _judged_by(plot, point) + mark(theme, x, y, point.state)
    if point.state in {"watch", "alert"}:
        name = shortened(point.label, LONGEST_LABEL)
        drawn += label(theme, x, y - 10, name, size=11, anchor="middle")
    return drawn


def _judged_by(plot: Plot, point: FunnelPoint) -> str:
    if point.limit is None:
        return ""
    return _bar(plot.x(point.n), plot.y(point.limit))


def _bar(x: float, y: float) -> str:
    return element("line", x1=x - 9, y1=y, x2=x + 9, y2=y, stroke=ORANGE, stroke_width=2.5)


def _legend(theme: Theme, plot: Plot) -> str:
    left, top = plot.right + 16, plot.top + 6
    parts = [
        _sample(theme, left, top, "95 % limits", "6 3"),
        _sample(theme, left, top + 20, "99.8 % limits", "2 3"),
        _sample(theme, left, top + 40, "all scanners", ""),
        _bar(left + 11, top + 60) + label(theme, left + 28, top + 64, "its own limit", size=11),
    ]
    for index, (state, words) in enumerate((("ok", "ok"), ("watch", "watch"), ("not_assessed", "not assessed"))):
        row = top + 84 + 20 * index
        parts.append(mark(theme, left + 10, row, state) + label(theme, left + 28, row + 4, words, size=11))
    return "".join(parts)


def _sample(theme: Theme, left: float, row: float, words: str, dash: str) -> str:
    dashes: dict[str, str | float | int] = {"stroke_dasharray": dash} if dash else {}
    drawn = line(theme, (left, row), (left + 22, row), stroke=GREY, stroke_width=1.5, **dashes)
    return drawn + label(theme, left + 28, row + 4, words, size=11)
