"""The report as one HTML file: inline pictures, one inline stylesheet, no script, nothing fetched."""

from markupsafe import Markup

from dashboards.templating import render, stylesheet
from dashboards.view.document import report_document
from registry.domain.dossier import Dossier


def render_html(dossier: Dossier) -> str:
    """Return the report as one self-contained HTML page; the same dossier gives the same text."""
    css = Markup(stylesheet())  # noqa: S704 - our own stylesheet
    return render("report.html", dossier=dossier, document=report_document(dossier), css=css)
