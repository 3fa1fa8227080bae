"""Work: turnaround, reading time, dose, contrast and repeats, with the case mix of modality and protocol alike.

Means are compared within strata of modality and protocol (direct standardisation to the window's mix), not by a
regression, for the reasons of `monitors.reactions`.
"""

import math
from dataclasses import replace

import numpy as np

from monitors.counts import PATIENTS, PROTOCOL, Family
from monitors.draft import Reading, drafted, reading_of
from monitors.families import WORK, WORK_UNITS
from monitors.means import Mean, mean_of
from monitors.reference import unfit
from monitors.scope import View
from monitors.shares import difference_p, patients_of, sums_of_patients, thin
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.distributions import critical_value, normal_two_sided
from validation.statistics.proportions import Bounds, ClusteredShare, clustered_from_totals

MEASURES = {"WRK001": "turnaround", "WRK002": "read_time", "WRK003": "dose", "WRK004": "contrast"}
STRATA = ("modality", PROTOCOL)
_Stratum = tuple[str, ...]


def workload_signals(view: View) -> list[Signal]:
    """Return the workload monitor's signals of one scope."""
    found = [drafted(view, code, _ratio(view, measure)) for code, measure in MEASURES.items()]
    return [*found, drafted(view, "WRK005", _repeats(view))]


def _ratio(view: View, measure: str) -> Reading:
    """Return the mean of the window over that of the reference on the window's mix of strata."""
    now, base = (period[WORK].where(measure=measure) for period in (view.now, view.base))
    reading = Reading(now.total, n_patients=patients_of(now))
    if not now.total and not base.total:
        return replace(reading, reason=NotAssessed.ATTRIBUTE_MISSING, why=f"no study or read states its {measure}")
    if why := unfit(view, now.total, base.total):
        return replace(reading, reason=NotAssessed.TOO_FEW, why=why)
    first, second = _strata(now), _strata(base)
    common = sorted(key for key in set(first) & set(second) if first[key].error and second[key].error)
    covered = sum(first[key].n for key in common)
    if covered < view.plan.min_units:
        why = "no stratum of modality and protocol has ten patients, whose values vary, in window and in reference"
        return replace(reading, reason=NotAssessed.CLUSTERED, why=why)
    means = [_standardised(part, first, common) for part in (first, second)]
    if min(mean for mean, _ in means) <= 0:
        return replace(reading, reason=NotAssessed.TOO_FEW, why="a mean of zero has no ratio")
    return _compared(reading, measure, means, f"{covered} of {now.total} lie in {len(common)} common strata")


def _compared(reading: Reading, measure: str, means: list[tuple[float, float]], where: str) -> Reading:
    (value, error), (before, its) = means
    log, spread = math.log(value / before), math.hypot(error / value, its / before)
    half = critical_value(0.95) * spread
    unit, most = WORK_UNITS[measure]
    capped = f"values above {most} count as that"
    why = f"the mean is {value:.4g} {unit}, on the same mix it was {before:.4g} ({capped}); {where}"
    bounds, p_value = Bounds(math.exp(log - half), math.exp(log + half)), normal_two_sided(log / spread)
    return replace(reading, value=value / before, interval=bounds, limit=1.0, p_value=p_value, why=why)


def _strata(work: Family) -> dict[_Stratum, Mean]:
    """Return the mean of each stratum."""
    columns = [work.codes_of(axis) for axis in STRATA]
    keys, place = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    found = {}
    for at, key in enumerate(keys.tolist()):
        part = work.select(place.reshape(-1) == at)
        mean = mean_of(part, part.codes_of("value").astype(np.float64))
        if mean is not None:
            found[tuple(work.levels[axis][code] for axis, code in zip(STRATA, key, strict=True))] = mean
    return found


def _standardised(part: dict[_Stratum, Mean], mix: dict[_Stratum, Mean], common: list[_Stratum]) -> tuple[float, float]:
    """Return the mean of a period on another's mix of strata, and its error."""
    total = sum(mix[key].n for key in common)
    weights = {key: mix[key].n / total for key in common}
    value = sum(weights[key] * part[key].value for key in common)
    return value, math.sqrt(sum((weights[key] * (part[key].error or 0.0)) ** 2 for key in common))


def _repeats(view: View) -> Reading:
    """Return the share of studies with a repeated series, against the reference."""
    now, base = (_repeated(period[WORK], period[PATIENTS]) for period in (view.now, view.base))
    if now is None or base is None or not now.successes + base.successes:
        why = "no series says that it repeats another"
        return Reading(now.n if now else 0, reason=NotAssessed.ATTRIBUTE_MISSING, why=why)
    reading = reading_of(now, base.value)
    if why := unfit(view, now.n, base.n):
        return replace(reading, reason=NotAssessed.TOO_FEW, why=why)
    if few := thin(base.n, base.patients):
        return replace(reading, reason=NotAssessed.CLUSTERED, why=f"in the reference, {few}")
    return replace(reading, p_value=difference_p(now, base))


def _repeated(work: Family, units: Family) -> ClusteredShare | None:
    """Return the share of units whose study has a repeated series, clustered by patient."""
    if units.total == 0:
        return None
    repeats = work.where(measure="repeats")
    sizes, hits = sums_of_patients(units, repeats, repeats.counts)
    return clustered_from_totals(np.minimum(hits, sizes), sizes)
