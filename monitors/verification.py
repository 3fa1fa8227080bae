"""Verification: who gets an outcome, and what sensitivity and specificity are over all units (Begg & Greenes 1983).

Within the units that the model called positive, and within the others, the verified ones are taken to be like the rest.
"""

from dataclasses import replace

import numpy as np

from monitors.bounded import fall_p
from monitors.draft import Reading, drafted
from monitors.label_units import LabelUnits, enough, reference_units, window_units
from monitors.labels import LabelState, label_state
from monitors.scope import View
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.proportions import Bounds, ClusteredShare, difference_bounds
from validation.statistics.verification import Accuracy, corrected_accuracy

LEAST_VERIFIED = 10  # of each answer; below that a share of truly positive units is hardly known
ASSUMES = "within units of one answer, those with an outcome are like those without"
Estimate = tuple[float, Bounds]


def verification_signals(view: View) -> list[Signal]:
    """Return who gets an outcome, and the corrected sensitivity and specificity, of one scope."""
    units, state = window_units(view), label_state(view)
    now, before = _corrected(units), _reference(view)
    return [
        drafted(view, "PRF005", _gap(units, state)),
        *(
            drafted(view, code, _reading(view, units, state, (kind, now, before)))
            for code, kind in (("PRF006", "sensitivity"), ("PRF007", "specificity"))
        ),
    ]


def estimate_of(accuracy: Accuracy, kind: str) -> Estimate:
    """Return the sensitivity or the specificity of an accuracy, with its interval."""
    return getattr(accuracy, kind), getattr(accuracy, f"{kind}_bounds")


def floor_of(view: View, kind: str) -> Estimate | None:
    """Return the plan's floor of a kind of accuracy as an estimate without uncertainty; None where it sets none."""
    floor = view.plan.sensitivity_floor if kind == "sensitivity" else view.plan.specificity_floor
    return (float(floor), Bounds(float(floor), float(floor))) if floor else None


def judged_against(reading: Reading, state: LabelState, now: Estimate, limit: Estimate | None) -> Reading:
    """Add the limit, and the test against it where plain shares of this window would be biased."""
    if limit is None:
        return reading
    p_value = fall_p(*now, *limit) if state.biased else None
    return replace(reading, limit=limit[0], p_value=p_value)


def _gap(units: LabelUnits, state: LabelState) -> Reading:
    counts = Reading(len(units), n_patients=units.patients)
    shares = [units.share(units.known, called) for called in (units.called, ~units.called)]
    one, other = shares
    if state.missing or one is None or other is None:
        why = state.missing or "the model called all units alike"
        return replace(counts, reason=NotAssessed.NO_OUTCOMES if state.missing else NotAssessed.TOO_FEW, why=why)
    bounds = difference_bounds(one.value, one.bounds, other.value, other.bounds)
    why = f"{100 * one.value:.1f} % of {one.n} and {100 * other.value:.1f} % of {other.n} have one"
    return replace(counts, value=one.value - other.value, interval=bounds, why=why)


def _reading(
    view: View, units: LabelUnits, state: LabelState, found: tuple[str, Accuracy | str, Accuracy | str]
) -> Reading:
    kind, now, before = found
    reading = Reading(int(units.known.sum()), n_patients=_patients(units), assumes=_assumes(state))
    if state.missing:
        return replace(reading, reason=NotAssessed.NO_OUTCOMES, why=state.missing)
    if isinstance(now, str):
        return replace(reading, reason=NotAssessed.VERIFICATION, why=now)
    estimate = estimate_of(now, kind)
    shown = replace(reading, value=estimate[0], interval=estimate[1], why=_plain(units, kind))
    if state.hollow:
        return replace(shown, reason=NotAssessed.IMMATURE, why=state.hollow)
    limit = floor_of(view, kind) or (None if isinstance(before, str) else estimate_of(before, kind))
    return judged_against(shown, state, estimate, limit)


def _corrected(units: LabelUnits) -> Accuracy | str:
    """Return the corrected accuracy, or why there is none."""
    groups = [units.known & side for side in (units.called, ~units.called)]
    if not all(enough(units, group, LEAST_VERIFIED) for group in groups):
        sizes = " and ".join(str(int(group.sum())) for group in groups)
        return (
            f"{sizes} units called positive and negative have an outcome, at least {LEAST_VERIFIED} of each "
            "from as many patients are needed to correct for who gets one"
        )
    called = units.share(units.called, np.ones(len(units), dtype=np.bool_))
    true = [units.share(units.truth == 1, group) for group in groups]
    try:
        return corrected_accuracy(*_present([called, *true]))
    except ValueError as error:
        return str(error)


def _reference(view: View) -> Accuracy | str:
    reference = reference_units(view)
    return view.unready if reference is None else _corrected(reference)


def _present(shares: list[ClusteredShare | None]) -> tuple[ClusteredShare, ClusteredShare, ClusteredShare]:
    called, first, second = shares
    if called is None or first is None or second is None:
        raise ValueError("there is no unit")
    return called, first, second


def _plain(units: LabelUnits, kind: str) -> str:
    """Say the share without correction, which stands beside the corrected one."""
    wanted = 1 if kind == "sensitivity" else 0
    right = units.called if kind == "sensitivity" else ~units.called
    share = units.share(right, units.truth == wanted)
    return "" if share is None else f"without correction it is {100 * share.value:.1f} % of {share.n}"


def _assumes(state: LabelState) -> str:
    return f"{ASSUMES}; {state.assumes}" if state.assumes else ASSUMES


def _patients(units: LabelUnits) -> int:
    return len(np.unique(units.patient[units.known]))
