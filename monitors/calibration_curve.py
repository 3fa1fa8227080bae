"""The calibration curve: error, slope and intercept, Brier score, and the reliability of each group of scores."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from monitors.areas import classes, labelled
from monitors.bounded import change_p
from monitors.counts import PATIENTS, Family
from monitors.draft import Reading, drafted
from monitors.labels import LabelState, held_back, label_state
from monitors.scope import View
from monitors.shares import patients_of, thin
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.calibration import Resampling, brier_interval, brier_score, ece_interval, equal_count_ece
from validation.statistics.calibration_estimates import reliability_bins
from validation.statistics.cox import CoxLine, cox_line
from validation.statistics.proportions import Bounds
from validation.statistics.roc import roc_counts
from validation.statistics.score_bins import graded
from validation.statistics.units import ScoredUnits

DRAWN = Resampling(repeats=200, seed=20_250_101)  # fixed, so that the same counts give the same interval


def curve_signals(view: View) -> list[Signal]:
    """Return error, slope, intercept, Brier score and the reliability groups of one scope."""
    family, state = labelled(view.now[PATIENTS]), label_state(view)
    units = scored_units(family)
    counts = Reading(units.n, n_positive=units.n_positive, n_patients=units.n_patients, assumes=state.assumes)
    if state.blocking or (few := _few(view, family)):
        why = "" if state.blocking else few
        unread = held_back(state, replace(counts, reason=NotAssessed.TOO_FEW, why=why))
        return [drafted(view, code, unread) for code in ("CAL002", "CAL003", "CAL004", "CAL005", "CAL006")]
    line = cox_line(units.values, units.truth, units.patients)
    return [
        drafted(view, "CAL002", held_back(state, _error(units, counts))),
        drafted(view, "CAL003", held_back(state, _slope(view, line, counts))),
        drafted(view, "CAL004", held_back(state, _line(counts, line.intercept, line.intercept_bounds, line.reason))),
        drafted(view, "CAL005", held_back(state, _brier(units, counts))),
        *(drafted(view, "CAL006", held_back(state, group)) for group in _reliability(units, state)),
    ]


def scored_units(family: Family) -> ScoredUnits:
    """Return the units of a family of labelled units with the patient as an axis."""
    rows = np.repeat(np.arange(len(family.counts)), family.counts)
    truth = family.is_level("truth", "pos")[rows]
    return ScoredUnits(family.codes_of("q")[rows], truth, family.codes_of("patient")[rows])


def _few(view: View, family: Family) -> str:
    positive, negative = classes(family)
    if positive < view.plan.min_positive or negative < view.plan.min_negative:
        return f"{positive} positive and {negative} negative units with an outcome are too few"
    return thin(family.total, patients_of(family))


def _error(units: ScoredUnits, counts: Reading) -> Reading:
    value = equal_count_ece(graded(roc_counts(units.q, units.truth)))
    return _drawn(counts, value, lambda: ece_interval(units.values, units.truth, units.patients, DRAWN))


def _brier(units: ScoredUnits, counts: Reading) -> Reading:
    value = brier_score(graded(roc_counts(units.q, units.truth)))
    return _drawn(counts, value, lambda: brier_interval(units.values, units.truth, units.patients, DRAWN))


def _drawn(counts: Reading, value: float, interval: Callable[[], Bounds]) -> Reading:
    if (counts.n_patients or 0) < 2:
        return replace(counts, value=value, reason=NotAssessed.CLUSTERED, why="an interval needs two patients")
    return replace(counts, value=value, interval=interval())


def _line(counts: Reading, value: float | None, bounds: Bounds | None, reason: str) -> Reading:
    if bounds is None:
        return replace(counts, value=value, reason=NotAssessed.TOO_FEW, why=reason)
    return replace(counts, value=value, interval=bounds)


def _slope(view: View, line: CoxLine, counts: Reading) -> Reading:
    """Return the slope, tested against that of the reference."""
    reading = _line(counts, line.slope, line.slope_bounds, line.reason)
    if line.slope is None or line.slope_bounds is None:
        return reading
    base = labelled(view.base[PATIENTS])
    why = view.unready or _few(view, base)
    before = CoxLine() if why else _reference_line(base)
    if before.slope is None or before.slope_bounds is None:
        why = why or f"in the reference, {before.reason}"
        return replace(reading, reason=NotAssessed.TOO_FEW, why=why)
    p_value = change_p(line.slope, line.slope_bounds, before.slope, before.slope_bounds)
    return replace(reading, limit=before.slope, p_value=p_value)


def _reference_line(base: Family) -> CoxLine:
    units = scored_units(base)
    return cox_line(units.values, units.truth, units.patients)


def _reliability(units: ScoredUnits, state: LabelState) -> list[Reading]:
    found = reliability_bins(units)
    return [
        Reading(
            one.n,
            one.observed,
            Bounds(one.low, one.high),
            limit=one.mean_score,
            subject={"group": f"{place} of {len(found)}"},
            assumes=state.assumes,
        )
        for place, one in enumerate(found, start=1)
    ]
