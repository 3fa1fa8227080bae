"""The card as a model card of RSNA's Annotated Library of AI Systems (ATLAS), schema 2025-11 (JSON).

Source: RSNA/ATLAS, model.json. The format has no place for a kind, so a field that nobody knows is left out, and named
under `Descriptors`, `Comments`: an empty field is shown as empty.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from registry.cards.words import text_of
from registry.domain.card import Card, FieldKind
from registry.domain.digest import digest_hex

SCHEMA = "https://atlas.rsna.org/schemas/2025-11/model.json"
Json = dict[str, Any]
_PROPERTIES: Mapping[str, str] = {
    "Architecture": "model_type",
    "Availability": "availability",
    "Decision threshold": "decision_threshold",
    "Degree of automation": "decision_role",
    "Indications for use": "intended_use",
    "Input": "input_description",
    "Instructions": "how_to_use",
}
_LIMITATIONS = ("out_of_scope", "known_risks", "known_biases")
_METRICS: Mapping[str, str] = {
    "auc": "area under the receiver operating characteristic curve",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "ppv": "positive predictive value",
    "npv": "negative predictive value",
    "brier": "Brier score",
    "ece": "expected calibration error",
    "ici": "integrated calibration index",
    "cox_slope": "calibration slope",
    "cox_intercept": "calibration intercept",
}
_MODALITIES: Mapping[str, str] = {
    "CT": "Computed tomography (RID10321)",
    "MR": "Magnetic resonance imaging (RID10312)",
}
_PERFORMANCE = (
    "validity_internal",
    "validity_external",
    "validity_local",
    "fairness_internal",
    "fairness_external",
    "fairness_local",
)
_LEAST, _LONGEST_KEYWORD, _LONGEST_NAME = 2, 64, 256
# The fields of the card on which the profile rests.
FIELDS = (
    "intended_use",
    "model_type",
    "decision_threshold",
    "decision_role",
    "input_description",
    "how_to_use",
    *_LIMITATIONS,
    "output_value",
    "developer_name",
    "developer_contact",
    "funding_source",
    "licence",
    "link",
    "regulatory_status",
    "modalities",
    "keywords",
    "validity_internal",
    "validity_external",
    "fairness_external",
)


def atlas_record(card: Card) -> Json:
    """Return the document; a model without a declared address is named by the digest of its files (RFC 8141)."""
    link = _text(card, "link") or f"urn:sha256:{digest_hex(card.artifact_digest)}"
    model = {
        "Name": card.name.ljust(4, "_")[:_LONGEST_NAME],
        "Link": link[:_LONGEST_NAME],
        "Indexing": {"Keywords": _keywords(card)} if _keywords(card) else None,
        "Descriptors": _descriptors(card),
        "Model properties": _properties(card),
        "Imaging": _imaging(card),
        "Model performance": _performance(card),
    }
    return {"$schema": SCHEMA, "Model": {key: value for key, value in model.items() if value}}


def _descriptors(card: Card) -> Json:
    developer, licence = _text(card, "developer_name"), _text(card, "licence")
    found = {
        "Contact": _text(card, "developer_contact"),
        "Funding": _text(card, "funding_source"),
        "License": {"Text": licence} if licence else None,
        "Organizations": [{"Name": developer}] if developer else None,
        "References": [{"Title": title} for title in card.fields["outcome_references"].value or ()],
        "Version": card.version,
        "Comments": _comments(card),
    }
    return {key: value for key, value in found.items() if value}


def _comments(card: Card) -> str:
    """Return whence the card is, what it rests on, and every field that is unknown or does not apply."""
    of_kind = {kind: [key for key in FIELDS if card.fields[key].kind is kind] for kind in FieldKind}
    lines = [f"Made by Overread from the card {card.digest}.", f"Artifact {card.artifact_digest}."]
    lines += [f"{kind.value.capitalize()}: {', '.join(keys)}." for kind, keys in of_kind.items() if keys]
    return " ".join(lines + (["Synthetic data."] if card.synthetic else []))


def _properties(card: Card) -> Json:
    found: Json = {name: _text(card, key) for name, key in _PROPERTIES.items()}
    found["Limitations"] = _limitations(card)
    output, status = _text(card, "output_value"), _text(card, "regulatory_status")
    found["Output"] = {"Description": output} if output else None
    found["Regulatory information"] = {"Authorization status": status} if status else None
    return {key: value for key, value in found.items() if value}


def _limitations(card: Card) -> str:
    said = [_text(card, key) for key in _LIMITATIONS]
    if card.not_assessed:
        said.append(f"Not assessed: {', '.join(card.not_assessed)}.")
    return " ".join(text for text in said if text)


def _imaging(card: Card) -> Json:
    named = card.fields["modalities"].value or ()
    modalities = [_MODALITIES[name] for name in named if name in _MODALITIES]
    return {"Modalities": modalities, "File format": ["DICOM"]} if modalities else {}


def _performance(card: Card) -> Json:
    measured = [key for key in _PERFORMANCE if card.fields[key].kind is FieldKind.MEASURED]
    if not measured:
        return {}
    names = sorted({_METRICS.get(name, "other") for key in measured for name in _names(card, key)})
    return {"Metrics": names, "Comments": " ".join(text_of(card, key) for key in measured)}


def _names(card: Card, key: str) -> Iterator[str]:
    value = card.fields[key].value
    for test in value["tests"] if isinstance(value, Mapping) else value:
        yield from (metric["name"].partition(":")[0] for metric in test.get("metrics", test.get("groups", ())))


def _keywords(card: Card) -> list[str]:
    words = dict.fromkeys(card.fields["keywords"].value or ())
    return [word for word in words if _LEAST <= len(word) <= _LONGEST_KEYWORD]


def _text(card: Card, key: str) -> str:
    known = card.fields[key].kind in {FieldKind.MEASURED, FieldKind.DECLARED}
    return text_of(card, key) if known else ""
