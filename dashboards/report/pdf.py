"""The report as PDF: PDF/A-3a and PDF/UA-1 in one file, the same bytes for the same dossier.

The typst source is a fixed file. Data reaches it as JSON and as pictures in a temporary folder that is typst's root, so
that no value is ever read as markup and no file outside can be named.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dashboards.report.blocks_json import Pictures, document_json
from dashboards.view.document import report_document
from dashboards.view.record import metrics_record, record_bytes
from registry.domain.dossier import Dossier
from registry.domain.errors import OverreadError
from registry.domain.instants import parse_instant

TEMPLATE = Path(__file__).parent / "report.typ"


def render_pdf(dossier: Dossier) -> bytes:
    """Return the report as PDF, with metrics.json and the ledger's signed note attached.

    Raises:
        OverreadError: when typst refuses the document.
    """
    with TemporaryDirectory(prefix="overread-report-") as folder:
        root = Path(folder)
        _lay_out(dossier, root)
        return _compiled(root, dossier)


def _lay_out(dossier: Dossier, root: Path) -> None:
    """Write the template and everything that it reads into the folder that is typst's root."""
    pictures = Pictures(root)
    (root / "report.typ").write_bytes(TEMPLATE.read_bytes())
    (root / "report.json").write_bytes(record_bytes(document_json(report_document(dossier), pictures)))
    (root / "metrics.json").write_bytes(record_bytes(metrics_record(dossier)))
    (root / "checkpoint.txt").write_text(dossier.checkpoint.note, encoding="utf-8", errors="replace", newline="\n")


def _compiled(root: Path, dossier: Dossier) -> bytes:
    import typst  # noqa: PLC0415 - lazy: only a report needs the typesetter

    try:
        made: Any = typst.compile(
            root / "report.typ",
            root=root,
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=["a-3a", "ua-1"],
            timestamp=parse_instant(dossier.as_of, "UTC").replace(microsecond=0),
        )
    except typst.TypstError as error:
        first = str(error).splitlines()[0] if str(error) else ""
        raise OverreadError("the report could not be typeset", where=first[:200]) from error
    return bytes(made)
