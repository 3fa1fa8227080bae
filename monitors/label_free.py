"""Performance without labels: what the scores claim, if the calibration of the reference still holds."""

from dataclasses import replace

from monitors.draft import Reading, drafted
from monitors.label_units import PASSES, LabelUnits, calibrated, reference_units, window_units
from monitors.scope import View
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.label_free import Claimed, claimed_performance

ASSUMES = "at each score disease is as frequent as in the reference"
CODES = {"PRF010": "auc", "PRF011": "sensitivity", "PRF012": "specificity"}


def label_free_signals(view: View) -> list[Signal]:
    """Return the claimed area, sensitivity and specificity of one scope."""
    units = window_units(view)
    found = _claimed(view, units)
    return [drafted(view, code, _reading(units, name, found)) for code, name in CODES.items()]


def _reading(units: LabelUnits, name: str, found: tuple[Claimed, str] | tuple[NotAssessed, str]) -> Reading:
    counts = Reading(len(units), n_patients=units.patients, assumes=ASSUMES)
    first, why = found
    if isinstance(first, NotAssessed):
        return replace(counts, reason=first, why=why)
    share = getattr(first, name)
    return replace(counts, value=share.value, interval=share.bounds, why=why)


def _claimed(view: View, units: LabelUnits) -> tuple[Claimed, str] | tuple[NotAssessed, str]:
    """Return what the scores claim with how the calibration was checked, or the reason why they claim nothing."""
    if len(units) < view.plan.min_units:
        return NotAssessed.TOO_FEW, f"{len(units)} units in the window, at least {view.plan.min_units} are needed"
    reference = reference_units(view)
    if reference is None:
        return NotAssessed.TOO_FEW, view.unready
    try:
        fitted = calibrated(reference, view.plan.min_auc_class)
    except ValueError as error:
        return NotAssessed.TOO_FEW, str(error)
    check = f"calibration check on {fitted.n} units of the reference: p {fitted.check.p_value:.2g}"
    if fitted.check.p_value < PASSES:
        return NotAssessed.NOT_RUN, f"the scores cannot be calibrated by a line, so that they claim nothing; {check}"
    return claimed_performance(fitted, units.scores, units.called, units.patient), check
