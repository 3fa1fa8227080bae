"""The card as an applied model card of the Coalition for Health AI, schema version 0.2 (XML).

Source: coalition-for-health-ai/mc-schema, v0.2/schema.xsd. A text that nobody declared says that it is unknown.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from registry.cards.words import kind_of, text_of
from registry.domain.card import Card

NAMESPACE = "https://mc.chai.org/v0.2/schema.xsd"
Json = Mapping[str, Any]
Row = tuple[str, str | Callable[[Card], str]]


def _texts(card: Card, *keys: str) -> str:
    """Return some fields in words, one a line; what they all say is said once."""
    return "\n".join(dict.fromkeys(text_of(card, key) for key in keys))


def _biases(card: Card) -> str:
    """Return the declared biases beside what nobody assessed, which a reader must see in the same place."""
    missing = f"Not assessed: {', '.join(card.not_assessed)}." if card.not_assessed else ""
    return "\n".join(part for part in (text_of(card, "known_biases"), missing) if part)


_PARTS: tuple[tuple[str, tuple[Row, ...]], ...] = (
    (
        "BasicInfo",
        (
            ("ModelName", lambda card: card.name),
            ("ModelDeveloper", "developer_name"),
            ("DeveloperContact", "developer_contact"),
        ),
    ),
    (
        "ReleaseInfo",
        (
            ("ReleaseStage", "release_stage"),
            ("ReleaseDate", "release_date"),
            ("ReleaseVersion", lambda card: f"{card.version} ({card.artifact_digest})"),
            ("GlobalAvailability", "availability"),
            ("RegulatoryApproval", "regulatory_status"),
        ),
    ),
    ("ModelSummary", (("Summary", "summary"), ("Keywords", "keywords"))),
    (
        "UsesAndDirections",
        (
            ("IntendedUseAndWorkflow", "intended_use"),
            ("PrimaryIntendedUsers", "intended_users"),
            ("HowToUse", "how_to_use"),
            ("TargetedPatientPopulation", "intended_patients"),
            ("CautionedOutOfScopeSettings", "out_of_scope"),
        ),
    ),
    (
        "Warnings",
        (
            ("KnownRisksAndLimitations", "known_risks"),
            ("KnownBiasesOrEthicalConsiderations", _biases),
            ("ClinicalRiskLevel", "clinical_risk_level"),
        ),
    ),
)
_FACTS: tuple[Row, ...] = (
    ("OutcomesAndOutputs", "output_value"),
    ("ModelType", "model_type"),
    ("FoundationModels", "foundation_models"),
    ("InputDataSource", "training_data"),
    ("OutputAndInputDataTypes", lambda card: _texts(card, "input_description", "output_type")),
    (
        "DevelopmentDataCharacterization",
        lambda card: _texts(card, "training_criteria", "training_demographics"),
    ),
    ("BiasMitigationApproaches", "bias_management"),
    (
        "OngoingMaintenance",
        lambda card: _texts(card, "validity_monitoring", "update_process", "correction_process"),
    ),
    ("Security", "security"),
    ("Transparency", "transparency"),
)
_TRANSPARENCY: tuple[Row, ...] = (
    ("FundingSource", "funding_source"),
    ("ThirdPartyInformation", "third_party_information"),
    ("StakeholdersConsulted", "stakeholders_consulted"),
)
_RESOURCES: tuple[Row, ...] = (
    ("EvaluationReferences", "outcome_references"),
    ("ClinicalTrial", "clinical_trial"),
    ("PeerReviewedPublications", "outcome_references"),
    ("ReimbursementStatus", "reimbursement"),
    ("PatientConsentOrDisclosure", "patient_notice"),
)
_METRICS = (
    (
        "UsefulnessUsabilityEfficacy",
        "Validity on data of the same source as the training data.",
        ("validity_internal",),
    ),
    ("FairnessEquity", "Validity in groups of patients and images.", ("fairness_external", "fairness_internal")),
    ("SafetyReliability", "Validity at sites that the model was not made with.", ("validity_external",)),
)
_OPTIONAL = frozenset(
    {
        "RegulatoryApproval",
        "FoundationModels",
        "Security",
        "Transparency",
        "ThirdPartyInformation",
        "EvaluationReferences",
        "ClinicalTrial",
        "ReimbursementStatus",
    }
)
# The fields of the card on which the profile rests.
FIELDS = tuple(
    dict.fromkeys(
        [
            key
            for rows in (*(part for _, part in _PARTS), _FACTS, _TRANSPARENCY, _RESOURCES)
            for name, key in rows
            if isinstance(key, str) and name not in _OPTIONAL
        ]
        + ["known_biases", "input_description", "output_type", "training_criteria", "training_demographics"]
        + ["validity_monitoring", "update_process", "correction_process"]
        + [keys[0] for _, _, keys in _METRICS]
    )
)


def chai_xml(card: Card) -> bytes:
    """Return the card as XML, valid under the schema v0.2 whatever was declared; the same card gives the same bytes."""
    ET.register_namespace("", NAMESPACE)
    root = ET.Element(_tag("AppliedModelCard"))
    for name, rows in _PARTS:
        _write(_child(root, name), card, rows)
    trust = _child(root, "TrustIngredients")
    _write(_child(trust, "AISystemFacts"), card, _FACTS)
    _write(_child(trust, "TransparencyInformation"), card, _TRANSPARENCY)
    metrics = _child(root, "KeyMetrics")
    for name, goal, keys in _METRICS:
        known = [key for key in keys if card.fields[key].known]
        _key_metric(_child(metrics, name), card, goal, (known or keys)[0])
    _write(_child(root, "Resources"), card, _RESOURCES)
    _child(root, "Bibliography").text = ""
    root.append(ET.Comment(f" made by Overread from the card {card.digest} "))
    ET.indent(root, "  ")
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _write(parent: ET.Element, card: Card, rows: Sequence[Row]) -> None:
    for name, key in rows:
        if key == "keywords":
            _keywords(_child(parent, name), card)
        elif not isinstance(key, str):
            _child(parent, name).text = _legal(key(card))
        elif name not in _OPTIONAL or card.fields[key].known:
            _child(parent, name).text = _legal(text_of(card, key))


def _keywords(parent: ET.Element, card: Card) -> None:
    for word in card.fields["keywords"].value or ():
        _child(parent, "Keyword").text = _legal(word)


def _key_metric(parent: ET.Element, card: Card, goal: str, key: str) -> None:
    field = card.fields[key]
    _child(parent, "MetricGoal").text = goal
    results = _child(parent, "Results")
    for label, value in _results(card, key) or [("not assessed", {"kind": "none", "reason": field.reason})]:
        result = _child(results, "MetricResult")
        _child(result, "Label").text = _legal(label)
        _child(result, "ValueJson").text = _legal(json.dumps(value, sort_keys=True, ensure_ascii=False))
    _child(parent, "Interpretation").text = _legal(text_of(card, key))
    _child(parent, "TestType").text = _legal(kind_of(field))
    _child(parent, "TestingDataDescription").text = _legal(_data(card, key))
    _child(parent, "ValidationProcessAndJustification").text = _legal(text_of(card, "external_process"))


def _results(card: Card, key: str) -> list[tuple[str, Json]]:
    return [
        (f"{metric['name']} on {test['cohort']}", _result(metric)) for test in _tests(card, key) for metric in _of(test)
    ]


def _result(metric: Json) -> Json:
    """Return a metric as its structured value; numbers stay the decimals that were measured."""
    if metric["value"] is None:
        return {"kind": "none", "n": metric["n"], "reason": metric["reason"]}
    low, high = metric["interval"]
    found = {"estimate": float(metric["value"]), "n": metric["n"], "n_patients": metric["n_patients"]}
    if low is None or high is None:
        return found | {"kind": "single", "reason": metric["reason"]}
    return found | {
        "kind": "estimate_ci",
        "ci_low": float(low),
        "ci_high": float(high),
        "level": float(metric["level"]),
    }


def _of(test: Json) -> Sequence[Json]:
    metrics: Sequence[Json] = test["metrics"] if "metrics" in test else test["groups"]
    return metrics


def _tests(card: Card, key: str) -> Iterator[Json]:
    value = card.fields[key].value
    if value is not None:
        yield from value["tests"] if isinstance(value, Mapping) else value


def _data(card: Card, key: str) -> str:
    named = ", ".join(f"{test['cohort']} ({test['units']} units)" for test in _tests(card, key))
    return named or f"Unknown ({card.fields[key].reason})."


def _child(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, _tag(name))


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _legal(text: str) -> str:
    """Leave out what XML 1.0 cannot hold (section 2.2)."""
    return "".join(letter for letter in text if letter in "\t\n" or (letter >= " " and letter not in "\ufffe\uffff"))
