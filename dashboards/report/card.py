"""The model card as HTML and as PDF, drawn from the same blocks as the reports."""

from pathlib import Path
from tempfile import TemporaryDirectory

from dashboards.report.html import document_html
from dashboards.report.pdf import compiled, lay_out
from dashboards.view.blocks import Document
from dashboards.view.card import card_document
from dashboards.view.record import record_bytes
from registry.cards.lint import lint_card
from registry.domain.card import Card
from registry.version import __version__

_RECORD = {
    "name": "card.json",
    "relationship": "data",
    "type": "application/json",
    "description": "The card as one record: every field with its kind and what it rests on",
}


def card_html(card: Card) -> str:
    """Return the card as one self-contained HTML page; the same card gives the same text."""
    return document_html(_document(card), "Version", __version__)


def card_pdf(card: Card, issued_at: str) -> bytes:
    """Return the card as PDF/A and PDF/UA with its record attached; the same card gives the same bytes.

    Args:
        card: the card.
        issued_at: when it was issued, which is the date of the file.

    Raises:
        OverreadError: when typst refuses the document.
    """
    with TemporaryDirectory(prefix="overread-card-") as folder:
        root = Path(folder)
        lay_out(_document(card), root, (_RECORD,))
        (root / "card.json").write_bytes(record_bytes(card.to_json()))
        return compiled(root, issued_at)


def _document(card: Card) -> Document:
    """Return the card with what the linter finds; what is merely unknown stands at its fields."""
    return card_document(card, lint_card(card, ()))
