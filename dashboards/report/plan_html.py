"""The report on a change plan as one HTML file: one inline stylesheet, no script, nothing fetched."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from dashboards.templating import render, stylesheet
from dashboards.view.plan_report import plan_report_document
from registry.version import __version__


def render_plan_report(report: Mapping[str, Any]) -> str:
    """Return a report on a change plan as one self-contained page; the same report gives the same text."""
    css = Markup(stylesheet())  # noqa: S704 - our own stylesheet
    document = plan_report_document(report)
    return render("plan_report.html", document=document, css=css, code_version=__version__)
