"""Reliability curve: observed share against mean score, with intervals, and how many cases stand behind each point."""

from collections.abc import Sequence
from itertools import pairwise

from dashboards.charts.scale import Plot, range_of, ticks, x_axis, y_axis
from dashboards.charts.svg import TOP, element, label, line, path, picture
from dashboards.charts.theme import BLUE, GREY, Frame, Theme
from registry.domain.dossier import CalibrationBin

WIDTH, SIDE, LEFT, STRIP = 290, 190, 56, 44
WIDEST_BAR = 8.0


def reliability_curve(bins: Sequence[CalibrationBin], frame: Frame) -> str:
    """Draw a reliability curve over at least one bin; the bars below show the counts, blank where none is."""
    theme = frame.theme
    span = range_of([entry.mean_score for entry in bins])
    plot = Plot(LEFT, TOP + 20, SIDE, SIDE - STRIP - 12, span, (0.0, 1.0))
    body = [y_axis(theme, plot, "observed share of positives", ticks((0.0, 1.0))), _ideal(theme, plot)]
    body += [_bin(theme, plot, entry) for entry in bins]
    body.append(path([(plot.x(b.mean_score), plot.y(b.observed)) for b in bins], stroke=BLUE, stroke_width=1.5))
    strip = Plot(LEFT, plot.bottom + 12, SIDE, STRIP, span, (0.0, float(max(b.n for b in bins))))
    body.append(x_axis(theme, strip, "mean score", ticks(span)))
    body += [_bar(strip, entry, _bar_width(strip, bins)) for entry in bins]
    body.append(label(theme, LEFT - 6, strip.bottom, "n 0", anchor="end", size=11))
    body.append(label(theme, LEFT - 6, strip.top + 9, f"n {max(b.n for b in bins):,}", anchor="end", size=11))
    return picture(frame, WIDTH, strip.bottom + 66, *body, _legend(theme, strip.bottom + 54))


def _ideal(theme: Theme, plot: Plot) -> str:
    ends = [(plot.x(score), plot.y(score)) for score in plot.x_range]
    return line(theme, *ends, stroke=GREY, stroke_width=1.5, stroke_dasharray="5 4")


def _bin(theme: Theme, plot: Plot, entry: CalibrationBin) -> str:
    x = plot.x(entry.mean_score)
    bar = line(theme, (x, plot.y(entry.low)), (x, plot.y(entry.high)), stroke=BLUE, stroke_width=1.5)
    return bar + element("circle", cx=x, cy=plot.y(entry.observed), r=4, fill=BLUE)


def _bar_width(strip: Plot, bins: Sequence[CalibrationBin]) -> float:
    """Return a width at which neighbouring bars of bins of equal count do not run into each other."""
    places = sorted(strip.x(entry.mean_score) for entry in bins)
    nearest = min((after - before for before, after in pairwise(places)), default=WIDEST_BAR / 0.7)
    return max(1.5, min(WIDEST_BAR, 0.7 * nearest))


def _bar(strip: Plot, entry: CalibrationBin, width: float) -> str:
    top, left = strip.y(float(entry.n)), strip.x(entry.mean_score) - width / 2
    return element("rect", x=left, y=top, width=width, height=strip.bottom - top, fill=GREY)


def _legend(theme: Theme, row: float) -> str:
    ideal = line(theme, (10, row - 4), (32, row - 4), stroke=GREY, stroke_width=1.5, stroke_dasharray="5 4")
    dot = element("circle", cx=168.0, cy=row - 4, r=4, fill=BLUE)
    return (
        ideal
        + label(theme, 38, row, "perfect calibration", size=11)
        + dot
        + label(theme, 178, row, "bin with its interval", size=11)
    )
