"""The report as one HTML file: inline pictures, one inline stylesheet, no script, nothing fetched."""

from markupsafe import Markup

from dashboards.templating import render, stylesheet
from dashboards.view.blocks import Document
from dashboards.view.document import report_document
from registry.domain.dossier import Dossier


def render_html(dossier: Dossier) -> str:
    """Return the report as one self-contained HTML page; the same dossier gives the same text."""
    return document_html(report_document(dossier), "Version and record", dossier.code_version)


def document_html(document: Document, cover_title: str, code_version: str) -> str:
    """Return a document as one self-contained HTML page.

    Args:
        document: cover and sections.
        cover_title: over the cover.
        code_version: of the software that wrote it.
    """
    css = Markup(stylesheet())  # noqa: S704 - our own stylesheet
    return render("document.html", document=document, cover_title=cover_title, code_version=code_version, css=css)
