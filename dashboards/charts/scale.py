"""Plot areas, their scales and axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.charts.svg import label, line
from dashboards.charts.theme import Theme

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Plot:
    """A plot area in pixels, and the ranges of data that it spans."""

    left: float
    top: float
    width: float
    height: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def x(self, value: float) -> float:
        """Return the pixel column of a value, kept inside the plot."""
        return self.left + self.width * _share(value, self.x_range)

    def y(self, value: float) -> float:
        """Return the pixel row of a value, kept inside the plot."""
        return self.top + self.height * (1 - _share(value, self.y_range))

    @property
    def bottom(self) -> float:
        """Pixel row of the horizontal axis."""
        return self.top + self.height

    @property
    def right(self) -> float:
        """Pixel column of the plot's right edge."""
        return self.left + self.width


def ticks(span: tuple[float, float], about: int = 5) -> list[float]:
    """Return round numbers that divide a range into about so many steps, ends included where they are round."""
    low, high = span
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in STEPS if power * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]


def range_of(values: Sequence[float], *, unit: bool = True) -> tuple[float, float]:
    """Return a round range that holds all values; inside 0..1 when all are shares (and `unit` allows it)."""
    low, high = min(values), max(values)
    if unit and low >= 0 and high <= 1:
        return (max(0.0, math.floor((low - 0.02) * 10) / 10), min(1.0, math.ceil((high + 0.02) * 10) / 10))
    margin = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return (low - margin, high + margin)


def x_axis(theme: Theme, plot: Plot, title: str, at: Sequence[float], names: Sequence[str] = ()) -> str:
    """Return the horizontal axis with grid lines, tick labels and title."""
    parts = [line(theme, (plot.left, plot.bottom), (plot.right, plot.bottom))]
    for value, name in zip(at, names or [tick_text(value) for value in at], strict=True):
        column = plot.x(value)
        parts.append(line(theme, (column, plot.top), (column, plot.bottom), stroke_opacity=theme.grid))
        parts.append(label(theme, column, plot.bottom + 15, name, anchor="middle", size=11))
    parts.append(label(theme, plot.left + plot.width / 2, plot.bottom + 32, title, anchor="middle", muted=1))
    return "".join(parts)


def y_axis(theme: Theme, plot: Plot, title: str, at: Sequence[float]) -> str:
    """Return the vertical axis with grid lines, tick labels and a title above it."""
    parts = [line(theme, (plot.left, plot.top), (plot.left, plot.bottom))]
    for value in at:
        row = plot.y(value)
        parts.append(line(theme, (plot.left, row), (plot.right, row), stroke_opacity=theme.grid))
        parts.append(label(theme, plot.left - 6, row + 4, tick_text(value), anchor="end", size=11))
    parts.append(label(theme, plot.left - 36, plot.top - 9, title, muted=1))
    return "".join(parts)


def tick_text(value: float) -> str:
    """Return an axis label: no trailing zeros, thousands by commas."""
    return f"{value:,.4f}".rstrip("0").rstrip(".")


def _share(value: float, span: tuple[float, float]) -> float:
    return min(1.0, max(0.0, (value - span[0]) / (span[1] - span[0])))
