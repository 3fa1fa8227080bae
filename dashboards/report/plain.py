"""A page of plain text as PDF, for what is printed and filed."""

import json
from dataclasses import dataclass
from io import BytesIO
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
#if page-data.code != "" [
  #v(1em)
  #image("code.svg", width: 6cm, alt: page-data.code)
  #text(size: 7pt, page-data.code)
]
"""
_SPACE = "\N{NO-BREAK SPACE}"  # keeps the columns


@dataclass(frozen=True)
class ScannedCode:
    """A text as a QR code (ISO/IEC 18004), and one sentence that says what it is."""

    text: str
    says: str

    def to_svg(self) -> bytes:
        """Return the code as a picture, with error correction of level M (15 %) and its quiet zone."""
        import segno  # noqa: PLC0415 - lazy: only a printed page needs it

        out = BytesIO()
        segno.make(self.text, error="m", micro=False, boost_error=False, encoding="utf-8").save(
            out, kind="svg", scale=4
        )
        return out.getvalue()


def plain_pdf(title: str, page: str, code: ScannedCode | None = None) -> bytes:
    """Return a page of text as PDF, with a code to scan under it where one is given.

    Raises:
        OverreadError: when typst refuses it.
    """
    import typst  # noqa: PLC0415 - lazy: only a PDF needs the typesetter

    with TemporaryDirectory(prefix="overread-page-") as folder:
        root = Path(folder)
        (root / "page.typ").write_text(_SOURCE, encoding="utf-8")
        lines = page.replace(" ", _SPACE).split("\n")
        laid = {"title": title, "lines": lines, "code": "" if code is None else code.says}
        (root / "page.json").write_text(json.dumps(laid), encoding="utf-8")
        if code is not None:
            (root / "code.svg").write_bytes(code.to_svg())
        try:
            made: Any = typst.compile(root / "page.typ", root=root, ignore_system_fonts=True, format="pdf")
        except typst.TypstError as error:
            first = str(error).splitlines()[0] if str(error) else ""
            raise OverreadError("the page could not be typeset", where=first[:200]) from error
    return bytes(made)
