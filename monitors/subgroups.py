"""Subgroups of the plan's axes and pairs: each group's gaps to the rest, and what is shown equal; none is hidden."""

from collections.abc import Iterator
from dataclasses import replace

from monitors.between import Between, between, shrunken
from monitors.counts import PATIENTS, SCANNER, Family
from monitors.draft import Reading, drafted
from monitors.equivalence import area_equivalence, rate_equivalence
from monitors.families import pair_axes
from monitors.gaps import area_gap, area_reading, calibration_gap, rate_gap, rate_reading
from monitors.groups import Group, Groups, groups_of
from monitors.labels import LabelState, held_back, label_state
from monitors.rates import PPV, SENSITIVITY, SPECIFICITY, Rate
from monitors.reference import against_reference
from monitors.scope import View
from monitors.shares import Mask, rise_p
from monitors.stratified import stratified_difference
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed

GAPS = {"SUB002": SENSITIVITY, "SUB006": SPECIFICITY, "SUB007": PPV}
WITHIN = (SENSITIVITY, SPECIFICITY)
Coded = Iterator[tuple[str, Reading]]


def subgroup_signals(view: View) -> list[Signal]:
    """Return the subgroup monitor's signals of one scope: per axis the missing share, per group its gaps."""
    state = label_state(view)
    found = [drafted(view, "SUB005", _missing(view, axis)) for axis in view.plan.subgroup_axes]
    splits = [(axis,) for axis in view.plan.subgroup_axes] + [pair_axes(pair) for pair in view.plan.pairs]
    for axes in splits:
        found += [drafted(view, code, _held(state, reading)) for code, reading in _split(view, groups_of(view, axes))]
    return found


def _held(state: LabelState, reading: Reading) -> Reading:
    """Hold back what the labels do not carry; a group that nobody states stays what it is."""
    if reading.reason is NotAssessed.ATTRIBUTE_MISSING:
        return reading
    return held_back(state, replace(reading, assumes=state.assumes))


def _missing(view: View, axis: str) -> Reading:
    def blank(family: Family) -> Mask:
        return family.is_level(axis, "")

    reading = against_reference(view, view.now[PATIENTS], view.base[PATIENTS], blank, rise_p)
    return replace(reading, subject={"attribute": axis})


def _split(view: View, groups: Groups) -> Coded:
    """Yield the readings of every group of some axes."""
    name = " and ".join(groups.axes)
    if not groups.listed and not groups.small:
        why = f"no unit states the attribute {name}"
        none = Reading(view.now[PATIENTS].total, reason=NotAssessed.ATTRIBUTE_MISSING, why=why)
        yield from ((code, replace(none, subject={"attribute": name})) for code in ("SUB001", "SUB002"))
    if groups.small:
        why = f"each of {groups.small} groups has fewer than the {groups.least} units with an outcome that are needed"
        subject = {"attribute": name, "groups": f"{groups.small} small ones"}
        yield "SUB001", Reading(0, subject=subject, reason=NotAssessed.TOO_FEW, why=why)
    spread = _spread(groups)
    for group in groups.listed:
        for code, reading in _group(view, group, spread):
            yield code, replace(reading, subject={**group.subject, **reading.subject})


def _group(view: View, group: Group, spread: Between | None) -> Coded:
    plan, (_, inside, rest) = view.plan, group
    area = area_reading(plan, inside)
    yield "SUB001", area_gap(plan, inside, rest, area)
    yield "SUB003", area
    for code, rate in GAPS.items():
        yield code, rate_gap(plan, inside, rest, rate)
    yield "SUB004", rate_reading(plan, inside, SENSITIVITY)
    yield "SUB008", calibration_gap(plan, inside, rest)
    for rate in WITHIN:
        yield "SUB009", _of(rate_equivalence(plan, inside, rest, rate), rate.name)
        yield "SUB011", _of(_within_scanners(view, group, rate), rate.name)
    yield "SUB009", _of(area_equivalence(plan, inside, rest), "auc")
    yield "SUB010", _pooled(spread, inside)


def _of(reading: Reading, measure: str) -> Reading:
    return replace(reading, subject={"measure": measure})


def _spread(groups: Groups) -> Between | None:
    """Return how much the groups' sensitivities differ beyond chance."""
    shares = [share for share in (SENSITIVITY.of(group.inside) for group in groups.listed) if share]
    return between([share.value * share.effective_n for share in shares], [share.effective_n for share in shares])


def _pooled(spread: Between | None, group: Family) -> Reading:
    share = SENSITIVITY.of(group)
    if share is None:
        return Reading(0, reason=NotAssessed.TOO_FEW, why=f"0 {SENSITIVITY.units} in the group")
    if spread is None:
        why = "pooling needs three groups with positive units, and both found and missed ones among them"
        return Reading(share.n, n_patients=share.patients, reason=NotAssessed.TOO_FEW, why=why)
    found = shrunken(spread, share.value * share.effective_n, share.effective_n)
    why = f"the groups' sensitivities differ by {spread.sd:.2f} on the logit scale beyond chance"
    return Reading(share.n, found.value, found.bounds, n_positive=share.successes, n_patients=share.patients, why=why)


def _within_scanners(view: View, group: Group, rate: Rate) -> Reading:
    """Return the gap on the same scanners, beside the plain one."""
    raw = rate_gap(view.plan, group.inside, group.rest, rate)
    if raw.reason:
        return raw
    unlike = replace(raw, value=None, interval=None, limit=None, p_value=None, reason=NotAssessed.TOO_FEW)
    if f"axis:{SCANNER}" in group.subject:
        return replace(unlike, reason=NotAssessed.NOT_RUN, why="the scanner is itself an axis of the group")
    scanners = sorted((set(group.inside.levels[SCANNER]) & set(group.rest.levels[SCANNER])) - {""})
    pairs = [
        (rate.of(group.inside.where(scanner=scanner)), rate.of(group.rest.where(scanner=scanner)))
        for scanner in scanners
    ]
    found = stratified_difference(pairs)
    if found is None:
        why = "no scanner has units of the group and of the rest, or nothing varies on it"
        return replace(unlike, why=why)
    why = f"on {found.strata} scanners; over all together the difference is {raw.value:.3f}"
    return replace(raw, value=found.difference, interval=found.bounds, p_value=found.p_value, why=why)
