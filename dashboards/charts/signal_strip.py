"""Signal strip: every signal of every monitor as a mark, so that what is missing is as plain as what is wrong."""

from collections.abc import Mapping, Sequence

from dashboards.charts.marks import STATE_WORDS, mark
from dashboards.charts.svg import TOP, label, line, picture
from dashboards.charts.theme import Frame, Theme
from dashboards.text import shortened

WIDTH, LEFT, STEP, ROW, PER_LINE = 520, 100, 16, 22, 15
ORDER = ("alert", "watch", "not_assessed", "ok")


def signal_strip(states: Mapping[str, Sequence[str]], frame: Frame) -> str:
    """Draw the states of each monitor's signals, the gravest first; monitors in the given order."""
    theme, row, body = frame.theme, TOP + 12.0, [""]
    for monitor, found in states.items():
        body.append(_monitor(theme, row, monitor, found))
        row += ROW * _lines(found)
        body.append(line(theme, (8, row - ROW / 2 - 1), (WIDTH - 8, row - ROW / 2 - 1), stroke_opacity=theme.grid))
    return picture(frame, WIDTH, row + 18, *body, _legend(theme, row + 10))


def _lines(found: Sequence[str]) -> int:
    return max(1, -(-len(found) // PER_LINE))


def _monitor(theme: Theme, row: float, monitor: str, found: Sequence[str]) -> str:
    parts = [label(theme, 8, row + 4, shortened(monitor, 16))]
    for index, state in enumerate(sorted(found, key=_rank)):
        x = LEFT + STEP * (index % PER_LINE)
        parts.append(mark(theme, x, row + ROW * (index // PER_LINE), state, 4.5))
    parts.append(label(theme, LEFT + STEP * PER_LINE + 4, row + 4, tally(found), size=11, muted=1))
    return "".join(parts)


def tally(found: Sequence[str]) -> str:
    """Return the counts of states in words, the gravest first, such as `1 watch, 3 ok`."""
    counts = [(state, sum(1 for other in found if other == state)) for state in ORDER]
    return ", ".join(f"{n} {STATE_WORDS[state]}" for state, n in counts if n) or "no signal"


def _rank(state: str) -> int:
    return ORDER.index(state) if state in ORDER else len(ORDER)


def _legend(theme: Theme, y: float) -> str:
    parts = []
    for index, state in enumerate(ORDER):
        x = LEFT + 108 * index
        parts.append(mark(theme, x, y - 4, state, 4.5) + label(theme, x + 10, y, STATE_WORDS[state], size=11))
    return "".join(parts)
