"""The card as a machine learning bill of materials: CycloneDX 1.6 with `modelCard` (ECMA-424, JSON).

The kind of every field and what it rests on travel as properties, so that nothing is lost on the way.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from registry.cards.words import cohort_text, kind_of, number_text, text_of
from registry.domain.card import Card, FieldKind
from registry.domain.card_fields import FIELDS as ALL
from registry.domain.digest import digest_hex, digest_uuid
from registry.version import __version__

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
Json = dict[str, Any]
_LIMITS = ("out_of_scope", "known_risks")
_TESTS = ("validity_internal", "validity_external", "validity_local")
_GROUPS = ("fairness_internal", "fairness_external", "fairness_local")
# The fields of the card on which the profile rests.
FIELDS = (
    "developer_name",
    "intended_use",
    "intended_users",
    *_LIMITS,
    "known_biases",
    "bias_management",
    "model_type",
    "output_type",
    "input_description",
    "training_data",
    "tuning_data",
    "validity_internal",
    "validity_external",
    "fairness_external",
)


def cyclonedx_record(card: Card) -> Json:
    """Return the bill of materials; its serial number follows from the card's digest, so that it never changes."""
    return {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{digest_uuid(card.digest)}",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "overread", "version": __version__}]},
            "component": _component(card),
        },
    }


def _component(card: Card) -> Json:
    developer = _known(card, "developer_name")
    found = {
        "type": "machine-learning-model",
        "bom-ref": card.name,
        "name": card.model,
        "version": card.version,
        "description": _known(card, "summary"),
        "supplier": {"name": developer} if developer else None,
        "hashes": [{"alg": "SHA-256", "content": digest_hex(card.artifact_digest)}],
        "modelCard": {
            "modelParameters": _parameters(card),
            "quantitativeAnalysis": {"performanceMetrics": list(_metrics(card))},
            "considerations": _considerations(card),
            "properties": list(_properties(card)),
        },
    }
    return {key: value for key, value in found.items() if value}


def _parameters(card: Card) -> Json:
    found = {
        "approach": {"type": "supervised"},
        "task": _known(card, "output_type"),
        "architectureFamily": _known(card, "model_type"),
        "datasets": [_dataset(card, key) for key in ("training_data", "tuning_data")] + list(_test_sets(card)),
        "inputs": [{"format": _known(card, "input_description")}] if _known(card, "input_description") else None,
        "outputs": [{"format": _known(card, "output_value")}] if _known(card, "output_value") else None,
    }
    return {key: value for key, value in found.items() if value}


def _dataset(card: Card, key: str) -> Json:
    field = card.fields[key]
    return _data(field.value, field.sources[0].digest)


def _test_sets(card: Card) -> Iterator[Json]:
    digests = [one.digest for key in _TESTS for one in card.fields[key].sources if one.kind == "cohort"]
    tests = [test for key in _TESTS for test in card.fields[key].value or ()]
    seen = {test["cohort"]: (test, digest) for test, digest in zip(tests, digests, strict=False)}
    yield from (_data(test, digest) for test, digest in seen.values())


def _data(value: Mapping[str, Any], digest: str) -> Json:
    described = {"type": "dataset", "name": value["cohort"], "description": cohort_text(value)}
    return described | {"contents": {"properties": [{"name": "overread:cohort:digest", "value": digest}]}}


def _metrics(card: Card) -> Iterator[Json]:
    seen = set()
    for test in _tests(card):
        for metric in test.get("metrics", test.get("groups", ())):
            name, _, group = metric["name"].partition(":")
            place = " ".join(part for part in (test["cohort"], group) if part)
            if metric["value"] is not None and (name, place) not in seen:
                seen.add((name, place))
                yield _metric(metric, name, f"{place} (n {metric['n']})")


def _metric(metric: Mapping[str, Any], name: str, place: str) -> Json:
    low, high = metric["interval"]
    found = {"type": name, "value": metric["value"], "slice": place}
    if low is None or high is None:
        return found
    return found | {"confidenceInterval": {"lowerBound": low, "upperBound": high}}


def _tests(card: Card) -> Iterator[Mapping[str, Any]]:
    for key in _TESTS:
        yield from card.fields[key].value or ()
    for key in _GROUPS:
        yield from (card.fields[key].value or {}).get("tests", ())


def _considerations(card: Card) -> Json:
    biases = _known(card, "known_biases")
    managed = _known(card, "bias_management")
    found = {
        "users": _one(card, "intended_users"),
        "useCases": _one(card, "intended_use"),
        "technicalLimitations": [text_of(card, key) for key in _LIMITS if _known(card, key)],
        "ethicalConsiderations": [{"name": biases} | ({"mitigationStrategy": managed} if managed else {})]
        if biases
        else None,
        "fairnessAssessments": list(_assessments(card)),
    }
    return {key: value for key, value in found.items() if value}


def _assessments(card: Card) -> Iterator[Json]:
    """Yield one assessment an axis; of one that nobody assessed too, which is the finding."""
    for axis in card.assessed:
        named = f":{axis}="
        groups = [
            f"{metric['name']} {number_text(metric['value'])} on {test['cohort']}"
            for test in _tests(card)
            for metric in test.get("groups", ())
            if named in metric["name"] and metric["value"] is not None
        ]
        yield {"groupAtRisk": axis, "harms": f"Assessed: {'; '.join(dict.fromkeys(groups))}."}
    for axis in card.not_assessed:
        yield {"groupAtRisk": axis, "harms": "Not assessed."}


def _properties(card: Card) -> Iterator[Json]:
    yield {"name": "overread:card", "value": card.digest}
    yield {"name": "overread:synthetic", "value": "true" if card.synthetic else "false"}
    for key in ALL:
        field = card.fields[key]
        yield {"name": f"overread:field:{key}", "value": kind_of(field)}
        if field.kind is FieldKind.NOT_APPLICABLE:
            yield {"name": f"overread:reason:{key}", "value": field.reason}


def _known(card: Card, key: str) -> str:
    known = card.fields[key].kind in {FieldKind.MEASURED, FieldKind.DECLARED}
    return text_of(card, key) if known else ""


def _one(card: Card, key: str) -> list[str]:
    return [_known(card, key)] if _known(card, key) else []
