"""The document as JSON for the typesetter; pictures become files beside it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from dashboards.charts.theme import PRINT
from dashboards.text import printable
from dashboards.view.blocks import (
    Block,
    Cell,
    Column,
    Columns,
    Details,
    Document,
    Facts,
    Figure,
    Heading,
    Listing,
    Paragraph,
    Section,
    Table,
    Verbatim,
)
from dashboards.view.words import mark_of, tone_of

Json = dict[str, Any]


@dataclass
class Pictures:
    """The pictures of one report, as numbered SVG files in the typesetter's root."""

    root: Path
    count: int = field(default=0, init=False)

    def keep(self, figure: Figure) -> str:
        """Draw a figure for print, store it and return its file name."""
        self.count += 1
        name = f"figure-{self.count}.svg"
        (self.root / name).write_text(figure.draw(PRINT), encoding="utf-8", newline="\n")
        return name


def document_json(document: Document, pictures: Pictures) -> Json:
    """Return the whole document as JSON values in printable text."""
    return {
        "title": printable(document.title),
        "subtitle": printable(document.subtitle),
        "language": document.language,
        "synthetic": document.synthetic,
        "footer": printable(document.footer),
        "cover": _blocks(document.cover, pictures),
        "sections": [_section(section, pictures) for section in document.sections],
    }


def _section(section: Section, pictures: Pictures) -> Json:
    return {"title": printable(section.title), "blocks": _blocks(section.blocks, pictures)}


def _blocks(blocks: Iterable[Block], pictures: Pictures) -> list[Json]:
    return [{"kind": type(block).__name__} | _body(block, pictures) for block in blocks]


def _body(block: Block, pictures: Pictures) -> Json:
    match block:
        case Facts():
            return _facts(block)
        case Table():
            return _table(block)
        case Figure():
            return _figure(block, pictures)
        case Details():
            return _details(block, pictures)
        case Columns():
            return _columns(block, pictures)
    return _prose(block)


def _prose(block: Paragraph | Heading | Listing | Verbatim) -> Json:
    match block:
        case Paragraph(text, tone):
            return {"text": printable(text), "tone": tone}
        case Heading(_, text):
            return {"text": printable(text)}
        case Listing(items):
            return {"items": [printable(item) for item in items]}
        case Verbatim(label, lines):
            return {"label": printable(label), "lines": [printable(line) for line in lines]}


def _facts(block: Facts) -> Json:
    """Return facts in runs: short ones may stand beside each other, long ones need lines of their own."""
    runs = groupby(block.pairs, lambda pair: block.is_long(pair[1]))
    shown = [{"long": long, "pairs": [[printable(name), _cell(cell)] for name, cell in run]} for long, run in runs]
    return {"title": printable(block.title), "runs": shown}


def _details(block: Details, pictures: Pictures) -> Json:
    """Return what the page folds, in full; a table's own caption stands for the summary."""
    captioned = isinstance(block.blocks[0], Table)
    summary = "" if captioned else printable(block.summary)
    return {"summary": summary, "blocks": _blocks(block.blocks, pictures)}


def _columns(block: Columns, pictures: Pictures) -> Json:
    """Return two columns; paper has no room for halves with a picture, which stand below each other."""
    pictured = any(isinstance(inner, Figure) for inner in (*block.first, *block.second))
    shape = ("stack" if pictured else "halves") if block.halves else "aside"
    return {"shape": shape, "first": _blocks(block.first, pictures), "second": _blocks(block.second, pictures)}


def _table(block: Table) -> Json:
    return {
        "caption": printable(block.caption),
        "columns": [_column(column) for column in block.columns],
        "rows": [[_cell(cell) for cell in row] for row in block.rows],
        "empty": printable(block.empty),
    }


def _figure(block: Figure, pictures: Pictures) -> Json:
    return {
        "file": pictures.keep(block),
        "caption": printable(block.caption),
        "alternative": printable(block.alternative),
        "wide": block.wide,
    }


def _column(column: Column) -> Json:
    return {"label": printable(column.label), "kind": column.kind, "weight": column.weight}


def _cell(cell: Cell) -> Json:
    marked = {"mark": mark_of(cell.state), "tone": tone_of(cell.state)} if cell.state else {"mark": "", "tone": ""}
    return {"text": printable(cell.text), "kind": cell.kind, "note": printable(cell.note)} | marked
