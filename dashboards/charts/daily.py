"""Daily series: share called positive with p-chart limits, and mean score; days without cases stay blank.

The limits are those of a p-chart around the period's own share (three standard errors of each day's count): a reading
aid, not a test. Signals alone carry verdicts.
"""

import math
from collections.abc import Sequence
from datetime import date

from dashboards.charts.scale import Plot, range_of, ticks, x_axis, y_axis
from dashboards.charts.svg import TOP, element, label, line, path, picture
from dashboards.charts.theme import BLUE, GREY, ORANGE, PURPLE, Frame, Theme
from registry.domain.dossier import DailyPoint
from validation.statistics.funnel import p_chart_limits

LONG_SPAN_DAYS = 300  # from here on a day and a month would not say which year
WIDTH, LEFT, PLOT_WIDTH, HEIGHT = 520, 56, 452, 84

Points = list[tuple[float, float]]


def daily_series(days: Sequence[DailyPoint], frame: Frame) -> str:
    """Draw the daily share of positives and the daily mean score; at least one day must hold a case."""
    theme, filled = frame.theme, [day for day in days if day.n > 0]
    centre = sum(day.n_positive for day in filled) / sum(day.n for day in filled)
    rates = _panel(days, TOP + 20, (0.0, _highest(filled, centre)))
    scores = _panel(days, rates.bottom + 46, range_of([day.mean_score for day in filled]))
    body = [y_axis(theme, rates, "share called positive", ticks(rates.y_range, 4)), _limits(theme, rates, days, centre)]
    body.append(_rates(theme, rates, days, centre))
    body.append(y_axis(theme, scores, "mean score", ticks(scores.y_range, 4)))
    body.append(_scores(scores, days))
    body.append(_dates(theme, scores, days))
    return picture(frame, WIDTH, scores.bottom + 66, *body, _legend(theme, scores.bottom + 56))


def _panel(days: Sequence[DailyPoint], top: float, span: tuple[float, float]) -> Plot:
    first, last = _ordinal(days[0].day), _ordinal(days[-1].day)
    return Plot(LEFT, top, PLOT_WIDTH, HEIGHT, (first - 0.5, last + 0.5), span)


def _ordinal(day: str) -> float:
    return float(date.fromisoformat(day).toordinal())


def _highest(filled: Sequence[DailyPoint], centre: float) -> float:
    tallest = max(max(day.n_positive / day.n, p_chart_limits(centre, day.n)[1]) for day in filled)
    return max(0.1, math.ceil(tallest * 10) / 10)


def _limits(theme: Theme, plot: Plot, days: Sequence[DailyPoint], centre: float) -> str:
    parts = [line(theme, (plot.left, plot.y(centre)), (plot.right, plot.y(centre)), stroke=GREY, stroke_width=1.5)]
    for day in days:
        if day.n > 0:
            x, half = plot.x(_ordinal(day.day)), plot.width / (plot.x_range[1] - plot.x_range[0]) / 2
            for bound in p_chart_limits(centre, day.n):
                ends = ((x - half, plot.y(bound)), (x + half, plot.y(bound)))
                parts.append(line(theme, *ends, stroke=GREY, stroke_width=1.5, stroke_dasharray="3 2"))
    return "".join(parts)


def _rates(theme: Theme, plot: Plot, days: Sequence[DailyPoint], centre: float) -> str:
    share = {day.day: day.n_positive / day.n for day in days if day.n > 0}
    parts = [path(run, stroke=BLUE, stroke_width=1.25) for run in _runs(plot, days, share)]
    for day in days:
        if day.n > 0:
            low, high = p_chart_limits(centre, day.n)
            inside = low <= share[day.day] <= high
            parts.append(_point(theme, plot.x(_ordinal(day.day)), plot.y(share[day.day]), inside=inside))
    return "".join(parts)


def _point(theme: Theme, x: float, y: float, *, inside: bool) -> str:
    if inside:
        return element("circle", cx=x, cy=y, r=3, fill=BLUE)
    corners = f"{x:.2f},{y - 6:.2f} {x + 6:.2f},{y:.2f} {x:.2f},{y + 6:.2f} {x - 6:.2f},{y:.2f}"
    return element("polygon", points=corners, fill=ORANGE, stroke=theme.ink, stroke_width=1)


def _scores(plot: Plot, days: Sequence[DailyPoint]) -> str:
    means = {day.day: day.mean_score for day in days if day.n > 0}
    parts = [path(run, stroke=PURPLE, stroke_width=1.25) for run in _runs(plot, days, means)]
    for day, mean in means.items():
        x, y = plot.x(_ordinal(day)), plot.y(mean)
        parts.append(element("rect", x=x - 2.5, y=y - 2.5, width=5, height=5, fill=PURPLE))
    return "".join(parts)


def _runs(plot: Plot, days: Sequence[DailyPoint], values: dict[str, float]) -> list[Points]:
    """Return the lines to draw: one for each run of successive days with cases."""
    runs: list[Points] = []
    previous = -math.inf
    for day in days:
        if day.day in values:
            at = _ordinal(day.day)
            if at - previous > 1:
                runs.append([])
            runs[-1].append((plot.x(at), plot.y(values[day.day])))
            previous = at
    return [run for run in runs if len(run) > 1]


def _dates(theme: Theme, plot: Plot, days: Sequence[DailyPoint]) -> str:
    first, last = int(_ordinal(days[0].day)), int(_ordinal(days[-1].day))
    step = max(1, math.ceil((last - first + 1) / 7))
    shown = list(range(first, last + 1, step))
    spelling = "%d %b" if last - first < LONG_SPAN_DAYS else "%Y-%m"
    names = [date.fromordinal(day).strftime(spelling) for day in shown]
    return x_axis(theme, plot, f"day ({days[0].day} to {days[-1].day})", [float(day) for day in shown], names)


def _legend(theme: Theme, row: float) -> str:
    limit = line(theme, (LEFT, row - 4), (LEFT + 20, row - 4), stroke=GREY, stroke_width=1.5, stroke_dasharray="3 2")
    parts = [
        limit,
        label(theme, LEFT + 26, row, "three standard errors, as if units were independent", size=11),
    ]
    parts.append(_point(theme, LEFT + 360.0, row - 4, inside=False))
    parts.append(label(theme, LEFT + 372, row, "outside", size=11))
    return "".join(parts)
