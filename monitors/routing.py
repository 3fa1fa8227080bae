"""Routing: what arrived against what was expected, at a site by modality and by the hour."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from monitors.counts import Counts, Family
from monitors.daily_blocks import LEAST_DAYS
from monitors.draft import Reading, drafted
from monitors.families import EXPECTED, RECEIVED
from monitors.scope import View
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.distributions import student_critical_value, student_two_sided
from validation.statistics.proportions import Bounds

_Floats = npt.NDArray[np.float64]


def routing_signals(view: View, counts: Counts) -> list[Signal]:
    """Return two signals for each modality that a site expects; none for all sites together."""
    site = view.scope.site
    if not site:
        return []
    expected, received = (counts[name].where(site=site).during(view.window) for name in (EXPECTED, RECEIVED))
    if expected.total == 0:
        why = "nothing says how many studies were expected"
        none = Reading(received.total, reason=NotAssessed.ATTRIBUTE_MISSING, why=why)
        return [drafted(view, code, none) for code in ("RTG001", "RTG002")]
    return [
        drafted(view, code, replace(reading, subject={"modality": modality}))
        for modality in expected.levels["modality"]
        for code, reading in _modality(view, expected.where(modality=modality), received.where(modality=modality))
    ]


def _modality(view: View, expected: Family, received: Family) -> list[tuple[str, Reading]]:
    return [("RTG001", _share(view, expected, received)), ("RTG002", _gap(expected, received))]


def _share(view: View, expected: Family, received: Family) -> Reading:
    """Return received over expected, with the day as the block; only days on which something was expected count."""
    days = np.unique(expected.codes_of("day"))
    planned, came = (_by(family, "day", days) for family in (expected, received))
    total, m = float(planned.sum()), len(days)
    reading = Reading(round(total), n_positive=int(came.sum()))
    value = float(came.sum()) / total
    if total < view.plan.min_units or m < LEAST_DAYS:
        why = f"{total:.0f} studies on {m} days were expected, {view.plan.min_units} on {LEAST_DAYS} are needed"
        return replace(reading, value=value, reason=NotAssessed.TOO_FEW, why=why)
    error = math.sqrt(m / (m - 1) * float(((came - value * planned) ** 2).sum())) / total
    shown = replace(reading, value=value, limit=1.0)
    if error == 0.0:
        return shown if value >= 1.0 else replace(shown, watch=True)
    half = student_critical_value(0.95, m - 1) * error
    two_sided = student_two_sided((value - 1) / error, m - 1)
    p_value = two_sided / 2 if value < 1 else 1 - two_sided / 2
    return replace(shown, interval=Bounds(max(0.0, value - half), value + half), p_value=p_value)


def _gap(expected: Family, received: Family) -> Reading:
    """Return the longest run of expected hours in which nothing came, by what was expected in it."""
    hours = np.unique(expected.codes_of("hour"))
    planned, came = (_by(family, "hour", hours) for family in (expected, received))
    planned, came = planned[planned > 0], came[planned > 0]
    if not came.any():
        why = "nothing came in the whole window"
        return Reading(int(planned.sum()), float(planned.sum()), limit=0.0, p_value=0.0, why=why)
    missed, runs = _silent(planned, came)
    scale = min(1.0, float(came.sum() / planned.sum()))
    p_value = min(1.0, runs * math.exp(-missed * scale))
    return Reading(int(planned.sum()), missed, limit=0.0, p_value=p_value)


def _silent(planned: _Floats, came: _Floats) -> tuple[float, int]:
    """Return what was expected in the longest silence, and how many silences could have begun."""
    silent = came == 0
    starts = silent & ~np.concatenate([[False], silent[:-1]])
    run = np.cumsum(starts)
    sums = np.bincount(run[silent], planned[silent]) if silent.any() else np.zeros(1)
    return float(sums.max()), int((~silent).sum()) + 1


def _by(family: Family, axis: str, keys: npt.NDArray[np.int64]) -> _Floats:
    """Return the counts at some values of an axis, 0 where there is none."""
    part = family.marginal((axis,))
    found = np.zeros(len(keys))
    place = np.searchsorted(keys, part.codes_of(axis))
    known = (place < len(keys)) & (keys[np.minimum(place, len(keys) - 1)] == part.codes_of(axis))
    found[place[known]] = part.counts[known]
    return found
