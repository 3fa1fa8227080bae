"""Calibration: its level against the reference, error, slope, intercept, Brier score, and the reliability curve."""

import math
from dataclasses import replace

import numpy as np

from monitors.areas import classes, labelled
from monitors.calibration_curve import curve_signals
from monitors.counts import PATIENTS, Family
from monitors.draft import Reading, drafted
from monitors.labels import held_back, label_state
from monitors.scope import View
from monitors.shares import patients_of, thin
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.distributions import critical_value, normal_two_sided
from validation.statistics.grid import to_values
from validation.statistics.proportions import Bounds


def calibration_signals(view: View) -> list[Signal]:
    """Return the calibration monitor's signals of one scope."""
    return [drafted(view, "CAL001", _reading(view)), *curve_signals(view)]


def _reading(view: View) -> Reading:
    now, state = labelled(view.now[PATIENTS]), label_state(view)
    positive, negative = classes(now)
    counts = Reading(now.total, n_positive=positive, n_patients=patients_of(now), assumes=state.assumes)
    if positive < view.plan.min_positive or negative < view.plan.min_negative:
        why = f"{positive} positive and {negative} negative units with an outcome are too few"
        return held_back(state, replace(counts, reason=NotAssessed.TOO_FEW, why=why))
    value, error = mean_residual(now)
    if not error:
        why = "a variance by patient needs two patients whose mean residuals differ"
        return held_back(state, replace(counts, value=value, reason=NotAssessed.CLUSTERED, why=why))
    half = critical_value(0.95) * error
    shown = replace(counts, value=value, interval=Bounds(value - half, value + half))
    return held_back(state, _compared(view, shown, value, error))


def _compared(view: View, reading: Reading, value: float, error: float) -> Reading:
    """Test the window's mean residual against the reference's."""
    base = labelled(view.base[PATIENTS])
    enough = min(classes(base)) >= max(view.plan.min_positive, view.plan.min_negative)
    few = thin(base.total, patients_of(base))
    before, its_error = mean_residual(base) if enough and not view.unready and not few else (0.0, None)
    if not its_error:
        why = view.unready or (f"in the reference, {few}" if few else "the reference has too few units with an outcome")
        return replace(reading, reason=NotAssessed.TOO_FEW, why=why)
    return replace(reading, limit=before, p_value=normal_two_sided((value - before) / math.hypot(error, its_error)))


def mean_residual(family: Family) -> tuple[float, float | None]:
    """Return the mean of truth minus score over units, and its standard error by patient.

    The error is that of a ratio estimator: m / (m - 1) times the sum over m patients of (R - d n)^2, over N^2.
    None for one patient.
    """
    residual = family.is_level("truth", "pos") - to_values(family.codes_of("q"))
    patients, place = np.unique(family.codes_of("patient"), return_inverse=True)
    sums = np.bincount(place, residual * family.counts)
    sizes = np.bincount(place, family.counts)
    value = float(sums.sum() / sizes.sum())
    m = len(patients)
    if m < 2:
        return value, None
    return value, math.sqrt(m / (m - 1) * float(((sums - value * sizes) ** 2).sum())) / float(sizes.sum())
