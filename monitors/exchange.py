"""The export family: counts that several hospitals may share, and what their sum says.

A window of one model is told as at most 32 bins of the score, each bin by class. Neighbouring bins are merged until
every cell that is not empty holds at least `min_cell` patients (and so at least as many units). Groups of one axis are
told on coarser bins of their own, so that total minus groups is never a smaller cell either: a group that holds too
few is suppressed, and where one suppressed group would follow from the others the smallest of these goes with it
(complementary suppression: Hundepool et al., Statistical Disclosure Control, 2012, chapter 4).

The area under the ROC curve of all units lies between two sums over the bins: pairs in separate bins are decided,
pairs in one bin are not. The middle is the value, half the difference the bound B.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from monitors.counts import Family, Integers

GRID = 4096  # the bins' edges lie on this grid of the score
MOST_BINS = 32
LEAST_CELL = 11
COST = 1.25  # fuller classes may widen the bound of the area by a quarter
UNSTATED = "not stated"
_SHIFT = 4  # from the score grid of 2^16 to GRID
_LABELLED = ("pos", "neg")
# What the classes tell, from the fullest to the least: the first that no class is too small for is used.
Level = tuple[tuple[str, ...], bool]
LEVELS: tuple[Level, ...] = (
    (("truth", "decision"), True),
    (("truth", "decision"), False),
    (("truth",), True),
    (("truth",), False),
    ((), True),
)
Class = tuple[str, ...]
Held = dict[tuple[int, int], set[int]]  # patients by stratum and class


@dataclass(frozen=True)
class Bins:
    """Counts by bin and class.

    Attributes:
        edges: of the bins, on 0..GRID, one more than there are bins.
        cells: units per bin and class; empty cells are left out.
    """

    edges: tuple[int, ...]
    cells: Mapping[tuple[int, Class], int]

    @property
    def total(self) -> int:
        """All units."""
        return sum(self.cells.values())

    def of_truth(self, truth: str) -> dict[tuple[int, int], int]:
        """Return the units of a truth per interval of the score, as (first, one past the last) on 0..GRID."""
        found: dict[tuple[int, int], int] = {}
        for (place, kind), n in self.cells.items():
            if kind[:1] == (truth,):
                interval = (self.edges[place], self.edges[place + 1])
                found[interval] = found.get(interval, 0) + n
        return found


@dataclass(frozen=True)
class Strata:
    """The groups of one axis that are told, and the names of those that are not; their classes may tell less."""

    axis: str
    dimensions: tuple[str, ...]
    unlabelled: bool
    groups: Mapping[str, Bins]
    suppressed: tuple[str, ...]


@dataclass(frozen=True)
class Export:
    """What one hospital shares of one window.

    Attributes:
        dimensions: what the classes tell: of `truth`, `decision`.
        unlabelled: whether units without a label are among them.
        bins: of all groups together.
        strata: groups of one axis; None where no axis was asked for.
    """

    dimensions: tuple[str, ...]
    unlabelled: bool
    bins: Bins
    strata: Strata | None = None


@dataclass(frozen=True, eq=False)
class _Units:
    """Cells of patients: score cell on GRID, class, group, patient and units, each of shape (n,)."""

    place: Integers
    kind: Integers
    group: Integers
    patient: Integers
    n: Integers
    classes: tuple[Class, ...] = field(default=())
    groups: tuple[str, ...] = field(default=())


def export_family(family: Family, axis: str | None = None, min_cell: int = LEAST_CELL) -> Export | None:
    """Return what may be shared of the units of one model, version, target, mode and window.

    Args:
        family: the `patients` family of these units.
        axis: an axis of the family whose groups are told too.
        min_cell: the fewest patients in a cell that is not empty; at least 11.

    Returns:
        The export; None where there are fewer units than even one cell needs.

    Raises:
        ValueError: when `min_cell` is below 11.
    """
    if min_cell < LEAST_CELL:
        raise ValueError(f"a cell holds at least {LEAST_CELL} patients")
    found = [(level, bins) for level in LEVELS if (bins := _total(family, level, axis, min_cell)) is not None]
    if not found:
        return None
    level, bins = _fullest(found)
    strata = None if axis is None else _most_strata(family, level, axis, bins.edges, min_cell)
    return Export(*level, bins, strata)


def _total(family: Family, level: Level, axis: str | None, min_cell: int) -> Bins | None:
    """Tell all units together; None where a class is too small to be told."""
    units = _units(family, level[0], axis, unlabelled=level[1])
    if not len(units.n) or not _holds(_together(_patients(units)), min_cell):
        return None
    edges = _edges(units, range(GRID), np.zeros_like(units.group), min_cell)
    return _binned(units, edges, np.ones(len(units.n), dtype=np.bool_))


def _fullest(found: Sequence[tuple[Level, Bins]]) -> tuple[Level, Bins]:
    """Return the fullest classes that cost the area little: telling more classes makes the bins wider."""
    areas = [merged_area([bins]) for _, bins in found]
    bounds = [area.bound for area in areas if area is not None]
    allowed = COST * min(bounds) if bounds else 0.0
    return next(one for one, area in zip(found, areas, strict=True) if not bounds or (area and area.bound <= allowed))


def _units(family: Family, dimensions: tuple[str, ...], axis: str | None, *, unlabelled: bool) -> _Units:
    axes = ("q", "truth", "decision", *((axis,) if axis else ()), "patient")
    cells = family.marginal(axes)
    if not unlabelled:
        cells = cells.select(~cells.is_level("truth", "none"))
    texts = [cells.labels_of(dimension) for dimension in dimensions]
    kinds = list(zip(*texts, strict=True)) if texts else [()] * len(cells.counts)
    classes = tuple(sorted(set(kinds)))
    group = cells.codes_of(axis) if axis else np.zeros(len(cells.counts), dtype=np.int64)
    return _Units(
        place=cells.codes_of("q") >> _SHIFT,
        kind=np.array([classes.index(kind) for kind in kinds], dtype=np.int64),
        group=group,
        patient=cells.codes_of("patient"),
        n=cells.counts,
        classes=classes,
        groups=cells.levels[axis] if axis else ("",),
    )


def _most_strata(family: Family, of_total: Level, axis: str, edges: tuple[int, ...], min_cell: int) -> Strata:
    """Tell as many groups as may be told, with as much as can be told of these; never more than of the total."""
    dimensions, unlabelled = of_total
    levels = [one for one in LEVELS if set(one[0]) <= set(dimensions) and one[1] <= unlabelled]
    found = [
        _strata(_units(family, level[0], axis, unlabelled=level[1]), level, axis, edges, min_cell) for level in levels
    ]
    return max(found, key=lambda strata: len(strata.groups))


def _strata(units: _Units, level: Level, axis: str, edges: tuple[int, ...], min_cell: int) -> Strata:
    """Tell the groups that may be told, on bins that suit them and what is left of the total."""
    sizes = {code: int(units.n[units.group == code].sum()) for code in range(len(units.groups))}
    told = [code for code in sizes if _holds(_of_group(units, {code}), min_cell)]
    told.sort(key=lambda code: (-sizes[code], code))
    while told and not _holds(_of_group(units, set(sizes) - set(told)), min_cell):
        told.pop()
    stratum = np.array([told.index(code) if code in told else len(told) for code in sizes], dtype=np.int64)
    coarse = _edges(units, edges[:-1], stratum[units.group], min_cell)
    groups = {_named(units.groups[code]): _binned(units, coarse, units.group == code) for code in sorted(told)}
    suppressed = tuple(_named(units.groups[code]) for code in sizes if code not in told)
    return Strata(axis, *level, groups, suppressed)


def _edges(units: _Units, starts: Iterable[int], stratum: Integers, min_cell: int) -> tuple[int, ...]:
    """Merge neighbouring bins until every cell of every stratum is empty or holds enough patients.

    A bin is closed once it holds enough, and a share of the units of the classes that leaves at most 32 bins; what is
    left at the end joins the bins before it.

    Args:
        units: what is told.
        starts: where a bin may begin.
        stratum: of each cell of units.
        min_cell: the fewest patients in a cell that is not empty.
    """
    begins = np.asarray(list(starts), dtype=np.int64)
    atom = np.searchsorted(begins, units.place, side="right") - 1
    order = np.argsort(atom, kind="stable")
    weight = (units.n / np.bincount(units.kind, units.n)[units.kind])[order]
    share = float(weight.sum()) / MOST_BINS
    edges: list[int] = []
    bins: list[Held] = []
    mass, first = 0.0, 0
    held: Held = {}
    for place, low, high in _runs(atom[order]):
        mass += float(weight[low:high].sum())
        here = order[low:high]
        _add(held, zip(stratum[here].tolist(), units.kind[here].tolist(), units.patient[here].tolist(), strict=True))
        if mass >= share and _holds(held, min_cell):
            edges.append(first)
            bins.append(held)
            first, mass, held = int(begins[place + 1]) if place + 1 < len(begins) else GRID, 0.0, {}
    return (*_closed(edges, bins, held, first, min_cell), GRID)


def _runs(values: Integers) -> Iterator[tuple[int, int, int]]:
    """Yield each value of a sorted column with the first row that has it and the first that has it no more."""
    found, starts = np.unique(values, return_index=True)
    yield from zip(found.tolist(), starts.tolist(), [*starts[1:].tolist(), len(values)], strict=True)


def _closed(edges: list[int], bins: list[Held], held: Held, first: int, min_cell: int) -> tuple[int, ...]:
    """Join what is left after the last closed bin to the bins before it, until it holds enough."""
    if not held:
        return tuple(edges)
    while edges and not _holds(held, min_cell):
        first = edges.pop()
        for key, patients in bins.pop().items():
            held.setdefault(key, set()).update(patients)
    return (*edges, first if edges else 0)


def _add(held: Held, rows: Iterable[tuple[int, int, int]]) -> None:
    for stratum, kind, patient in rows:
        held.setdefault((stratum, kind), set()).add(patient)


def _holds(held: Mapping[tuple[int, int], set[int]], min_cell: int) -> bool:
    """Say whether every cell that is not empty holds enough patients."""
    return all(len(patients) >= min_cell for patients in held.values())


def _patients(units: _Units) -> Held:
    held: Held = {}
    _add(held, zip(units.group.tolist(), units.kind.tolist(), units.patient.tolist(), strict=True))
    return held


def _together(held: Mapping[tuple[int, int], set[int]]) -> Held:
    """Forget the groups."""
    found: Held = {}
    for (_, kind), patients in held.items():
        found.setdefault((0, kind), set()).update(patients)
    return found


def _of_group(units: _Units, groups: set[int]) -> Held:
    """Return the patients of some groups together, by class."""
    return _together({key: patients for key, patients in _patients(units).items() if key[0] in groups})


def _binned(units: _Units, edges: tuple[int, ...], keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Bins:
    place = np.searchsorted(np.asarray(edges[:-1]), units.place[keep], side="right") - 1
    cells: dict[tuple[int, Class], int] = {}
    for at, kind, n in zip(place.tolist(), units.kind[keep].tolist(), units.n[keep].tolist(), strict=True):
        key = (at, units.classes[kind])
        cells[key] = cells.get(key, 0) + n
    return Bins(edges, dict(sorted(cells.items())))


def _named(group: str) -> str:
    return group or UNSTATED


@dataclass(frozen=True)
class MergedArea:
    """The area under the ROC curve of binned counts.

    Attributes:
        value, bound: the area of all units lies within value - bound and value + bound.
        n_positive, n_negative: units.
    """

    value: float
    bound: float
    n_positive: int
    n_negative: int


def merged_area(parts: Sequence[Bins]) -> MergedArea | None:
    """Return the area of several hospitals' units together, whatever bins each has; None where a class is empty."""
    positive, negative = (_intervals(part.of_truth(truth) for part in parts) for truth in _LABELLED)
    n_positive, n_negative = int(positive[2].sum()), int(negative[2].sum())
    if not n_positive or not n_negative:
        return None
    above = positive[0][:, None] >= negative[1][None, :]
    below = positive[1][:, None] <= negative[0][None, :]
    pairs = positive[2][:, None] * negative[2][None, :]
    sure, open_still = int(pairs[above].sum()), int(pairs[~above & ~below].sum())
    every = n_positive * n_negative
    return MergedArea((2 * sure + open_still) / (2 * every), open_still / (2 * every), n_positive, n_negative)


def _intervals(parts: Iterable[Mapping[tuple[int, int], int]]) -> tuple[Integers, Integers, Integers]:
    found: dict[tuple[int, int], int] = {}
    for part in parts:
        for interval, n in part.items():
            found[interval] = found.get(interval, 0) + n
    rows = np.array([(low, high, n) for (low, high), n in sorted(found.items())], dtype=np.int64).reshape(-1, 3)
    return rows[:, 0], rows[:, 1], rows[:, 2]
