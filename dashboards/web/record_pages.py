"""What the pages of a version's card, of its lineage and of a model of others show."""

from typing import Any

from dashboards.view.blocks import Block, Listing, Paragraph, Section
from dashboards.view.card import card_document
from dashboards.view.cover import SYNTHETIC_NOTE
from dashboards.view.lineage import lineage_sections
from dashboards.view.numbers import count_text, instant_words
from dashboards.view.watched import watched_sections
from dashboards.web.model_page import Asked
from registry.cards.lint import Finding, lint_card
from registry.cards.words import text_of
from registry.domain.card import Card
from registry.domain.card_fields import FIELDS
from registry.domain.dossier import WatchedView
from registry.domain.record_views import CardView, LineageView

LIMITS = ("out_of_scope", "known_risks", "known_biases")


def card_values(view: CardView, asked: Asked) -> dict[str, Any]:
    """Return the values of the card's page: its limits first, then every field with its kind."""
    card, findings = view.card, lint_card(view.card, ())
    document = card_document(card, findings)
    told = _standing(view)
    sections = (_limits(card, findings), Section("card", "The card", (*told, *document.cover)), *document.sections[:-1])
    return _values(f"Model card of {card.name}", asked, sections, synthetic=card.synthetic)


def lineage_values(view: LineageView, asked: Asked) -> dict[str, Any]:
    """Return the values of the lineage's page."""
    return _values(f"Lineage of {view.version}", asked, lineage_sections(view), synthetic=False)


def watched_values(view: WatchedView) -> dict[str, Any]:
    """Return the values of the page of a model that was not trained here."""
    values = _values(view.name, Asked(view.model), watched_sections(view), synthetic=view.synthetic)
    return values | {"back": "/", "model": "the fleet"}


def _values(title: str, asked: Asked, sections: tuple[Section, ...], *, synthetic: bool) -> dict[str, Any]:
    return {
        "title": title,
        "back": asked.base + asked.query(),
        "model": asked.model,
        "sections": sections,
        "contents": [(section.key, section.title) for section in sections],
        "synthetic": synthetic,
        "synthetic_note": SYNTHETIC_NOTE,
    }


def _limits(card: Card, findings: tuple[Finding, ...]) -> Section:
    """Return what the card does not show, before everything that it does."""
    missing = ", ".join(axis.replace("_", " ") for axis in card.not_assessed) or "nothing"
    unknown = [spec.title for key, spec in FIELDS.items() if not card.fields[key].known]
    said = [f"Not assessed by groups: {missing}."]
    said += [f"{FIELDS[key].title}: {text_of(card, key)}" for key in LIMITS]
    said += [f"{one.code} {one.where}: {one.what}" for one in findings]
    said.append(f"{len(unknown)} of {len(FIELDS)} fields are unknown: {', '.join(unknown) or 'none'}.")
    return Section("limits", "Limits", (Listing(tuple(said)),))


def _standing(view: CardView) -> tuple[Block, ...]:
    if view.issued_seq is None:
        return (Paragraph("Nobody issued this card yet: it is shown as the record stands now.", "quiet"),)
    issued = f"Issued in ledger event {count_text(view.issued_seq)}, {instant_words(view.issued_at)}."
    if view.stale:
        return (Paragraph(f"{issued} It is stale: since then there are other {view.stale}.", "warn"),)
    return (Paragraph(issued, "quiet"),)
