"""The blocks that sections are made of: the web page, the HTML report and the PDF each draw the same blocks."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from dashboards.charts.theme import Theme

Kind = Literal["text", "number", "code", "state"]
LONGEST_BESIDE = 72  # characters of a fact that may stand beside others


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
    """Labelled values, under a heading where it has one; `stacked` gives each a line of its own."""

    pairs: tuple[tuple[str, Cell], ...]
    title: str = ""
    stacked: bool = False

    def is_long(self, cell: Cell) -> bool:
        """Say whether a value needs a line of its own."""
        return self.stacked or cell.kind == "code" or len(cell.text) > LONGEST_BESIDE


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


@dataclass(frozen=True)
class Details:
    """Blocks under a line that a reader may unfold on the page; `watch` has them open at first. Print shows all."""

    summary: str
    blocks: "tuple[Block, ...]"
    watch: bool = False


@dataclass(frozen=True)
class Columns:
    """Blocks beside each other where there is room: two halves, or a broad column and a narrow one."""

    first: "tuple[Block, ...]"
    second: "tuple[Block, ...]"
    halves: bool = False


Block = Paragraph | Listing | Facts | Table | Figure | Verbatim | Heading | Details | Columns


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


def leaves(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield the blocks that hold no others, in the order of the page."""
    for block in blocks:
        match block:
            case Details(_, inner):
                yield from leaves(inner)
            case Columns(first, second):
                yield from leaves((*first, *second))
            case _:
                yield block


def state_cell(state: str, words: str = "", note: str = "") -> Cell:
    """Return the cell of a state: mark, word and tone, with a second line where one is given."""
    return Cell(words or state.replace("_", " "), "state", state, note)
