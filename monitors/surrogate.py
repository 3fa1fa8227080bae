"""Reports as labels, corrected for their own error, which is learned from units that have both labels."""

from dataclasses import replace

import numpy as np

from monitors.counts import LABEL_SOURCES, merge
from monitors.draft import Reading, drafted
from monitors.label_units import LabelUnits, enough, units_of, window_units
from monitors.scope import View
from monitors.verification import estimate_of
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.label_error import surrogate_accuracy
from validation.statistics.proportions import ClusteredShare
from validation.statistics.verification import Accuracy

LEAST_REPORTS = 10  # of each answer of the model
ASSUMES = "given the truth, a report errs as often whatever the model's answer was"


def surrogate_signals(view: View) -> list[Signal]:
    """Return sensitivity and specificity by reports of one scope, corrected for the reports' error."""
    units, both = window_units(view), _doubly_labelled(view)
    found = _accuracy(view, units, both)
    return [
        drafted(view, code, _reading(units, both, kind, found))
        for code, kind in (("PRF008", "sensitivity"), ("PRF009", "specificity"))
    ]


def _reading(units: LabelUnits, both: LabelUnits, kind: str, found: Accuracy | tuple[NotAssessed, str]) -> Reading:
    reported = units.report >= 0
    counts = Reading(int(reported.sum()), n_patients=len(np.unique(units.patient[reported])), assumes=ASSUMES)
    if isinstance(found, tuple):
        return replace(counts, reason=found[0], why=found[1])
    value, bounds = estimate_of(found, kind)
    quality = [_quality(both, truth) for truth in (1, 0)]
    told = " and ".join(f"{100 * one.value:.1f} % of {one.n}" for one in quality if one is not None)
    why = f"reports were right in {told} truly positive and negative units with both labels"
    return replace(counts, value=value, interval=bounds, why=why)


def _accuracy(view: View, units: LabelUnits, both: LabelUnits) -> Accuracy | tuple[NotAssessed, str]:
    """Return the corrected accuracy, or the reason why there is none."""
    groups = [(units.report >= 0) & side for side in (units.called, ~units.called)]
    if not any(group.any() for group in groups):
        return NotAssessed.NO_OUTCOMES, "no unit of the window has a report"
    if not all(enough(units, group, LEAST_REPORTS) for group in groups):
        return NotAssessed.TOO_FEW, f"at least {LEAST_REPORTS} reports of each answer of the model are needed"
    least = (view.plan.min_positive, view.plan.min_negative)
    doubles = [(both.report >= 0) & (both.truth == truth) for truth in (1, 0)]
    if not all(enough(both, double, size) for double, size in zip(doubles, least, strict=True)):
        sizes = " and ".join(str(int(double.sum())) for double in doubles)
        needed = f"at least {least[0]} and {least[1]} are needed"
        return NotAssessed.TOO_FEW, f"{sizes} truly positive and negative units have a report too, {needed}"
    called = units.share(units.called, np.ones(len(units), dtype=np.bool_))
    labelled = [units.share(units.report == 1, group) for group in groups]
    shares = [share for share in (called, *labelled, _quality(both, 1), _quality(both, 0)) if share is not None]
    try:
        return surrogate_accuracy(*shares)
    except ValueError as error:
        return NotAssessed.VERIFICATION, str(error)


def _quality(both: LabelUnits, truth: int) -> ClusteredShare | None:
    """Return how often reports are right on units of one truth, 1 or 0."""
    return both.share(both.report == truth, (both.report >= 0) & (both.truth == truth))


def _doubly_labelled(view: View) -> LabelUnits:
    """Return the units of window and reference: the report's error is taken to be that of both."""
    now = view.now[LABEL_SOURCES]
    return units_of(now if view.unready else merge(now, view.base[LABEL_SOURCES]))
