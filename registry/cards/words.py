"""Fields in words, for formats that hold sentences: every number with its n and interval, every gap said."""

from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from registry.domain.card import Card, CardField, FieldKind

Json = Mapping[str, Any]
_SHOWN = Decimal("0.001")


def text_of(card: Card, key: str) -> str:
    """Return a field in words: its value, or that it is unknown or does not apply, and why."""
    field = card.fields[key]
    if field.kind is FieldKind.UNKNOWN:
        return f"Unknown ({field.reason})."
    if field.kind is FieldKind.NOT_APPLICABLE:
        return f"Not applicable ({field.reason})."
    if field.kind is FieldKind.DECLARED:
        return ", ".join(field.value) if isinstance(field.value, list) else str(field.value)
    return _MEASURED[key](field.value)


def kind_of(field: CardField) -> str:
    """Return a field's kind with what it rests on, in one phrase."""
    if field.kind is FieldKind.MEASURED:
        events = ", ".join(f"{one.kind} of event {one.event_seq}" for one in field.sources)
        return f"measured ({events})"
    if field.by:
        return f"{field.kind} by {field.by}, {field.at[:10]}"
    return field.kind.value


def metric_text(metric: Json) -> str:
    """Return an estimate with its interval and n, or why there is none."""
    behind = f"n {metric['n']}" + (f", {metric['n_patients']} patients" if metric["n_patients"] is not None else "")
    if metric["value"] is None:
        return f"{metric['name']} not assessed ({metric['reason'] or 'no value'}; {behind})"
    low, high = metric["interval"]
    within = "no interval" if low is None or high is None else f"{number_text(low)} to {number_text(high)}"
    return f"{metric['name']} {number_text(metric['value'])} ({within}, {behind})"


def group_text(metric: Json) -> str:
    """Return a group's estimate, with its difference from the rest where that was judged."""
    gap = metric.get("difference")
    if gap is None:
        return metric_text(metric)
    low, high = gap["interval"]
    q = f", q {number_text(metric['q_value'])}" if metric["q_value"] is not None else ""
    return f"{metric_text(metric)}, {_signed(gap['value'])} to the rest ({_signed(low)} to {_signed(high)}{q})"


def _signed(value: str) -> str:
    return format(Decimal(value).quantize(_SHOWN, ROUND_HALF_EVEN), "+f")


def _unknown_texts(test: Json) -> Iterator[str]:
    """Say of which attributes how many units state nothing, and of which none was looked at."""
    for axis, found in test.get("unknown", {}).items():
        if found["value"] is None or found["reason"]:
            yield f"{axis} not assessed ({found['reason']})"
        elif Decimal(found["value"]) > 0:
            yield f"{axis} unknown in {number_text(found['value'])} of the units"


def _demographics_text(value: Json) -> str:
    parts = [
        f"{axis} "
        + ", ".join(f"{group} {n}" for group, n in sorted(groups.items()))
        + f", unknown share {number_text(value['unknown'][axis])}"
        for axis, groups in value["stated"].items()
    ]
    return f"{value['cohort']} ({value['units']} units): {'; '.join(parts)}"


def number_text(value: str) -> str:
    """Return a decimal to three places."""
    return format(Decimal(value).quantize(_SHOWN, ROUND_HALF_EVEN), "f")


def cohort_text(value: Json) -> str:
    """Return the counts of a cohort."""
    mark = ", synthetic" if value["synthetic"] else ""
    return (
        f"{value['cohort']} ({value['role']}{mark}): {value['units']} units, {value['positive']} positive, "
        f"{value['patients']} patients, {value['scanners']} scanners, sites {', '.join(value['sites'])}"
    )


def _criteria_text(value: Json) -> str:
    chosen = "; ".join(value["selection"]) or "everything with an outcome"
    left = "; ".join(f"{n} after {step}" for step, n in value["flow"])
    return f"Chosen by {chosen}." + (f" Left: {left}." if left else "")


def _each(one: Callable[[Json], str]) -> Callable[[Any], str]:
    return lambda value: " ".join(f"{one(item)}." for item in value)


def _how_text(value: Json) -> str:
    proofs = ", ".join(proof["against"] for proof in value["proofs"] if proof["disjoint"]) or "no cohort"
    criteria = "; ".join(value["criteria"]) or "no criterion"
    return (
        f"{value['cohort']}: protocol {value['protocol_digest']}, frozen before it was scored; {criteria}; "
        f"proved disjoint from {proofs}; verdict {value['verdict'].replace('_', ' ')} ({value['why']})"
    )


def _validity_text(value: Json) -> str:
    metrics = "; ".join(map(metric_text, value["metrics"])) or "no metric"
    return f"{cohort_text(value)}: {metrics}; verdict {value['verdict'].replace('_', ' ')}"


def _fairness_text(value: Json) -> str:
    tests = " ".join(
        f"{cohort_text(one)}: {'; '.join([*map(group_text, one['groups']), *_unknown_texts(one)])}."
        for one in value["tests"]
    )
    missing = ", ".join(value["not_assessed"])
    return tests + (f" Not assessed: {missing}." if missing else "")


_MEASURED: Mapping[str, Callable[[Any], str]] = {
    "training_data": cohort_text,
    "tuning_data": cohort_text,
    "training_criteria": _criteria_text,
    "external_source": _each(cohort_text),
    "external_party": _each(lambda one: f"{one['cohort']}: {one['person']}, {one['completed_at'][:10]}"),
    "external_process": _each(_how_text),
    "external_demographics": _each(_demographics_text),
    "decision_threshold": _each(lambda one: f"{one['threshold']} on {one['cohort']}"),
    "validity_internal": _each(_validity_text),
    "validity_external": _each(_validity_text),
    "validity_local": _each(_validity_text),
    "fairness_internal": _fairness_text,
    "fairness_external": _fairness_text,
    "fairness_local": _fairness_text,
}
