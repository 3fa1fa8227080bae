"""Non-inferiority of a candidate under a change plan: to the deployed version and to the original floor, on one cohort.

The verdict is on the lower bound of the paired difference at the error that one look may spend: with L looks in the
plan, each interval has the level 1 - 2 alpha / L, so that all looks together err with at most alpha (Bonferroni). The
margin to the original version bounds what many small losses, each within the margin to its predecessor, add up to.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from registry.domain.comparison import DEPLOYED, ORIGINAL, ComparedMetric
from registry.domain.estimate import Estimate, decimal_text, rounded
from registry.domain.model import CriterionResult
from registry.domain.plan_criteria import Acceptance, NonInferiority
from registry.domain.vocabulary import MIN_PATIENTS_PER_CLASS, Verdict
from validation.protocol.acceptance import ClassPatients, overall
from validation.statistics.paired import CLUSTERED_TANGO, PAIRED_DELONG, PairedDifference, paired_areas, paired_shares
from validation.statistics.performance import auc_estimate, share_estimate
from validation.statistics.units import ScoredUnits


@dataclass(frozen=True)
class Arm:
    """One version on the units of the cohort: its number, its scored units, and its threshold cell k."""

    version: str
    units: ScoredUnits
    k: int


def compare(
    candidate: Arm, deployed: Arm, original: Arm, acceptance: Acceptance
) -> tuple[tuple[ComparedMetric, ...], Verdict, str]:
    """Judge a candidate against both versions by every criterion of a plan.

    Args:
        candidate: the version that may replace the deployed one.
        deployed: the version in use.
        original: the version first approved.
        acceptance: margins, alpha and looks.

    Returns:
        What was compared, the verdict over all of it, and why in one sentence.

    Raises:
        ValueError: when the arms are not on the same units.
    """
    others: Mapping[str, Arm] = {ORIGINAL: original, DEPLOYED: deployed}
    for other in others.values():
        _require_paired(candidate, other)
    level = level_of(acceptance)
    found = tuple(
        compare_metric(criterion, candidate, against, other, level)
        for criterion in acceptance.criteria
        for against, other in others.items()
    )
    return found, *overall([one.result for one in found])


def level_of(acceptance: Acceptance) -> float:
    """Return the level of a two-sided interval whose lower bound errs as often as one look may."""
    return 1 - 2 * acceptance.alpha_per_look


def compare_metric(criterion: NonInferiority, candidate: Arm, against: str, other: Arm, level: float) -> ComparedMetric:
    """Judge one metric against one version."""
    margin = criterion.margin_to_original if against == ORIGINAL else criterion.margin_to_deployed
    mine, theirs = (_estimate(criterion.metric, arm, level) for arm in (candidate, other))
    difference = _difference(criterion.metric, candidate, other, mine, level)
    result = _judged(criterion, against, difference, ClassPatients.of(candidate.units))
    return ComparedMetric(criterion.metric, against, other.version, mine, theirs, margin, result)


def _judged(criterion: NonInferiority, against: str, difference: Estimate, patients: ClassPatients) -> CriterionResult:
    limit = -criterion.margin(against)
    name = f"{criterion.metric} against {against}>{decimal_text(limit)}"
    fewest = min(patients.positive, patients.negative)
    if fewest < MIN_PATIENTS_PER_CLASS or difference.low is None:
        few = f"{fewest} patients of a class; needs {MIN_PATIENTS_PER_CLASS}"
        why = few if fewest < MIN_PATIENTS_PER_CLASS else difference.reason or "no interval"
        return CriterionResult(name, Verdict.NOT_ASSESSED, difference, limit, why)
    bound = rounded(difference.low)
    passed = bound is not None and bound > limit
    verdict = Verdict.PASSED if passed else Verdict.FAILED
    why = f"lower bound {decimal_text(bound)} {'clears' if passed else 'misses'} {decimal_text(limit)}"
    return CriterionResult(name, verdict, difference, limit, why)


def _difference(metric: str, candidate: Arm, other: Arm, counted: Estimate, level: float) -> Estimate:
    name, counts = f"{metric}_difference", (counted.n, counted.n_positive, counted.n_patients)
    if counted.value is None:
        return Estimate(name, None, None, None, *counts, level, METHODS[metric], counted.reason)
    found = _paired(metric, candidate, other, level)
    low, high = found.bounds if found.bounds is not None else (None, None)
    return Estimate(name, found.difference, low, high, *counts, level, found.method, found.reason)


def _paired(metric: str, candidate: Arm, other: Arm, level: float) -> PairedDifference:
    mine, theirs = candidate.units, other.units
    if metric == "auc":
        return paired_areas(mine.q, theirs.q, mine.truth, mine.patients, level)
    chosen = mine.truth if metric == "sensitivity" else ~mine.truth
    right = [(arm.units.q >= arm.k)[chosen] == mine.truth[chosen] for arm in (candidate, other)]
    return paired_shares(right[0], right[1], mine.patients[chosen], level)


def _estimate(metric: str, arm: Arm, level: float) -> Estimate:
    if metric == "auc":
        return auc_estimate(arm.units, level)
    return share_estimate(metric, arm.units, arm.k, level)


def _require_paired(first: Arm, second: Arm) -> None:
    same = first.units.n == second.units.n and (first.units.truth == second.units.truth).all()
    if not same or (first.units.patients != second.units.patients).any():
        raise ValueError("two versions are compared on the same units, in the same order")


METHODS: Mapping[str, str] = {
    "auc": PAIRED_DELONG,
    "sensitivity": CLUSTERED_TANGO,
    "specificity": CLUSTERED_TANGO,
}
