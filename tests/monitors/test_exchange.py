"""Shared counts: no cell below 11 patients, none by subtraction, and the merged area within its bound."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitors.counts import F0, Family, Labels, count
from monitors.exchange import GRID, LEAST_CELL, MOST_BINS, Bins, Export, export_family, merged_area
from validation.statistics.roc import merged_counts, roc_counts, roc_from_counts


def units(
    seed: int, n: int, *, prevalence: float = 0.2, labelled: float = 0.9, repeats: int = 1, skew: float = 1.0
) -> dict[str, np.ndarray]:
    """Draw units with scores that tell the classes apart, groups of very different size, and repeated patients."""
    rng = np.random.default_rng(seed)
    truth = rng.random(n) < prevalence
    q = np.minimum(65_535, (65_536 * rng.beta(1 + 2 * truth, 3 * skew)).astype(np.int64))
    known = np.where(rng.random(n) < labelled, truth, 2)
    group = rng.choice(4, n, p=[0.55, 0.38, 0.05, 0.02])
    return {"q": q, "truth": known, "decision": (q >= 30_000), "group": group, "patient": np.arange(n) // repeats}


def family(drawn: dict[str, np.ndarray]) -> Family:
    n = len(drawn["q"])
    zeros = np.zeros(n, dtype=np.int64)
    one = Labels(zeros, ("x",))
    columns = {"day": zeros + 739_000, "model": one, "version": one, "target": one, "site": one, "mode": one}
    signs = ("neg", "pos", "none")
    columns |= {
        "q": drawn["q"],
        "truth": Labels(drawn["truth"].astype(np.int64), signs),
        "decision": Labels(drawn["decision"].astype(np.int64), signs),
        "sex": Labels(drawn["group"].astype(np.int64), ("F", "M", "O", "")),
        "patient": Labels(drawn["patient"], tuple(f"p{i}" for i in range(n))),
    }
    assert tuple(columns)[: len(F0)] == F0
    return count("patients", columns)


def cells(export: Export) -> Iterator[int]:
    """Yield every number that an export tells, and every one that follows by subtraction."""
    yield from export.bins.cells.values()
    if export.strata is None:
        return
    for bins in export.strata.groups.values():
        yield from bins.cells.values()
    yield from rest(export).values()


def rest(export: Export) -> dict[tuple[int, tuple[str, ...]], int]:
    """Return total minus groups, on the groups' bins."""
    assert export.strata is not None
    groups = list(export.strata.groups.values())
    edges = groups[0].edges if groups else (0, GRID)
    left: dict[tuple[int, tuple[str, ...]], int] = {}
    for (place, full), n in export.bins.cells.items():
        if full[:1] == ("none",) and not export.strata.unlabelled:
            continue
        kind = full[: len(export.strata.dimensions)]
        at = int(np.searchsorted(edges[:-1], export.bins.edges[place], side="right")) - 1
        left[at, kind] = left.get((at, kind), 0) + n
    for bins in groups:
        assert bins.edges == edges
        for key, n in bins.cells.items():
            left[key] -= n
    return {key: n for key, n in left.items() if n}


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 600),
    prevalence=st.floats(0.01, 0.9),
    labelled=st.floats(0.3, 1.0),
    repeats=st.integers(1, 4),
)
def test_no_cell_is_below_eleven_nor_is_one_by_subtraction(
    seed: int, n: int, prevalence: float, labelled: float, repeats: int
) -> None:
    drawn = units(seed, n, prevalence=prevalence, labelled=labelled, repeats=repeats)
    for axis in (None, "sex"):
        export = export_family(family(drawn), axis)
        if export is None:
            assert len(set(drawn["patient"])) < LEAST_CELL
            continue
        assert min(cells(export)) >= LEAST_CELL
        assert len(export.bins.edges) - 1 <= MOST_BINS
        assert export.bins.edges[0] == 0
        assert export.bins.edges[-1] == GRID
        told = {place for part in (export.bins, *_groups(export)) for place in part.edges}
        assert told == set(export.bins.edges), "groups are told on bins of the total"


