"""The report on a model that was not trained here, as HTML and as PDF, drawn from the same blocks as its page."""

from typing import Any

from dashboards.report.html import document_html
from dashboards.report.pdf import report_pdf
from dashboards.view.watched import watched_document
from registry.domain.dossier import WatchedView
from registry.version import __version__

_HELD = "Monitor JSON, what is declared and where it is said to run: every number that this report prints"


def watched_html(view: WatchedView) -> str:
    """Return the report as one self-contained HTML page; the same view gives the same text."""
    return document_html(watched_document(view), "Model and record", __version__)


def watched_pdf(view: WatchedView) -> bytes:
    """Return the report as PDF/A and PDF/UA with its numbers and the ledger's signed note attached.

    Raises:
        OverreadError: when typst refuses the document.
    """
    numbers = (watched_record(view), _HELD)
    return report_pdf(watched_document(view), numbers, view.checkpoint, view.checkpoint.signed_at)


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
