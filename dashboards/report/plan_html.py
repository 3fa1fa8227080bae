"""The report on a change plan as one HTML file: one inline stylesheet, no script, nothing fetched."""

from collections.abc import Mapping
from typing import Any

from dashboards.report.html import document_html
from dashboards.view.plan_report import plan_report_document
from registry.version import __version__


def render_plan_report(report: Mapping[str, Any]) -> str:
    """Return a report on a change plan as one self-contained page; the same report gives the same text."""
    return document_html(plan_report_document(report), "Plan and test sets", __version__)
