"""Marks whose shape tells the state: a reader needs no colour to tell them apart."""

from collections.abc import Callable, Mapping

from dashboards.charts.svg import element
from dashboards.charts.theme import BLUE, GREEN, GREY, ORANGE, Theme

STATE_WORDS: Mapping[str, str] = {
    "ok": "ok",
    "watch": "watch",
    "alert": "alert",
    "not_assessed": "not assessed",
    "passed": "passed",
    "failed": "failed",
}
_SAME: Mapping[str, str] = {"passed": "ok", "failed": "alert"}


def mark(theme: Theme, x: float, y: float, state: str, radius: float = 5) -> str:
    """Return the mark of a state: circle ok, triangle watch, diamond alert, hollow circle not assessed."""
    draw = _SHAPES.get(_SAME.get(state, state), _plain)
    return draw(theme, float(x), float(y), float(radius))


def _ok(_theme: Theme, x: float, y: float, r: float) -> str:
    return element("circle", cx=x, cy=y, r=r, fill=GREEN)


def _watch(theme: Theme, x: float, y: float, r: float) -> str:
    points = f"{x:.2f},{y - r * 1.2:.2f} {x + r * 1.2:.2f},{y + r:.2f} {x - r * 1.2:.2f},{y + r:.2f}"
    return element("polygon", points=points, fill="#e69f00", stroke=theme.ink, stroke_width=1)


def _alert(theme: Theme, x: float, y: float, r: float) -> str:
    r = r * 1.35
    points = f"{x:.2f},{y - r:.2f} {x + r:.2f},{y:.2f} {x:.2f},{y + r:.2f} {x - r:.2f},{y:.2f}"
    return element("polygon", points=points, fill=ORANGE, stroke=theme.ink, stroke_width=1.5)


def _hollow(_theme: Theme, x: float, y: float, r: float) -> str:
    dash = f"{r * 0.7:.2f} {r * 0.45:.2f}"
    return element("circle", cx=x, cy=y, r=r, fill="none", stroke=GREY, stroke_width=1.5, stroke_dasharray=dash)


def _plain(_theme: Theme, x: float, y: float, r: float) -> str:
    return element("circle", cx=x, cy=y, r=r, fill=BLUE)


_SHAPES: Mapping[str, Callable[[Theme, float, float, float], str]] = {
    "ok": _ok,
    "watch": _watch,
    "alert": _alert,
    "not_assessed": _hollow,
}
