"""Prevalence told apart from performance: is there more disease, or have the scores themselves moved?

Under more disease the scores of diseased and of healthy units stay as they were and only their mixture changes.
"""

from dataclasses import replace

import numpy as np

from monitors.bounded import change_p
from monitors.draft import Reading, drafted
from monitors.label_units import LabelUnits, enough, reference_units, window_units
from monitors.scope import View
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.arrays import FloatArray, IntArray
from validation.statistics.label_shift import LabelShift, label_shift
from validation.statistics.proportions import Bounds, wilson_of_share

BINS = 10
PER_BIN = 4  # reference units of the rarer class that a bin should have on average
LEAST_BINS = 3
Fit = LabelShift | tuple[NotAssessed, str]
ASSUMES = "in the reference, units of one answer with an outcome are like those without"


def prevalence_signals(view: View) -> list[Signal]:
    """Return the prevalence told from the scores, and what it leaves unexplained, of one scope."""
    units, reference = window_units(view), reference_units(view)
    found = _fitted(view, units, reference)
    return [
        drafted(view, "SCO004", _prevalence(units, reference, found)),
        drafted(view, "SCO005", _beyond(units, found)),
    ]


def _prevalence(units: LabelUnits, reference: LabelUnits | None, found: Fit) -> Reading:
    counts = Reading(len(units), n_patients=units.patients, assumes=ASSUMES)
    if isinstance(found, tuple) or reference is None:
        reason, why = found if isinstance(found, tuple) else (NotAssessed.TOO_FEW, "")
        return replace(counts, reason=reason, why=why)
    before, of_before = _reference_prevalence(reference)
    p_value = change_p(found.prevalence, found.bounds, before, of_before)
    return replace(counts, value=found.prevalence, interval=found.bounds, limit=before, p_value=p_value)


def _beyond(units: LabelUnits, found: Fit) -> Reading:
    counts = Reading(len(units), n_patients=units.patients, assumes=ASSUMES)
    if isinstance(found, tuple):
        return replace(counts, reason=found[0], why=found[1])
    return replace(counts, value=found.distance, p_value=found.p_value)


def _fitted(view: View, units: LabelUnits, reference: LabelUnits | None) -> Fit:
    """Return the fitted mixture, or the reason why there is none."""
    if len(units) < view.plan.min_units:
        return NotAssessed.TOO_FEW, f"{len(units)} units in the window, at least {view.plan.min_units} are needed"
    if reference is None:
        return NotAssessed.TOO_FEW, view.unready
    least = view.plan.min_auc_class
    classes = [reference.truth == truth for truth in (1, 0)]
    if not all(enough(reference, one, least) for one in classes):
        sizes = " and ".join(str(int(one.sum())) for one in classes)
        return NotAssessed.TOO_FEW, f"the reference has {sizes} positive and negative units, {least} of each are needed"
    weights = _outcome_weights(reference)
    if weights is None:
        return NotAssessed.VERIFICATION, "in the reference no unit of one of the model's answers has an outcome"
    edges = _edges(reference, min(int(one.sum()) for one in classes))
    if len(edges) + 1 < LEAST_BINS:
        return NotAssessed.GRID, "the scores of the reference lie in too few grid cells"
    positive, negative = (_binned(reference, weights * one, edges) for one in classes)
    return label_shift(_binned(units, _once_a_patient(units.patient), edges), positive, negative)


def _edges(reference: LabelUnits, rarer: int) -> IntArray:
    """Return the inner edges of bins that hold about equal counts of the reference."""
    bins = max(LEAST_BINS, min(BINS, rarer // PER_BIN))
    return np.unique(np.quantile(reference.q, np.arange(1, bins) / bins).astype(np.int64))


def _binned(units: LabelUnits, weights: FloatArray, edges: IntArray) -> FloatArray:
    place = np.searchsorted(edges, units.q, side="right")
    return np.bincount(place, weights, len(edges) + 1).astype(np.float64)


def _once_a_patient(patient: IntArray) -> FloatArray:
    """Return weights float64[n] under which the units of a patient count as one."""
    _, place, sizes = np.unique(patient, return_inverse=True, return_counts=True)
    return np.asarray(1 / sizes[place], dtype=np.float64)


def _outcome_weights(reference: LabelUnits) -> FloatArray | None:
    """Return weights float64[n] of the units with an outcome, so that both answers count as in all units.

    They add up to the patients with an outcome; None where no unit of an answer has one.
    """
    weights = np.zeros(len(reference))
    for answer in (reference.called, ~reference.called):
        known = answer & reference.known
        if answer.any() and not known.any():
            return None
        weights[known] = answer.sum() / max(1, int(known.sum()))
    known = reference.known
    weights[known] *= _once_a_patient(reference.patient[known])
    total = len(np.unique(reference.patient[known]))
    return np.asarray(weights * total / weights.sum(), dtype=np.float64)


def _reference_prevalence(reference: LabelUnits) -> tuple[float, Bounds]:
    weights = _outcome_weights(reference)
    if weights is None:
        raise ValueError("no unit of an answer has an outcome")
    size = float(weights.sum())
    share = float(weights[reference.truth == 1].sum()) / size
    return share, wilson_of_share(share, size)
