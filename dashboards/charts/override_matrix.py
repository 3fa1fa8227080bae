"""Two-by-two matrix of what the AI said and what the reader decided: counts, with shares of each AI row."""

from dataclasses import dataclass

from dashboards.charts.svg import TOP, element, label, picture
from dashboards.charts.theme import BLUE, ORANGE, Frame, Theme
from dashboards.text import slug

WIDTH, LEFT, CELL_WIDTH, CELL_HEIGHT, BAND = 380, 92, 140, 58, 14


@dataclass(frozen=True)
class MatrixCell:
    """One cell: the printed count, the printed share of its row, and that share (0..1) or None where the row is empty.

    `overridden` says whether the reader decided otherwise than the AI.
    """

    count_text: str
    share_text: str
    share: float | None
    overridden: bool


@dataclass(frozen=True)
class OverrideMatrix:
    """Rows: AI positive, AI negative; columns: reader positive, reader negative."""

    positive: tuple[MatrixCell, MatrixCell]
    negative: tuple[MatrixCell, MatrixCell]


def override_matrix(matrix: OverrideMatrix, frame: Frame) -> str:
    """Draw the matrix; overridden cells are hatched, the darker the larger their share."""
    theme, top = frame.theme, TOP + 30
    heads = [
        label(theme, LEFT + CELL_WIDTH * (0.5 + index), top - 8, words, anchor="middle")
        for index, words in enumerate(("reader positive", "reader negative"))
    ]
    body = [_hatch(frame.key), *heads]
    for row, (words, cells) in enumerate((("AI positive", matrix.positive), ("AI negative", matrix.negative))):
        y = top + CELL_HEIGHT * row
        body.append(label(theme, LEFT - 12, y + CELL_HEIGHT / 2 + 4, words, anchor="end"))
        body += [_cell(frame, LEFT + CELL_WIDTH * column, y, cell) for column, cell in enumerate(cells)]
    body.append(label(theme, LEFT, top + 2 * CELL_HEIGHT + 20, "hatched: the reader overrode the AI", size=11, muted=1))
    return picture(frame, WIDTH, top + 2 * CELL_HEIGHT + 30, *body)


def _hatch(key: str) -> str:
    stripe = element("path", d="M0 8L8 0", stroke=ORANGE, stroke_width=1.5, stroke_opacity=0.6)
    pattern = element("pattern", stripe, id=f"{slug(key)}-hatch", width=8, height=8, patternUnits="userSpaceOnUse")
    return element("defs", pattern)


def _cell(frame: Frame, x: float, y: float, cell: MatrixCell) -> str:
    theme = frame.theme
    box: dict[str, str | float | int] = {"x": x, "y": y, "width": CELL_WIDTH, "height": CELL_HEIGHT}
    tint = element(
        "rect", **box, fill=ORANGE if cell.overridden else BLUE, fill_opacity=0.06 + 0.22 * (cell.share or 0.0)
    )
    hatch = element("rect", **(box | {"width": BAND}), fill=f"url(#{slug(frame.key)}-hatch)") if cell.overridden else ""
    border = element("rect", **box, fill="none", stroke=theme.ink, stroke_opacity=0.5)
    middle = x + CELL_WIDTH / 2
    return tint + hatch + border + _figures(theme, middle, y, cell)


def _figures(theme: Theme, middle: float, y: float, cell: MatrixCell) -> str:
    count = label(theme, middle, y + 28, cell.count_text, anchor="middle", size=20)
    return count + label(theme, middle, y + 46, cell.share_text, anchor="middle", size=12)
