"""Calibration of a model on scored units, each number with its interval by patient where one exists."""

from registry.domain.dossier import CalibrationBin
from registry.domain.estimate import Estimate
from validation.statistics.calibration import (
    Resampling,
    brier_interval,
    brier_score,
    ece_interval,
    equal_count_ece,
    spiegelhalter,
)
from validation.statistics.cox import cox_line
from validation.statistics.proportions import Bounds, clustered_proportion
from validation.statistics.roc import roc_counts
from validation.statistics.score_bins import DEFAULT_BINS, bin_of, equal_count_edges, graded
from validation.statistics.smoothed_calibration import LEAST_UNITS, calibration_index, calibration_index_interval
from validation.statistics.units import ScoredUnits

_FITS = 200  # replicates at most of what fits a curve in each
FEW = "too_few: an interval needs two patients"
EMPTY = "no_outcomes: the statistic needs units"


def calibration_estimates(units: ScoredUnits, drawn: Resampling, bins: int = DEFAULT_BINS) -> list[Estimate]:
    """Return ece, ici, brier, cox_slope, cox_intercept, spiegelhalter_z and spiegelhalter_p.

    Args:
        units: scored units.
        drawn: level, replicates and seed of the bootstrap by patient.
        bins: bins of equal count of the calibration error.
    """
    return [
        _ece(units, drawn, bins),
        _ici(units, drawn),
        _brier(units, drawn),
        *_cox(units, drawn.level),
        *_spiegelhalter(units),
    ]


def reliability_bins(units: ScoredUnits, bins: int = DEFAULT_BINS, level: float = 0.95) -> list[CalibrationBin]:
    """Return the reliability curve: per bin of equal count the mean score and the observed share, by patient."""
    if not units.n:
        return []
    values = units.values
    place = bin_of(values, equal_count_edges(graded(roc_counts(units.q, units.truth)), bins))
    return [_reliability(units.where(place == at), level) for at in sorted(set(place.tolist()))]


def _reliability(units: ScoredUnits, level: float) -> CalibrationBin:
    share = clustered_proportion(units.truth, units.patients, level)
    return CalibrationBin(float(units.values.mean()), share.value, *share.bounds, units.n)


def _ece(units: ScoredUnits, drawn: Resampling, bins: int) -> Estimate:
    method = f"{bins} bins of equal count; bootstrap by patient, {drawn.repeats} replicates, corrected for upward bias"
    if not units.n:
        return _estimate("ece", units, drawn.level, method, None, None, EMPTY)
    value = equal_count_ece(graded(roc_counts(units.q, units.truth)), bins)
    if units.n_patients < 2:
        return _estimate("ece", units, drawn.level, method, value, None, FEW)
    bounds = ece_interval(units.values, units.truth, units.patients, drawn, bins)
    return _estimate("ece", units, drawn.level, method, value, bounds)


def _ici(units: ScoredUnits, drawn: Resampling) -> Estimate:
    """Return the mean distance of a local regression from the scores; its curve is fitted anew in each replicate."""
    repeats = min(drawn.repeats, _FITS)
    method = (
        f"local regression of truth on score (Austin & Steyerberg 2019); bootstrap by patient, {repeats} replicates"
    )
    if units.n < LEAST_UNITS:
        few = f"too_few: a local regression needs {LEAST_UNITS} units" if units.n else EMPTY
        return _estimate("ici", units, drawn.level, method, None, None, few)
    value = calibration_index(units.values, units.truth).ici
    if units.n_patients < 2:
        return _estimate("ici", units, drawn.level, method, value, None, FEW)
    bounds = calibration_index_interval(
        units.values, units.truth, units.patients, Resampling(drawn.level, repeats, drawn.seed)
    )
    return _estimate("ici", units, drawn.level, method, value, bounds)


def _brier(units: ScoredUnits, drawn: Resampling) -> Estimate:
    method = f"percentile bootstrap by patient, {drawn.repeats} replicates"
    if not units.n:
        return _estimate("brier", units, drawn.level, method, None, None, EMPTY)
    value = brier_score(graded(roc_counts(units.q, units.truth)))
    if units.n_patients < 2:
        return _estimate("brier", units, drawn.level, method, value, None, FEW)
    bounds = brier_interval(units.values, units.truth, units.patients, drawn)
    return _estimate("brier", units, drawn.level, method, value, bounds)


def _cox(units: ScoredUnits, level: float) -> list[Estimate]:
    method = "logistic regression on the score's logit (Cox 1958); sandwich variance by patient"
    if not units.n:
        return [_estimate(name, units, level, method, None, None, EMPTY) for name in ("cox_slope", "cox_intercept")]
    line = cox_line(units.values, units.truth, units.patients, level)
    return [
        _estimate("cox_slope", units, level, method, line.slope, line.slope_bounds, line.reason),
        _estimate("cox_intercept", units, level, method, line.intercept, line.intercept_bounds, line.reason),
    ]


def _spiegelhalter(units: ScoredUnits) -> list[Estimate]:
    method = "Spiegelhalter 1986, two-sided; design effect by patient"
    names, reason = ("spiegelhalter_z", "spiegelhalter_p"), "a test statistic has no interval"
    if not units.n:
        return [_estimate(name, units, 0.95, method, None, None, EMPTY) for name in names]
    test = spiegelhalter(units.values, units.truth, units.patients)
    return [_estimate(name, units, 0.95, method, value, None, reason) for name, value in zip(names, test, strict=True)]


def _estimate(
    name: str,
    units: ScoredUnits,
    level: float,
    method: str,
    value: float | None,
    bounds: Bounds | None,
    reason: str = "",
) -> Estimate:
    low, high = bounds or (None, None)
    return Estimate(name, value, low, high, units.n, units.n_positive, units.n_patients, level, method, reason)
