"""ROC curve with its operating point."""

from collections.abc import Sequence

from dashboards.charts.scale import Plot, ticks, x_axis, y_axis
from dashboards.charts.svg import TOP, element, label, line, path, picture
from dashboards.charts.theme import BLUE, GREY, ORANGE, Frame, Theme
from registry.domain.dossier import CurvePoint

WIDTH, SIDE, LEFT = 290, 190, 56


def roc_curve(points: Sequence[CurvePoint], operating: CurvePoint | None, frame: Frame) -> str:
    """Draw a ROC curve from (0, 0) to (1, 1), chance, and the operating point where it is known."""
    theme = frame.theme
    plot = Plot(LEFT, TOP + 20, SIDE, SIDE, (0.0, 1.0), (0.0, 1.0))
    grid = ticks((0.0, 1.0))
    body = [x_axis(theme, plot, "false positive rate", grid), y_axis(theme, plot, "true positive rate", grid)]
    body.append(_chance(theme, plot))
    body.append(path([(plot.x(p.false_positive_rate), plot.y(p.true_positive_rate)) for p in points], **_CURVE))
    body.append(_operating(theme, plot, operating))
    return picture(frame, WIDTH, plot.bottom + 66, *body)


_CURVE: dict[str, str | float | int] = {"stroke": BLUE, "stroke_width": 2.5, "stroke_linejoin": "round"}


def _chance(theme: Theme, plot: Plot) -> str:
    return line(
        theme, (plot.left, plot.bottom), (plot.right, plot.top), stroke=GREY, stroke_width=1.5, stroke_dasharray="5 4"
    )


def _operating(theme: Theme, plot: Plot, point: CurvePoint | None) -> str:
    row = plot.bottom + 54
    chance = line(theme, (LEFT, row - 4), (LEFT + 22, row - 4), stroke=GREY, stroke_width=1.5, stroke_dasharray="5 4")
    legend = chance + label(theme, LEFT + 28, row, "chance", size=11)
    if point is None:
        return legend + label(theme, LEFT + 90, row, "no operating point", size=11, muted=1)
    x, y = plot.x(point.false_positive_rate), plot.y(point.true_positive_rate)
    return (
        legend
        + _dot(theme, x, y)
        + _dot(theme, LEFT + 98, row - 4)
        + label(theme, LEFT + 110, row, "operating point", size=11)
    )


def _dot(theme: Theme, x: float, y: float) -> str:
    return element("rect", x=x - 5, y=y - 5, width=10, height=10, fill=ORANGE, stroke=theme.ink, stroke_width=1.5)
