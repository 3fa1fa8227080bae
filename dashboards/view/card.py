"""A model card as blocks: every field with its kind, and beside each number its n, interval and source."""

from collections.abc import Iterable
from itertools import groupby

from dashboards.view.blocks import Block, Cell, Column, Document, Facts, Listing, Paragraph, Section, Table
from registry.cards.lint import Finding
from registry.cards.words import kind_of, text_of
from registry.domain.card import Card
from registry.domain.card_fields import FIELDS, FieldSpec

_COLUMNS = (Column("Field", weight=0.8), Column("Value", weight=2.2), Column("Kind", weight=1.0))


def card_document(card: Card, findings: Iterable[Finding]) -> Document:
    """Return the card as a document; what the linter finds stands on it."""
    groups = groupby(FIELDS.values(), lambda spec: spec.group)
    merged: dict[str, list[FieldSpec]] = {}
    for group, specs in groups:
        merged.setdefault(group, []).extend(specs)
    return Document(
        title=f"Model card: {card.name}",
        subtitle=f"{card.target}; card {card.digest}",
        language="en",
        synthetic=card.synthetic,
        cover=_cover(card),
        sections=(
            *(Section(group, group, (_table(card, group, specs),)) for group, specs in merged.items()),
            _claims(card),
            _findings(findings),
        ),
        footer=f"{card.name}, card {card.digest[:19]}",
    )


def _cover(card: Card) -> tuple[Block, ...]:
    known = sum(card.fields[key].known for key in FIELDS)
    inputs = card.inputs["evaluations"]
    pairs = (
        ("Version", Cell(card.name)),
        ("Fields known", Cell(f"{known} of {len(FIELDS)}")),
        ("Artifact", Cell(card.artifact_digest, "code")),
        ("Card", Cell(card.digest, "code")),
        ("Evaluations", Cell(", ".join(f"event {one['event_seq']}" for one in inputs) or "none")),
        ("Change plan", Cell("adopted" if card.inputs["change_plan"] else "none adopted")),
        ("Not assessed", Cell(", ".join(card.not_assessed) or "nothing")),
    )
    if card.synthetic:
        return Facts(pairs), Paragraph("Synthetic data: nothing here says how the model does on patients.", "synthetic")
    return (Facts(pairs),)


def _table(card: Card, group: str, specs: Iterable[FieldSpec]) -> Table:
    rows = tuple(
        (Cell(spec.title), Cell(text_of(card, spec.key)), Cell(kind_of(card.fields[spec.key]))) for spec in specs
    )
    return Table(f"fields-{group}", "Each field, and where its value comes from", _COLUMNS, rows)


def _claims(card: Card) -> Section:
    columns = (Column("Metric"), Column("On"), Column("Value"), Column("Reference"))
    rows = tuple(
        (Cell(claim.metric), Cell(claim.on), Cell(claim.text), Cell(claim.reference or "none")) for claim in card.claims
    )
    table = Table("claims", "Declared numbers; none of them overrides a measured one", columns, rows)
    return Section("claims", "Claims", (table,))


def _findings(findings: Iterable[Finding]) -> Section:
    said = tuple(f"{one.code} {one.where}: {one.what}" for one in findings)
    blocks: tuple[Block, ...] = (Listing(said),) if said else (Paragraph("The linter found nothing."),)
    return Section("findings", "What the linter found", blocks)
