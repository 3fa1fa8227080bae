"""From count families to the input monitor: the features of a scope's acquisitions in its window and its reference."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from monitors.counts import PATIENTS, SCANNER, Counts, Family
from monitors.drift import pair_of
from monitors.drift_inputs import InputHistogram, embedding_signal, input_signals, unread_embeddings, unstated_signal
from monitors.embeddings import Embeddings
from monitors.families import CATEGORICAL, NUMERIC
from monitors.scope import Scope, View, periods_of
from monitors.shares import patients_of
from monitors.shelved import Mask, Part, at_sites, chosen, within
from monitors.value_grid import to_numbers
from registry.domain.signal import Signal, Window
from validation.statistics.arrays import IntArray

# Categories by the family that counts them, and the axis of it.
MIXES: Mapping[str, tuple[str, str]] = {
    "modality": ("FA", "modality"),
    SCANNER: ("FA", SCANNER),
    **{column: (f"FK:{column}", "level") for column in CATEGORICAL},
}
Pair = tuple[Family, Family]


def input_drift(view: View, counts: Counts, as_of: str, embeddings: Embeddings | None = None) -> list[Signal]:
    """Return the input monitor's signals of one scope; features that no acquisition states are named together."""
    features = input_histograms(view, counts, as_of)
    stated = {one.feature for one in features}
    missing = {"INP001": [name for name in NUMERIC if name not in stated]}
    missing["INP002"] = [name for name in MIXES if name not in stated]
    gaps = [unstated_signal(view, code, names) for code, names in missing.items() if names]
    found = [*input_signals(view, features), *gaps]
    if embeddings is None:
        return [*found, unread_embeddings(view)]
    periods = periods_of(counts, view.scope, view.plan, as_of)
    return [*found, embedding_signal(view, *embeddings.of_periods(view.scope, *periods))]


def input_histograms(view: View, counts: Counts, as_of: str) -> list[InputHistogram]:
    """Return every feature that an acquisition at a scope's sites states, in its window or its reference."""
    window, references = periods_of(counts, view.scope, view.plan, as_of)
    patients = (patients_of(view.now[PATIENTS]), patients_of(view.base[PATIENTS]))

    def periods(name: str) -> Pair:
        now, base = partial(_in_window, view.scope, window), partial(at_sites, references)
        return chosen(counts, name, now), chosen(counts, name, base)

    found = [_quantity(column, periods(f"FN:{column}"), patients) for column in NUMERIC]
    found += [_mix(feature, axis, periods(name), patients) for feature, (name, axis) in MIXES.items()]
    return [one for one in found if len(one.now)]


def _quantity(feature: str, pair: Pair, patients: tuple[int, int]) -> InputHistogram:
    cells, now, base = pair_of(*pair, "cell")
    return InputHistogram(feature, to_numbers(cells), now, base, patients)


def _mix(feature: str, axis: str, pair: Pair, patients: tuple[int, int]) -> InputHistogram:
    levels = sorted({level for family in pair for level in family.levels[axis]})
    now, base = (_by_level(family, axis, levels) for family in pair)
    return InputHistogram(feature, None, now, base, patients)


def _by_level(family: Family, axis: str, levels: Sequence[str]) -> IntArray:
    places = {level: place for place, level in enumerate(levels)}
    place = np.array([places[level] for level in family.levels[axis]] or [0], dtype=np.int64)
    return _summed(place[family.codes_of(axis)], family, len(levels))


def _summed(place: IntArray, family: Family, size: int) -> IntArray:
    return np.bincount(place, family.counts, size).astype(np.int64)


def _in_window(scope: Scope, window: Window, part: Part) -> Mask:
    """Say which cells are of a scope's sites, in its window."""
    keep = within(part, window)
    return keep & part.is_level("site", scope.site) if scope.site else keep
