"""The audit log as PDF/A: the same events as its other forms."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from dashboards.report.pdf import compiled, lay_out
from dashboards.view.audit import Row, audit_document

_RECORD = {
    "name": "events.jsonl",
    "relationship": "data",
    "type": "application/jsonl",
    "description": "The events' canonical bytes, one a line: the leaves of the ledger's tree",
}


def audit_pdf(rows: Sequence[Row], lines: bytes, signed: tuple[int, str, str], asked: str) -> bytes:
    """Return events as PDF/A and PDF/UA with their canonical bytes attached; the same answer gives the same bytes.

    Args:
        rows: the events as texts, oldest first.
        lines: their canonical bytes, one a line.
        signed: the checkpoint's size and note, and when it was signed, which is the date of the file.
        asked: the question in words.

    Raises:
        OverreadError: when typst refuses the document.
    """
    size, note, at = signed
    with TemporaryDirectory(prefix="overread-audit-") as folder:
        root = Path(folder)
        lay_out(audit_document(rows, size, note, asked), root, (_RECORD,))
        (root / "events.jsonl").write_bytes(lines)
        return compiled(root, at)