def _groups(export: Export) -> list[Bins]:
    return list(export.strata.groups.values()) if export.strata else []


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(60, 500), repeats=st.integers(2, 6))
def test_a_cell_counts_patients_not_only_units(seed: int, n: int, repeats: int) -> None:
    drawn = units(seed, n, repeats=repeats, labelled=1.0)
    export = export_family(family(drawn), "sex")
    if export is None:
        return
    kinds = [
        (("neg", "pos")[t], ("neg", "pos")[int(d)]) for t, d in zip(drawn["truth"], drawn["decision"], strict=True)
    ]
    size = len(export.dimensions)
    for place, kind in export.bins.cells:
        low, high = (16 * export.bins.edges[place + side] for side in (0, 1))
        inside = (drawn["q"] >= low) & (drawn["q"] < high) & np.array([k[:size] == kind for k in kinds])
        assert len(set(drawn["patient"][inside])) >= LEAST_CELL


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(60, 900), min_size=1, max_size=4), seed=st.integers(0, 10**6))
def test_the_merged_area_is_that_of_all_units_within_the_bound(sizes: list[int], seed: int) -> None:
    hospitals = [units(seed + at, n, labelled=0.95, skew=1 + at) for at, n in enumerate(sizes)]
    exports = [export for export in (export_family(family(drawn)) for drawn in hospitals) if export is not None]
    told = [drawn for drawn in hospitals if export_family(family(drawn)) is not None]
    area = merged_area([export.bins for export in exports if "truth" in export.dimensions])
    if area is None or any("truth" not in export.dimensions for export in exports):
        return
    kept = [{name: column[drawn["truth"] < 2] for name, column in drawn.items()} for drawn in told]
    pooled = roc_from_counts(merged_counts(*(roc_counts(drawn["q"], drawn["truth"] == 1) for drawn in kept)))
    assert abs(pooled.auc - area.value) <= area.bound + 1e-12
    assert (area.n_positive, area.n_negative) == (pooled.n_positive, pooled.n_negative)


def test_the_bound_is_small_where_there_are_many_units() -> None:
    export = export_family(family(units(1, 20_000, labelled=1.0)))
    assert export is not None
    area = merged_area([export.bins])
    assert area is not None
    assert area.bound < 0.02
    assert len(export.bins.edges) - 1 >= 20


def test_a_group_that_would_follow_from_the_others_takes_the_smallest_of_them_with_it() -> None:
    drawn = units(2, 2000, labelled=1.0)
    drawn["group"] = np.repeat([0, 1, 2], [1500, 496, 4])
    export = export_family(family(drawn), "sex")
    assert export is not None
    assert export.strata is not None
    assert set(export.strata.suppressed) == {"M", "O"}
    assert set(export.strata.groups) == {"F"}


def test_two_groups_of_which_one_is_too_small_are_both_suppressed() -> None:
    drawn = units(3, 200, labelled=1.0)
    drawn["group"] = np.repeat([0, 1], [195, 5])
    export = export_family(family(drawn), "sex")
    assert export is not None
    assert export.strata is not None
    assert (export.strata.groups, export.strata.suppressed) == ({}, ("F", "M"))


def test_classes_that_are_too_small_are_told_without_what_makes_them_small() -> None:
    drawn = units(4, 300, prevalence=0.3, labelled=1.0)
    drawn["decision"] = drawn["truth"] == 1
    drawn["decision"][np.flatnonzero(drawn["truth"] == 1)[:3]] = False  # three misses are nobody's business
    export = export_family(family(drawn))
    assert export is not None
    assert export.dimensions == ("truth",)


def test_fewer_patients_than_a_cell_needs_are_not_told_at_all() -> None:
    assert export_family(family(units(5, 10))) is None


def test_a_smaller_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 11"):
        export_family(family(units(6, 100)), min_cell=10)


def test_the_area_of_bins_of_any_kind_lies_between_its_extremes() -> None:
    rng = np.random.default_rng(7)
    q, truth = rng.integers(0, 65_536, 300), rng.random(300) < 0.4
    for cuts in itertools.islice(_random_cuts(rng), 30):
        cells = {
            (int(np.searchsorted(cuts, cell >> 4, side="right")) - 1, ("pos" if t else "neg",))
            for cell, t in zip(q, truth, strict=True)
        }
        tallied = dict.fromkeys(sorted(cells), 0)
        for cell, t in zip(q, truth, strict=True):
            tallied[int(np.searchsorted(cuts, cell >> 4, side="right")) - 1, ("pos" if t else "neg",)] += 1
        area = merged_area([Bins((*cuts, GRID), tallied)])
        assert area is not None
        assert abs(area.value - roc_from_counts(roc_counts(q, truth)).auc) <= area.bound


def _random_cuts(rng: np.random.Generator) -> Iterator[tuple[int, ...]]:
    while True:
        yield (0, *sorted(int(cut) for cut in set(rng.integers(1, GRID, rng.integers(1, 20)).tolist())))
