"""Holding claimed numbers against measured ones: a declared number never overrides a measured one."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from registry.domain.card import Card, Claim
from registry.domain.card_fields import COHORT_COUNTS

Json = Mapping[str, Any]


def contradictions(card: Card) -> tuple[str, ...]:
    """Say of each claim in which number it contradicts what was measured; one that nothing measures is not judged."""
    return tuple(why for claim in card.claims for why in _contradiction(card, claim))


def measured_for(card: Card, claim: Claim) -> list[Json]:
    """Return what is measured of a claim's metric on its cohort or cohort role: estimates, or counts as `value`.

    Every count and estimate of a field carries where it was measured, so that a claim finds it whatever its field.
    """
    found: list[Json] = []
    for place in _places(card):
        if claim.on not in {place["cohort"], place["role"]}:
            continue
        if claim.metric in COHORT_COUNTS:
            found.append({"value": str(_count(place[claim.metric])), "interval": [None, None], "n": None})
        found += [one for one in place.get("metrics", ()) if one["name"] == claim.metric and one["value"] is not None]
    return found


def measured_values(card: Card, metric: str) -> list[str]:
    """Return every value of a metric that a test measured, on whichever cohort."""
    found = (one for place in _places(card) for one in place.get("metrics", ()))
    return [one["value"] for one in found if one["name"] == metric and one["value"] is not None]


def agrees(said: str, measured: str) -> bool:
    """Say whether a decimal is a measured one, rounded to the digits with which it was written."""
    digits = Decimal(said).as_tuple().exponent
    half = Decimal(5).scaleb(int(digits) - 1)
    return abs(Decimal(said) - Decimal(measured)) <= half


def _contradiction(card: Card, claim: Claim) -> Iterator[str]:
    measured = measured_for(card, claim)
    if not measured or any(not list(_differences(claim, one)) for one in measured):
        return
    yield f"{claim.metric} on {claim.on}: {'; '.join(_differences(claim, measured[-1]))}"


def _differences(claim: Claim, measured: Json) -> Iterator[str]:
    if not agrees(claim.value, measured["value"]):
        yield f"declared {claim.value}, measured {_shown(measured['value'])}"
    bounds = zip(("lower", "upper"), (claim.low, claim.high), measured["interval"], strict=True)
    for name, said, found in bounds:
        if said and found is not None and not agrees(said, found):
            yield f"declared {name} bound {said}, measured {_shown(found)}"
    if claim.n is not None and measured["n"] not in {None, claim.n}:
        yield f"declared n {claim.n}, measured n {measured['n']}"


def _places(card: Card) -> Iterator[Json]:
    for key in ("training_data", "tuning_data"):
        if card.fields[key].value is not None:
            yield card.fields[key].value
    for key in ("validity_internal", "validity_external", "validity_local"):
        yield from card.fields[key].value or ()


def _count(value: Any) -> int:
    return len(value) if isinstance(value, list) else int(value)


def _shown(value: str) -> str:
    return format(Decimal(value).quantize(Decimal("0.0001")).normalize(), "f")
