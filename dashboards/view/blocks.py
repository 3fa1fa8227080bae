"""The blocks that sections are made of: the web page, the HTML report and the PDF each draw the same blocks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from dashboards.charts.theme import Theme

Kind = Literal["text", "number", "code", "state"]


@dataclass(frozen=True)
class Cell:
    """One value: its text, its kind, for a kind `state` the state whose mark and tone it wears, and a second line."""

    text: str
    kind: Kind = "text"
    state: str = ""
    note: str = ""


@dataclass(frozen=True)
class Column:
    """A column's heading, the kind of its cells, and how much of a printed page's width its text takes."""

    label: str
    kind: Kind = "text"
    weight: float = 1.0


@dataclass(frozen=True)
class Paragraph:
    """Sentences, in a tone: `plain`, `quiet`, `warn` or `synthetic`."""

    text: str
    tone: str = "plain"


@dataclass(frozen=True)
class Listing:
    """Sentences as a list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Labelled values, under a heading where it has one."""

    pairs: tuple[tuple[str, Cell], ...]
    title: str = ""


@dataclass(frozen=True)
class Table:
    """A table with a caption; each row has one cell a column, the first of which names the row."""

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = "None recorded."


@dataclass(frozen=True)
class Figure:
    """A picture drawn for a theme, with its caption and the sentence that replaces it for who cannot see it."""

    key: str
    caption: str
    alternative: str
    draw: Callable[[Theme], str]
    wide: bool = True


@dataclass(frozen=True)
class Verbatim:
    """Lines that are shown exactly, such as a signed note."""

    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    key: str
    text: str


Block = Paragraph | Listing | Facts | Table | Figure | Verbatim | Heading


@dataclass(frozen=True)
class Section:
    """A part of the report: the anchor, the heading and the blocks."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A whole report about one model version."""

    title: str
    subtitle: str
    language: str
    synthetic: bool
    cover: tuple[Block, ...]
    sections: tuple[Section, ...]
    footer: str


def state_cell(state: str, words: str = "", note: str = "") -> Cell:
    """Return the cell of a state: mark, word and tone, with a second line where one is given."""
    return Cell(words or state.replace("_", " "), "state", state, note)
