"""Subgroups of the plan's axes: each group's AUC and sensitivity, and its gap to the rest; no group is hidden."""

from dataclasses import replace

from monitors.areas import area_bounds, area_of, classes, labelled
from monitors.counts import PATIENTS, Family
from monitors.draft import Reading, drafted, reading_of
from monitors.labels import LabelState, held_back, label_state
from monitors.performance import thin_area
from monitors.reference import against_reference
from monitors.scope import View
from monitors.shares import Mask, difference_p, patients_of, rise_p, share_of, thin
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.area_tests import independent_areas
from validation.statistics.proportions import ClusteredShare, difference_bounds

CODES = ("SUB001", "SUB002", "SUB003", "SUB004")


def subgroup_signals(view: View) -> list[Signal]:
    """Return the subgroup monitor's signals of one scope: per axis the missing share, per group four signals."""
    state = label_state(view)
    return [signal for axis in view.plan.subgroup_axes for signal in _axis(view, axis, state)]


def _axis(view: View, axis: str, state: LabelState) -> list[Signal]:
    now, base = view.now[PATIENTS], view.base[PATIENTS]
    missing = drafted(view, "SUB005", _missing(view, axis))
    groups = sorted((set(now.levels[axis]) | set(base.levels[axis])) - {""})
    if not groups:
        why = f"no unit states the attribute {axis}"
        none = Reading(now.total, subject={"attribute": axis}, reason=NotAssessed.ATTRIBUTE_MISSING, why=why)
        return [missing, *(drafted(view, code, none) for code in CODES[:2])]
    return [missing, *(signal for group in groups for signal in _group(view, axis, group, state))]


def _missing(view: View, axis: str) -> Reading:
    def blank(family: Family) -> Mask:
        return family.is_level(axis, "")

    reading = against_reference(view, view.now[PATIENTS], view.base[PATIENTS], blank, rise_p)
    return replace(reading, subject={"attribute": axis})


def _group(view: View, axis: str, group: str, state: LabelState) -> list[Signal]:
    """Return the four signals of a group; a group that is too small keeps its rows."""
    stated = labelled(view.now[PATIENTS])
    stated = stated.select(~stated.is_level(axis, ""))
    chosen = stated.is_level(axis, group)
    parts = (stated.select(chosen), stated.select(~chosen))
    readings = (_auc_gap(view, *parts), _sensitivity_gap(view, *parts), _auc(view, parts[0]), _rate(view, parts[0]))
    return [
        drafted(view, code, held_back(state, replace(reading, subject={f"axis:{axis}": group}, assumes=state.assumes)))
        for code, reading in zip(CODES, readings, strict=True)
    ]


def _auc(view: View, group: Family) -> Reading:
    positive, negative = classes(group)
    counts = Reading(group.total, n_positive=positive, n_patients=patients_of(group))
    area, least = area_of(group), view.plan.min_auc_class
    if area is None or min(positive, negative) < least:
        why = f"{positive} positive and {negative} negative units with an outcome, at least {least} of each are needed"
        return replace(counts, reason=NotAssessed.TOO_FEW, why=why)
    shown, few = replace(counts, value=area.auc, interval=area_bounds(area)), thin_area(area)
    return replace(shown, reason=NotAssessed.CLUSTERED, why=few) if few else shown


def _auc_gap(view: View, group: Family, rest: Family) -> Reading:
    own, other = _auc(view, group), _auc(view, rest)
    first, second = area_of(group), area_of(rest)
    if own.reason or other.reason or first is None or second is None:
        who = "" if own.reason else "in the rest, "
        why = f"{who}{own.why or other.why}"
        return replace(own, value=None, interval=None, reason=own.reason or other.reason, why=why)
    found = independent_areas(first, second)
    return replace(own, value=found.difference, interval=found.bounds, limit=0.0, p_value=found.p_value)


def _rate(view: View, group: Family) -> Reading:
    share, least = _sensitivity(group), view.plan.min_positive
    if share is None or share.n < least:
        n = share.n if share else 0
        why = f"{n} positive units with an outcome, at least {least} are needed"
        return Reading(n, n_patients=patients_of(group.where(truth="pos")), reason=NotAssessed.TOO_FEW, why=why)
    few = thin(share.n, share.patients)
    return replace(reading_of(share), reason=NotAssessed.CLUSTERED, why=few) if few else reading_of(share)


def _sensitivity_gap(view: View, group: Family, rest: Family) -> Reading:
    own, other = _rate(view, group), _rate(view, rest)
    first, second = _sensitivity(group), _sensitivity(rest)
    if own.reason or other.reason or first is None or second is None:
        who = "" if own.reason else "in the rest, "
        reason, why = own.reason or other.reason, f"{who}{own.why or other.why}"
        return replace(own, value=None, interval=None, reason=reason, why=why)
    bounds = difference_bounds(first.value, first.bounds, second.value, second.bounds)
    value, p_value = first.value - second.value, difference_p(first, second)
    return replace(own, value=value, interval=bounds, limit=0.0, p_value=p_value)


def _sensitivity(family: Family) -> ClusteredShare | None:
    positive = family.where(truth="pos")
    return share_of(positive, positive.is_level("decision", "pos"))
