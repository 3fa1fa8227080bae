"""Subgroups: each group's share or area against the rest, corrected for the size of the family.

The difference's interval combines the two clustered intervals (Zou & Donner 2008), which is Newcombe's for one unit a
patient. Its test is the pooled score test on effective sample sizes (Rao & Scott 1992), for areas the unpaired DeLong
test, or that of `area_tests` where an area has no variance. q-values are Benjamini and Hochberg's over the groups that
were assessed. A patient with units in two groups is taken as two, which makes the test conservative or liberal by the
little that they share.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from registry.domain.estimate import Estimate
from validation.statistics.area_tests import independent_areas
from validation.statistics.arrays import BoolArray, IntArray, Labels, codes_of, flags, same_length, tally
from validation.statistics.clustered import clustered_auc
from validation.statistics.distributions import normal_two_sided
from validation.statistics.multiplicity import benjamini_hochberg
from validation.statistics.performance import auc_estimate
from validation.statistics.proportions import (
    CLUSTERED_EXACT,
    Bounds,
    ClusteredShare,
    clustered_from_totals,
    difference_bounds,
    korn_graubard,
)
from validation.statistics.units import ScoredUnits


@dataclass(frozen=True)
class GroupResult:
    """A group's estimate and its difference from the rest.

    Attributes:
        group: the group's label.
        estimate: with `reason` too_few where the group or the rest is too small; no difference is given then.
        difference: group less rest; None where not assessed.
        bounds: the difference's interval.
        p_value, q_value: of the difference, alone and within the family.
    """

    group: str
    estimate: Estimate
    difference: float | None = None
    bounds: Bounds | None = None
    p_value: float | None = None
    q_value: float | None = None


def subgroup_shares(
    name: str,
    success: ArrayLike,
    patients: Labels,
    groups: Sequence[str],
    least: int,
    level: float = 0.95,
) -> list[GroupResult]:
    """Compare the share of successes of each group with the rest.

    Args:
        name: name of the share, such as `sensitivity`.
        success: flags bool[n] of the units in the share's denominator.
        patients: labels [n].
        groups: labels [n]; an empty label stands for unknown: it belongs to the rest and is not a group.
        least: patients below which a group is `too_few`.
        level: confidence level.
    """
    hits, codes = flags(success), codes_of(patients)
    same_length(hits, codes, np.asarray(groups))
    labels, members = _members(groups)
    shares = [_share(name, hits, codes, members == at, (label, least, level)) for at, label in enumerate(labels)]
    return _with_q([share for share, label in zip(shares, labels, strict=True) if label])


def subgroup_aucs(
    units: ScoredUnits,
    groups: Sequence[str],
    least: int,
    level: float = 0.95,
) -> list[GroupResult]:
    """Compare the area of each group with the rest.

    Args:
        units: scored units.
        groups: labels [n]; an empty label stands for unknown: it belongs to the rest and is not a group.
        least: patients of each class below which a group is `too_few`.
        level: confidence level.
    """
    same_length(units.q, np.asarray(groups))
    labels, members = _members(groups)
    areas = [_area(units, members == at, (label, least, level)) for at, label in enumerate(labels)]
    return _with_q([area for area, label in zip(areas, labels, strict=True) if label])


def _members(groups: Sequence[str]) -> tuple[list[str], IntArray]:
    """Return the distinct labels in order, and each unit's place among them."""
    if not len(groups):
        return [], np.zeros(0, dtype=np.int64)
    texts = np.asarray(groups, dtype=np.str_).tolist()  # looked up, not sorted: many units have few labels
    labels = sorted(set(texts))
    places = {label: place for place, label in enumerate(labels)}
    return labels, np.fromiter(map(places.__getitem__, texts), dtype=np.int64, count=len(texts))


def _share(name: str, hits: BoolArray, codes: IntArray, mask: BoolArray, how: tuple[str, int, float]) -> GroupResult:
    label, least, level = how
    inside, outside = (_clustered(hits[side], codes[side], level) for side in (mask, ~mask))
    if inside is None:
        return GroupResult(label, Estimate(name, None, None, None, 0, 0, 0, level, CLUSTERED_EXACT, "too_few"))
    counts = (inside.n, None, inside.patients)
    reason = "" if inside.patients >= least else f"too_few: {inside.patients} patients; needs {least}"
    estimate = Estimate(name, inside.value, *korn_graubard(inside, level), *counts, level, CLUSTERED_EXACT, reason)
    if reason or outside is None or outside.patients < least:
        return GroupResult(label, estimate)
    bounds = difference_bounds(inside.value, inside.bounds, outside.value, outside.bounds)
    return GroupResult(label, estimate, inside.value - outside.value, bounds, _score_test(inside, outside))


def _clustered(hits: BoolArray, codes: IntArray, level: float) -> ClusteredShare | None:
    if not len(hits):
        return None
    sizes = tally(codes)
    return clustered_from_totals(tally(codes[hits], len(sizes)), sizes, level)


def _score_test(first: ClusteredShare, second: ClusteredShare) -> float:
    """Return the two-sided p-value of equal shares; 1 where both are all or nothing alike."""
    weights = (first.effective_n, second.effective_n)
    pooled = (first.value * weights[0] + second.value * weights[1]) / sum(weights)
    variance = pooled * (1 - pooled) * (1 / weights[0] + 1 / weights[1])
    return normal_two_sided((first.value - second.value) / math.sqrt(variance)) if variance > 0 else 1.0


def _area(units: ScoredUnits, mask: BoolArray, how: tuple[str, int, float]) -> GroupResult:
    label, least, level = how
    inside, outside = units.where(mask), units.where(~mask)
    if fewest(inside) < least:
        return GroupResult(label, _too_few(inside, least, level))
    estimate = auc_estimate(inside, level)
    if fewest(outside) < least:
        return GroupResult(label, estimate)
    areas = [clustered_auc(side.q, side.truth, side.patients) for side in (inside, outside)]
    found = independent_areas(areas[0], areas[1], level)
    return GroupResult(label, estimate, found.difference, found.bounds, found.p_value)


def fewest(units: ScoredUnits) -> int:
    """Return the patients of the class that has fewer."""
    return min(units.patients_with(truth=True), units.patients_with(truth=False))


def _too_few(units: ScoredUnits, least: int, level: float) -> Estimate:
    reason = f"too_few: {fewest(units)} patients of a class; needs {least}"
    return Estimate("auc", None, None, None, units.n, units.n_positive, units.n_patients, level, reason=reason)


def _with_q(results: list[GroupResult]) -> list[GroupResult]:
    tested = [result.p_value for result in results if result.p_value is not None]
    adjusted = iter(benjamini_hochberg(tested).tolist())
    return [result if result.p_value is None else replace(result, q_value=next(adjusted)) for result in results]
