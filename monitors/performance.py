"""Performance against the reference standard: AUC, sensitivity, specificity; concordance with the report apart."""

from collections.abc import Callable
from dataclasses import replace

from monitors.areas import area_bounds, area_of, classes, labelled
from monitors.counts import PATIENTS, REPORTED_PATIENTS, Family
from monitors.draft import Reading, drafted, reading_of
from monitors.labels import LabelState, held_back, label_state
from monitors.scope import View
from monitors.shares import LEAST_PATIENTS, Mask, below_p, decline_p, patients_of, share_of, thin
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics import area_tests
from validation.statistics.auc_interval import interval_gap
from validation.statistics.roc import RocResult

RATES = {"PRF002": ("pos", "pos"), "PRF003": ("neg", "neg")}  # truth, and the decision that is right


def performance_signals(view: View) -> list[Signal]:
    """Return the performance monitor's signals of one scope."""
    state = label_state(view)
    return [
        drafted(view, "PRF001", held_back(state, _area(view, state))),
        *(drafted(view, code, held_back(state, _rate(view, code, state))) for code in RATES),
        drafted(view, "PRF004", _concordance(view)),
    ]


def rate_of(family: Family, truth: str, decision: str) -> tuple[Family, Callable[[Family], Mask]]:
    """Return the units of one truth, and which of their cells the model decided so."""
    return family.where(truth=truth), lambda units: units.is_level("decision", decision)


def _area(view: View, state: LabelState) -> Reading:
    now, base = labelled(view.now[PATIENTS]), labelled(view.base[PATIENTS])
    positive, negative = classes(now)
    least = view.plan.min_auc_class
    reading = Reading(now.total, n_positive=positive, n_patients=patients_of(now), assumes=state.assumes)
    area = area_of(now)
    if area is None or min(positive, negative) < least:
        why = f"{positive} positive and {negative} negative units with an outcome, at least {least} of each are needed"
        return replace(reading, reason=NotAssessed.TOO_FEW, why=why)
    reading = replace(reading, value=area.auc, interval=area_bounds(area))
    if few := thin_area(area):
        return replace(reading, reason=NotAssessed.CLUSTERED, why=few)
    if view.plan.auc_floor:
        limit = float(view.plan.auc_floor)
        return replace(reading, limit=limit, p_value=area_tests.below_p(area, limit))
    before = None if view.unready or min(classes(base)) < least else area_of(base)
    if before is None or thin_area(before):
        return _without_limit(view, reading)
    return replace(reading, limit=before.auc, p_value=area_tests.decline_p(area, before))


def thin_area(area: RocResult) -> str:
    """Say why an area's variance by patient cannot be relied on; empty where it can."""
    if area_bounds(area) is None:
        return interval_gap(area)
    sides = ((area.n_positive, area.patients_positive), (area.n_negative, area.patients_negative))
    if not any(thin(*side) for side in sides):
        return ""
    return (
        f"{area.patients_positive} patients with a positive and {area.patients_negative} with a negative unit, "
        f"at least {LEAST_PATIENTS} of each are needed"
    )


def _rate(view: View, code: str, state: LabelState) -> Reading:
    truth, decision = RATES[code]
    now, right = rate_of(view.now[PATIENTS], truth, decision)
    base, _ = rate_of(view.base[PATIENTS], truth, decision)
    least = view.plan.min_positive if truth == "pos" else view.plan.min_negative
    share = share_of(now, right(now))
    if share is None or share.n < least:
        kind = "positive" if truth == "pos" else "negative"
        why = f"{now.total} {kind} units with an outcome, at least {least} are needed"
        return Reading(now.total, n_patients=patients_of(now), reason=NotAssessed.TOO_FEW, why=why)
    reading = replace(reading_of(share), assumes=state.assumes)
    floor = view.plan.sensitivity_floor if truth == "pos" else view.plan.specificity_floor
    if floor:
        return replace(reading, limit=float(floor), p_value=below_p(share, float(floor)))
    before = None if view.unready or base.total < least else share_of(base, right(base))
    if before is None or thin(before.n, before.patients):
        return _without_limit(view, reading)
    return replace(reading, limit=before.value, p_value=decline_p(share, before))


def _without_limit(view: View, reading: Reading) -> Reading:
    why = view.unready or "the reference has too few units or patients with an outcome, and the plan sets no floor"
    return replace(reading, reason=NotAssessed.TOO_FEW, why=why)


def _concordance(view: View) -> Reading:
    now = view.now[REPORTED_PATIENTS]
    agree = (now.is_level("reported", "pos") & now.is_level("decision", "pos")) | (
        now.is_level("reported", "neg") & now.is_level("decision", "neg")
    )
    share = share_of(now, agree)
    if share is None:
        why = "no unit of the window has a report, or another reference that depends on the read"
        return Reading(0, n_patients=0, reason=NotAssessed.NO_OUTCOMES, why=why)
    least = view.plan.min_units
    if share.n < least:
        why = f"{share.n} units with a report, at least {least} are needed"
        return replace(reading_of(share), reason=NotAssessed.TOO_FEW, why=why)
    return reading_of(share)
