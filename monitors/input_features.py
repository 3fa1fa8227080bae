"""From count families to the input monitor: the features of a scope's acquisitions in its window and its reference."""

from collections.abc import Mapping

import numpy as np

from monitors.counts import PATIENTS, SCANNER, Counts, Family, day_number
from monitors.drift_inputs import InputHistogram, embedding_signal, input_signals, no_quantity
from monitors.scope import Scope, View, periods_of
from monitors.shares import patients_of
from registry.domain.signal import Signal, Window
from validation.statistics.arrays import FloatArray, IntArray

MIXES: Mapping[str, str] = {"modality": "FA", SCANNER: "FA"}  # categories by the family that counts them
NO_EMBEDDINGS: tuple[FloatArray, FloatArray] = (np.zeros((0, 1)), np.zeros((0, 1)))


def input_drift(view: View, counts: Counts, as_of: str) -> list[Signal]:
    """Return the input monitor's signals of one scope."""
    features = input_histograms(view, counts, as_of)
    missing = [no_quantity(view)] if all(one.values is None for one in features) else []
    return [*input_signals(view, features), *missing, embedding_signal(view, *NO_EMBEDDINGS)]


def input_histograms(view: View, counts: Counts, as_of: str) -> list[InputHistogram]:
    """Return every feature of the acquisitions at a scope's sites, counted in its window and its reference."""
    window, references = periods_of(counts, view.scope, view.plan, as_of)
    patients = (patients_of(view.now[PATIENTS]), patients_of(view.base[PATIENTS]))
    found = []
    for feature, name in MIXES.items():
        family = _of_sites(counts[name], view.scope)
        now, base = family.during(window), _during_each(family, references)
        found.append(_mix(feature, (now, base), patients))
    return found


def _mix(feature: str, periods: tuple[Family, Family], patients: tuple[int, int]) -> InputHistogram:
    levels = sorted({level for family in periods for level in family.levels[feature]})
    now, base = (_by_level(family, feature, levels) for family in periods)
    return InputHistogram(feature, None, now, base, patients)


def _by_level(family: Family, axis: str, levels: list[str]) -> IntArray:
    place = np.array([levels.index(level) for level in family.levels[axis]], dtype=np.int64)
    if not len(place):
        return np.zeros(len(levels), dtype=np.int64)
    return np.bincount(place[family.codes_of(axis)], family.counts, len(levels)).astype(np.int64)


def _of_sites(family: Family, scope: Scope) -> Family:
    return family.where(site=scope.site) if scope.site else family


def _during_each(family: Family, references: Mapping[str, Window]) -> Family:
    """Return the cells of each site's own reference period."""
    keep, days = np.zeros(len(family.counts), dtype=np.bool_), family.codes_of("day")
    for site, period in references.items():
        within = (days >= day_number(period.start)) & (days <= day_number(period.end))
        keep |= family.is_level("site", site) & within
    return family.select(keep)
