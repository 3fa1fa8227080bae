"""The report as PDF: PDF/A-3a and PDF/UA-1 in one file, the same bytes for the same dossier.

The typst source is a fixed file. Data reaches it as JSON and as pictures in a temporary folder that is typst's root, so
that no value is ever read as markup and no file outside can be named.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dashboards.report.blocks_json import Pictures, document_json
from dashboards.view.blocks import Document
from dashboards.view.document import report_document
from dashboards.view.record import metrics_record, record_bytes
from registry.domain.dossier import CheckpointView, Dossier
from registry.domain.errors import OverreadError
from registry.domain.instants import parse_instant

TEMPLATE = Path(__file__).parent / "report.typ"
_METRICS = {"name": "metrics.json", "relationship": "data", "type": "application/json"}
_NOTE = {
    "name": "checkpoint.txt",
    "relationship": "supplement",
    "type": "text/plain",
    "description": "Signed note of the ledger",
}
_HELD = "Monitor JSON and evaluation records: every number that this report prints"


def render_pdf(dossier: Dossier) -> bytes:
    """Return the report as PDF, with metrics.json and the ledger's signed note attached.

    Raises:
        OverreadError: when typst refuses the document.
    """
    return report_pdf(report_document(dossier), (metrics_record(dossier), _HELD), dossier.checkpoint, dossier.as_of)


def report_pdf(
    document: Document, metrics: tuple[Mapping[str, Any], str], checkpoint: CheckpointView, at: str
) -> bytes:
    """Return a report as PDF with its numbers and the ledger's signed note attached.

    Args:
        document: what is set.
        metrics: every number of it, and what they are, in words.
        checkpoint: where the ledger stood.
        at: the instant that dates it.

    Raises:
        OverreadError: when typst refuses the document.
    """
    numbers, words = metrics
    with TemporaryDirectory(prefix="overread-report-") as folder:
        root = Path(folder)
        lay_out(document, root, (_METRICS | {"description": words}, _NOTE))
        (root / "metrics.json").write_bytes(record_bytes(numbers))
        (root / "checkpoint.txt").write_text(checkpoint.note, encoding="utf-8", errors="replace", newline="\n")
        return compiled(root, at)


def lay_out(document: Document, root: Path, attachments: Sequence[Mapping[str, str]]) -> None:
    """Write the template, the document and its pictures into the folder that is typst's root.

    Args:
        document: what is set.
        root: an empty folder; the files that are attached go into it beside.
        attachments: their names, relationships, media types and descriptions.
    """
    (root / "report.typ").write_bytes(TEMPLATE.read_bytes())
    laid = document_json(document, Pictures(root)) | {"attachments": [dict(one) for one in attachments]}
    (root / "report.json").write_bytes(record_bytes(laid))


def compiled(root: Path, at: str) -> bytes:
    """Typeset what was laid out, dated at an instant.

    Raises:
        OverreadError: when typst refuses the document.
    """
    import typst  # noqa: PLC0415 - lazy: only a report needs the typesetter

    try:
        made: Any = typst.compile(
            root / "report.typ",
            root=root,
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=["a-3a", "ua-1"],
            timestamp=parse_instant(at, "UTC").replace(microsecond=0),
        )
    except typst.TypstError as error:
        first = str(error).splitlines()[0] if str(error) else ""
        raise OverreadError("the report could not be typeset", where=first[:200]) from error
    return _packed(bytes(made))


def _packed(made: bytes) -> bytes:
    """Return the same document with its objects in compressed streams (ISO 32000-1, 7.5.7): half the size.

    A tagged document has an object for every cell of a table, which the typesetter writes one by one and plain.
    """
    import pikepdf  # noqa: PLC0415 - lazy: only a report needs it

    packed = BytesIO()
    with pikepdf.open(BytesIO(made)) as document:
        document.save(
            packed,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            deterministic_id=True,
            fix_metadata_version=False,
        )
    return packed.getvalue()
