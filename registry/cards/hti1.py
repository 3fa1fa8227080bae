"""The card as the 31 source attributes of a predictive decision support intervention (HTI-1).

Source: 45 CFR 170.315(b)(11)(iv)(B), in own words. All 31 stand in the document, the empty ones too.
"""

from typing import Any

from registry.cards.words import text_of
from registry.domain.card import Card

SCHEMA = "overread.hti1/1"
REGULATION = "45 CFR 170.315(b)(11)(iv)(B)"
_GROUPS: tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...] = (
    (
        "Details and output",
        (
            ("Name and contact of the developer", ("developer_name", "developer_contact")),
            ("Funding source of the development", ("funding_source",)),
            ("Value that the intervention gives as output", ("output_value",)),
            ("Kind of output", ("output_type",)),
        ),
    ),
    (
        "Purpose",
        (
            ("Intended use", ("intended_use",)),
            ("Intended patients", ("intended_patients",)),
            ("Intended users", ("intended_users",)),
            ("Role in the decision", ("decision_role",)),
        ),
    ),
    (
        "Cautioned out-of-scope use",
        (
            ("Tasks, situations and populations to avoid", ("out_of_scope",)),
            ("Known risks, inappropriate settings and uses, limitations", ("known_risks", "known_biases")),
        ),
    ),
    (
        "Development and input features",
        (
            ("Exclusion and inclusion criteria of the training data", ("training_criteria", "training_data")),
            ("Personal and social attributes used as input", ("input_variables",)),
            ("Demographic representativeness of the training data", ("training_demographics",)),
            ("Relevance of the training data to the deployed setting", ("training_relevance",)),
        ),
    ),
    (
        "Fairness process",
        (
            ("Approach to make the output fair", ("fairness_approach",)),
            ("Approaches to manage, reduce or eliminate bias", ("bias_management",)),
        ),
    ),
    (
        "External validation process",
        (
            ("Data source, setting or environment of the external test", ("external_source",)),
            ("Party that did the external test", ("external_party",)),
            ("Demographic representativeness of the external data", ("external_demographics",)),
            ("Description of the external process", ("external_process",)),
        ),
    ),
    (
        "Quantitative measures",
        (
            ("Validity in test data of the same source", ("validity_internal",)),
            ("Fairness in test data of the same source", ("fairness_internal",)),
            ("Validity in external data", ("validity_external",)),
            ("Fairness in external data", ("fairness_external",)),
            ("References on the evaluation of outcomes", ("outcome_references",)),
        ),
    ),
    (
        "Ongoing maintenance",
        (
            ("Process and frequency of monitoring validity", ("validity_monitoring",)),
            ("Validity in local data", ("validity_local",)),
            ("Process and frequency of monitoring fairness", ("fairness_monitoring",)),
            ("Fairness in local data", ("fairness_local",)),
        ),
    ),
    (
        "Update and continued validation",
        (
            ("Process and frequency of updates", ("update_process",)),
            ("Process and frequency of correcting found risks", ("correction_process",)),
        ),
    ),
)
# The fields of the card on which the profile rests.
FIELDS = tuple(dict.fromkeys(key for _, rows in _GROUPS for _, keys in rows for key in keys))


def hti1_record(card: Card) -> dict[str, Any]:
    """Return the document: 31 attributes in the order of the rule, each with the kind of what it rests on."""
    rows = [(group, title, keys) for group, members in _GROUPS for title, keys in members]
    attributes = [_attribute(card, number, *row) for number, row in enumerate(rows, 1)]
    return {
        "schema": SCHEMA,
        "regulation": REGULATION,
        "model": card.model,
        "version": card.version,
        "card": card.digest,
        "synthetic": card.synthetic,
        "attributes": attributes,
        "known": sum(one["known"] for one in attributes),
        "of": len(attributes),
    }


def _attribute(card: Card, number: int, group: str, title: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """Return one attribute; one that rests on two fields is as unknown as its first."""
    fields = {key: card.fields[key] for key in keys}
    first = fields[keys[0]]
    return {
        "number": number,
        "group": group,
        "title": title,
        "kind": first.kind.value,
        "known": all(field.known for field in fields.values()),
        "text": " ".join(text_of(card, key) for key in keys if fields[key].known or key == keys[0]),
        "fields": {key: field.to_json() for key, field in fields.items()},
    }
