"""The groups of a test cohort: performance of each with n and interval, its gap to the rest, and the worst one's bound.

A group below the protocol's least patients has no value: 10 of 10 right is no 100 %. The q-values are Benjamini and
Hochberg's over every difference of the evaluation, all axes and metrics together. A gate on the worst group passes only
where every group's bound clears the limit: an intersection-union test, whose error is at most that of one group
(Berger, Technometrics 1982;24:295), so that no correction is due.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from registry.domain.estimate import Estimate, rounded
from registry.domain.group_report import NOT_STATED, AxisCoverage, GroupFinding, GroupReport
from registry.domain.model import CriterionResult
from registry.domain.vocabulary import Verdict
from validation.protocol.protocol import GroupCriterion, Protocol
from validation.statistics.multiplicity import benjamini_hochberg
from validation.statistics.proportions import CLUSTERED_WILSON, clustered_proportion
from validation.statistics.subgroups import GroupResult, subgroup_aucs, subgroup_shares
from validation.statistics.units import ScoredUnits

GROUP_METRICS = ("auc", "sensitivity", "specificity")
MOST_SMALL = 30  # groups too small for any number that are listed by name; further ones are counted
BETWEEN = "*"
DIFFERENCE = "group less rest, from both clustered intervals (Zou & Donner 2008); areas by unpaired DeLong"
Attributes = Mapping[str, Sequence[str]]


def group_report(
    units: ScoredUnits, attributes: Attributes, withheld: Mapping[str, str], k: int, protocol: Protocol
) -> GroupReport:
    """Judge every group of some attributes.

    Args:
        units: scored units.
        attributes: by axis or pair of axes, a label [n] a unit in their order; an empty one is unknown.
        withheld: axes that may not be looked at, with the reason.
        k: threshold cell.
        protocol: level, and least patients.

    Raises:
        ValueError: when an axis has not one label a unit.
    """
    axes = [AxisCoverage(axis, _nothing(axis, why, protocol)) for axis, why in sorted(withheld.items())]
    found: list[GroupFinding] = []
    for axis, labels in attributes.items():
        covered, groups = _axis(units, axis, labels, k, protocol)
        axes.append(covered)
        found += groups
    adjusted, tests = _with_q(found)
    return GroupReport(tuple(axes), tuple(adjusted), f"Benjamini-Hochberg over {tests} differences")


def judge_groups(protocol: Protocol, report: GroupReport) -> list[CriterionResult]:
    """Judge the protocol's criteria on the worst group; a group that is too small is never passed."""
    return [_judged(criterion, report, protocol) for criterion in protocol.parsed_groups()]


