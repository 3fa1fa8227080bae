"""Colours and type of figures: the web inherits the page's ink (light or dark), the print is fixed.

Marks use the Okabe-Ito palette, which colour-blind readers tell apart, in shades that keep a contrast of 3:1 on white
and on the dark page; every colour is doubled by a shape, a dash or a hatch.
"""

from dataclasses import dataclass

BLUE = "#0072b2"
GREEN = "#008a64"
ORANGE = "#d55e00"
PURPLE = "#b4608f"
GREY = "#7f858c"


@dataclass(frozen=True)
class Theme:
    """The ink, the font and the size in which a figure is drawn.

    Attributes:
        ink: colour of text and axes.
        muted: opacity of secondary text, 0..1.
        grid: opacity of grid lines, 0..1.
        font: font family, or empty to inherit the page's.
        printed: whether only the report's own glyphs exist.
    """

    ink: str
    muted: float
    grid: float
    font: str
    printed: bool


WEB = Theme(ink="currentColor", muted=0.78, grid=0.16, font="", printed=False)
PRINT = Theme(ink="#1c2127", muted=0.82, grid=0.18, font="Libertinus Serif", printed=True)


@dataclass(frozen=True)
class Frame:
    """What surrounds a figure: its key (for ids), title, description, theme, and whether its data is synthetic."""

    key: str
    title: str
    description: str
    theme: Theme = WEB
    synthetic: bool = False
