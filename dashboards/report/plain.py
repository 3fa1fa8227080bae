"""A page of plain text as PDF, for what is printed and filed."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from registry.domain.errors import OverreadError

# The text reaches typst as data, so that nothing in it is read as markup.
_SOURCE = """\
#let page-data = json("page.json")
#set document(title: page-data.title)
#set page(paper: "a4", margin: 2cm)
#set text(font: "DejaVu Sans Mono", size: 8pt)
= #page-data.title
#v(1em)
#for line in page-data.lines { block(spacing: 0.7em, if line == "" { [~] } else { line }) }
"""
_SPACE = "\N{NO-BREAK SPACE}"  # keeps the columns


def plain_pdf(title: str, page: str) -> bytes:
    """Return a page of text as PDF.

    Raises:
        OverreadError: when typst refuses it.
    """
    import typst  # noqa: PLC0415 - lazy: only a PDF needs the typesetter

    with TemporaryDirectory(prefix="overread-page-") as folder:
        root = Path(folder)
        (root / "page.typ").write_text(_SOURCE, encoding="utf-8")
        (root / "page.json").write_text(
            json.dumps({"title": title, "lines": page.replace(" ", _SPACE).split("\n")}), encoding="utf-8"
        )
        try:
            made: Any = typst.compile(root / "page.typ", root=root, ignore_system_fonts=True, format="pdf")
        except typst.TypstError as error:
            first = str(error).splitlines()[0] if str(error) else ""
            raise OverreadError("the page could not be typeset", where=first[:200]) from error
    return bytes(made)