def pair_labels(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """Return the labels of two axes together; unknown where either is."""
    return [f"{one}{BETWEEN}{other}" if one and other else "" for one, other in zip(first, second, strict=True)]


def _axis(
    units: ScoredUnits, axis: str, labels: Sequence[str], k: int, protocol: Protocol
) -> tuple[AxisCoverage, list[GroupFinding]]:
    if len(labels) != units.n:
        raise ValueError(f"{len(labels)} labels of {axis} for {units.n} units")
    sizes = Counter(label for label in labels if label)
    covered = AxisCoverage(axis, _unknown(units, axis, labels, protocol))
    by_metric = {metric: _results(metric, units, labels, k, protocol) for metric in GROUP_METRICS}
    listed, dropped = _listed(sizes, by_metric)
    found = [
        _finding(axis, group, metric, by_metric[metric].get(group), protocol)
        for group in listed
        for metric in GROUP_METRICS
    ]
    return replace(covered, further=len(dropped), further_units=sum(sizes[group] for group in dropped)), found


def _listed(sizes: Counter[str], by_metric: Mapping[str, Mapping[str, GroupResult]]) -> tuple[list[str], list[str]]:
    """Return the groups in the order of their labels, and the small ones that are only counted."""
    large = {group for results in by_metric.values() for group, one in results.items() if not one.estimate.reason}
    small = sorted((group for group in sizes if group not in large), key=lambda group: (-sizes[group], group))
    return sorted([*large, *small[:MOST_SMALL]]), small[MOST_SMALL:]


def _results(
    metric: str, units: ScoredUnits, labels: Sequence[str], k: int, protocol: Protocol
) -> dict[str, GroupResult]:
    least, level = protocol.min_patients_per_class, float(protocol.level)
    if metric == "auc":
        return {one.group: one for one in subgroup_aucs(units, labels, least, level)}
    domain = units.truth if metric == "sensitivity" else ~units.truth
    right = ((units.q >= k) == units.truth)[domain]
    chosen = np.asarray(labels, dtype=np.str_)[domain].tolist()
    return {one.group: one for one in subgroup_shares(metric, right, units.patients[domain], chosen, least, level)}


def _finding(axis: str, group: str, metric: str, result: GroupResult | None, protocol: Protocol) -> GroupFinding:
    name, level = f"{metric}:{axis}={group}", float(protocol.level)
    if result is None:
        why = f"no_outcomes: no {'positive' if metric == 'sensitivity' else 'negative'} unit"
        return GroupFinding(axis, group, Estimate(name, None, None, None, 0, level=level, reason=why))
    estimate = replace(result.estimate, name=name)
    if estimate.reason.startswith("too_few"):
        return GroupFinding(axis, group, replace(estimate, value=None, low=None, high=None))
    if result.difference is None or result.bounds is None:
        return GroupFinding(axis, group, estimate)
    low, high = result.bounds
    gap = replace(
        estimate, name=f"{name} less the rest", value=result.difference, low=low, high=high, method=DIFFERENCE
    )
    return GroupFinding(axis, group, estimate, gap, result.p_value)


def _unknown(units: ScoredUnits, axis: str, labels: Sequence[str], protocol: Protocol) -> Estimate:
    """Return the share of units that do not state an attribute."""
    if not units.n:
        return _nothing(axis, "no_outcomes: the cohort is empty", protocol)
    blank = [not label for label in labels]
    found = clustered_proportion(blank, units.patients, float(protocol.level))
    reason = NOT_STATED if all(blank) else ""
    low, high = found.bounds
    counts = (found.n, units.n_positive, found.patients)
    return Estimate(f"unknown:{axis}", found.value, low, high, *counts, float(protocol.level), CLUSTERED_WILSON, reason)


def _nothing(axis: str, why: str, protocol: Protocol) -> Estimate:
    return Estimate(f"unknown:{axis}", None, None, None, 0, level=float(protocol.level), reason=why)


def _with_q(found: Sequence[GroupFinding]) -> tuple[list[GroupFinding], int]:
    tested = [one.p_value for one in found if one.p_value is not None]
    adjusted = iter(benjamini_hochberg(tested).tolist())
    return [one if one.p_value is None else replace(one, q_value=next(adjusted)) for one in found], len(tested)


def _judged(criterion: GroupCriterion, report: GroupReport, protocol: Protocol) -> CriterionResult:
    groups = report.of(criterion.axis, criterion.criterion.metric)
    worst = min(groups, key=_lower, default=None)
    estimate = _nothing(criterion.axis, NOT_STATED, protocol) if worst is None else worst.estimate
    limit, (verdict, why) = criterion.criterion.limit, _verdict(criterion, report, groups, protocol)
    return CriterionResult(criterion.text, verdict, estimate, limit, why)


def _verdict(
    criterion: GroupCriterion, report: GroupReport, groups: Sequence[GroupFinding], protocol: Protocol
) -> tuple[Verdict, str]:
    """Return the verdict and why: a group that misses the limit counts before one that is too small."""
    missed = list(_missed(criterion, groups))
    if missed:
        return Verdict.FAILED, "; ".join(missed)
    gaps = list(_gaps(criterion, report, groups, protocol))
    if gaps:
        return Verdict.NOT_ASSESSED, "; ".join(gaps)
    worst = min(groups, key=_lower)
    return Verdict.PASSED, (
        f"the lower bound of each of {len(groups)} groups clears {criterion.criterion.limit_text}; "
        f"the lowest is {_lower(worst):.3f} ({worst.group})"
    )


def _missed(criterion: GroupCriterion, groups: Sequence[GroupFinding]) -> Iterator[str]:
    for one in groups:
        bound = rounded(one.estimate.low)
        if bound is not None and not criterion.criterion.holds(bound):
            yield f"{one.group}: lower bound {bound:.3f} misses {criterion.criterion.limit_text}"


def _gaps(
    criterion: GroupCriterion, report: GroupReport, groups: Sequence[GroupFinding], protocol: Protocol
) -> Iterator[str]:
    covered = report.coverage(criterion.axis)
    unknown = None if covered is None else covered.unknown
    if covered is None or unknown is None or unknown.value is None or not groups:
        yield f"{criterion.axis}: {(unknown.reason if unknown else '') or NOT_STATED}"
        return
    if unknown.value > float(protocol.group_unknown):
        yield f"{unknown.value:.1%} of the units do not state {criterion.axis}, more than {protocol.group_unknown}"
    if len(groups) + covered.further < 2:
        yield f"{groups[0].group} is the only group of {criterion.axis}"
    if covered.further:
        yield f"{covered.further} further groups are too small"
    for one in groups:
        if one.estimate.low is None:
            yield f"{one.group}: {one.estimate.reason or 'no interval'}"


def _lower(one: GroupFinding) -> float:
    """Return a group's lower bound as published; one that has none comes last."""
    low = rounded(one.estimate.low)
    return float("inf") if low is None else low
