"""The report on a model that was not trained here, as HTML and as PDF, drawn from the same blocks as its page."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dashboards.report.html import document_html
from dashboards.report.pdf import compiled, lay_out
from dashboards.view.record import record_bytes
from dashboards.view.watched import watched_document
from registry.domain.dossier import WatchedView
from registry.version import __version__

_METRICS = {
    "name": "metrics.json",
    "relationship": "data",
    "type": "application/json",
    "description": "Monitor JSON, what is declared and where it is said to run: every number that this report prints",
}
_NOTE = {
    "name": "checkpoint.txt",
    "relationship": "supplement",
    "type": "text/plain",
    "description": "Signed note of the ledger",
}


def watched_html(view: WatchedView) -> str:
    """Return the report as one self-contained HTML page; the same view gives the same text."""
    return document_html(watched_document(view), "Model and record", __version__)


def watched_pdf(view: WatchedView) -> bytes:
    """Return the report as PDF/A and PDF/UA with its numbers and the ledger's signed note attached.

    Raises:
        OverreadError: when typst refuses the document.
    """
    with TemporaryDirectory(prefix="overread-report-") as folder:
        root = Path(folder)
        lay_out(watched_document(view), root, (_METRICS, _NOTE))
        (root / "metrics.json").write_bytes(record_bytes(watched_record(view)))
        note = view.checkpoint.note
        (root / "checkpoint.txt").write_text(note, encoding="utf-8", errors="replace", newline="\n")
        return compiled(root, view.checkpoint.signed_at)


def watched_record(view: WatchedView) -> dict[str, Any]:
    """Return every number of the report as JSON."""
    return {
        "schema": "overread.watched/1",
        "model": view.name,
        "target": view.target,
        "identity": view.identity,
        "period": list(view.period),
        "declared": dict(view.declared),
        "deployments": [dict(one) for one in view.deployments],
        "monitor": view.monitor,
        "alerts": [one.to_json() for one in view.alerts],
        "checkpoint": vars(view.checkpoint),
    }
