"""The printed checkpoint is scanned back as the signed note itself."""

from pathlib import Path

import numpy as np
import pytest
import typst
import zxingcpp
from PIL import Image

from dashboards.report.plain import ScannedCode, plain_pdf
from registry.ledger.checkpoint import open_checkpoint
from registry.ledger.log_key import LogKey
from registry.ledger.paper import page_of

KEY = LogKey.generate()


def scanned(svg: bytes, folder: Path) -> str:
    """Draw a code as it is printed, and read it by an independent library."""
    (folder / "code.svg").write_bytes(svg)
    (folder / "page.typ").write_text('#set page(width: 8cm, height: 8cm)\n#image("code.svg", width: 6cm)')
    png = typst.compile(folder / "page.typ", root=folder, format="png", ppi=200)
    (folder / "page.png").write_bytes(png)
    (found,) = zxingcpp.read_barcodes(np.asarray(Image.open(folder / "page.png").convert("L")))
    assert str(found.format).endswith(("QRCode", "QR Code"))
    return str(found.text)


@pytest.mark.parametrize("size", [1, 10**18])
def test_the_code_holds_the_signed_note_byte_for_byte(tmp_path: Path, size: int) -> None:
    note = KEY.sign(size, bytes(range(32)))
    read = scanned(ScannedCode(note, "x").to_svg(), tmp_path)
    assert read == note
    assert open_checkpoint(read, KEY.public_vkey).size == size


def test_the_page_bears_the_code_and_the_same_page_gives_the_same_bytes() -> None:
    note = KEY.sign(7, bytes(32))
    page = page_of(note, KEY.public_vkey, "2026-03-02T09:00:00.000000Z")
    code = ScannedCode(note, "to scan")
    assert plain_pdf("Ledger checkpoint", page, code) != plain_pdf("Ledger checkpoint", page)
    assert code.to_svg() == ScannedCode(note, "to scan").to_svg()
