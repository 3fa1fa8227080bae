"""Acceptance: criteria judged on the bounds of intervals, and the verdict over all of them.

passed: the bound clears the limit; failed: it does not; not assessed: too few patients, or no valid interval.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from registry.domain.estimate import Estimate, decimal_text, rounded
from registry.domain.model import CriterionResult
from registry.domain.vocabulary import Verdict
from validation.protocol.protocol import AT_LEAST, Criterion, Protocol
from validation.statistics.distributions import critical_value
from validation.statistics.units import ScoredUnits

_SHARES = frozenset({"sensitivity", "specificity", "ppv", "npv"})


@dataclass(frozen=True)
class ClassPatients:
    """Patients with a positive unit, and with a negative one."""

    positive: int
    negative: int

    @classmethod
    def of(cls, units: ScoredUnits) -> "ClassPatients":
        """Count them."""
        return cls(units.patients_with(truth=True), units.patients_with(truth=False))


def judge(
    protocol: Protocol,
    metrics: Iterable[Estimate],
    patients: ClassPatients,
) -> tuple[CriterionResult, ...]:
    """Judge every criterion of a protocol on estimates by name.

    Returns:
        The criteria's results in the protocol's order.

    Raises:
        KeyError: when a criterion's metric was not estimated.
    """
    by_name = {metric.name: metric for metric in metrics}
    return tuple(judge_criterion(each, by_name[each.metric], protocol, patients) for each in protocol.parsed())


def judge_criterion(
    criterion: Criterion,
    estimate: Estimate,
    protocol: Protocol,
    patients: ClassPatients,
) -> CriterionResult:
    """Judge one criterion on its estimate's bound, as published to 12 digits."""
    obstacle = _obstacle(criterion, estimate, protocol, patients)
    if obstacle:
        return CriterionResult(criterion.text, Verdict.NOT_ASSESSED, estimate, criterion.limit, obstacle)
    side = "lower" if criterion.direction == AT_LEAST else "upper"
    bound = rounded(estimate.low if side == "lower" else estimate.high)
    passed = bound is not None and criterion.holds(bound)
    verdict = Verdict.PASSED if passed else Verdict.FAILED
    why = f"{side} bound {_bound_text(bound, criterion)} {'clears' if passed else 'misses'} {criterion.limit_text}"
    return CriterionResult(criterion.text, verdict, estimate, criterion.limit, why)


def _bound_text(bound: float | None, criterion: Criterion) -> str:
    """Spell a bound with three decimals, or with all its digits where fewer would change the verdict."""
    if bound is None:
        return "(undefined)"
    short = f"{bound:.3f}"
    return short if criterion.holds(float(short)) is criterion.holds(bound) else str(decimal_text(bound))


def overall(results: Sequence[CriterionResult]) -> tuple[Verdict, str]:
    """Return the verdict over all criteria, with why: what was not assessed counts before what failed.

    Raises:
        ValueError: when there is no criterion.
    """
    if not results:
        raise ValueError("no criterion was judged")
    for verdict in (Verdict.NOT_ASSESSED, Verdict.FAILED):
        found = [result for result in results if result.verdict is verdict]
        if found:
            return verdict, "; ".join(f"{result.criterion}: {result.why}" for result in found)
    return Verdict.PASSED, f"all {len(results)} criteria hold on the bound of their interval"


def patients_needed(criterion: Criterion, protocol: Protocol) -> int:
    """Return the patients of each class for the protocol's precision, were the metric at its limit.

    A share needs n = z^2 L (1 - L) / w^2 (Buderer, Acad Emerg Med 1996;3:895), with the limit L and the half-width w.
    An area needs the least n for which z SE <= w, with SE by Hanley and McNeil (Radiology 1982;143:29) for n patients
    of each class. Never less than the protocol's least.
    """
    z, width, limit = critical_value(float(protocol.level)), float(protocol.precision), criterion.limit
    if criterion.metric == "auc":
        needed = _for_area(limit, (width / z) ** 2)
    else:
        needed = math.ceil(z**2 * limit * (1 - limit) / width**2)
    return max(protocol.min_patients_per_class, needed)


def _for_area(area: float, variance: float) -> int:
    """Return the least n with ((n - 1) b + a) / n^2 <= variance, where a = A (1 - A) and b = Q1 + Q2 - 2 A^2."""
    first = area * (1 - area)
    second = area / (2 - area) + 2 * area**2 / (1 + area) - 2 * area**2
    root = (second + math.sqrt(second**2 + 4 * variance * max(0.0, first - second))) / (2 * variance)
    return max(1, math.ceil(root))


def _obstacle(criterion: Criterion, estimate: Estimate, protocol: Protocol, patients: ClassPatients) -> str:
    least = protocol.min_patients_per_class
    if min(patients.positive, patients.negative) < least:
        needed = patients_needed(criterion, protocol)
        return (
            f"{_counted(patients)}; needs {least} of each to be assessed, and about {needed} of each "
            f"for an interval of +-{protocol.precision} at {criterion.limit_text}"
        )
    bound = estimate.low if criterion.direction == AT_LEAST else estimate.high
    if bound is None:
        return estimate.reason or "no interval"
    return _insufficient(criterion, estimate, protocol)


def _insufficient(criterion: Criterion, estimate: Estimate, protocol: Protocol) -> str:
    """Say that a share of 1 rests on too few: 10 of 10 hold no spread from which to tell how good it is (VAL-04)."""
    if criterion.metric not in _SHARES or estimate.value != 1.0 or estimate.low is None:
        return ""
    if (1 - estimate.low) / 2 <= float(protocol.precision):
        return ""
    needed = all_right_needed(float(protocol.precision), float(protocol.level))
    return (
        f"insufficient: {estimate.n} of {estimate.n} right, of {estimate.n_patients} patients, only shows "
        f"{estimate.low:.3f} to 1; needs {needed} patients for an interval of +-{protocol.precision}"
    )


def all_right_needed(precision: float, level: float) -> int:
    """Return the patients for which Wilson's interval of a share of 1, z^2 / (n + z^2) wide, has a half-width."""
    squared = critical_value(level) ** 2
    return math.ceil(squared / (2 * precision) - squared)


def _counted(patients: ClassPatients) -> str:
    if patients.positive == patients.negative:
        return f"{patients.positive} patients with each class"
    return f"{patients.positive} patients with a positive and {patients.negative} with a negative unit"
