"""Count families: sparse integer tables that are sufficient for every statistic, and that add up.

A family is a marginal of the observations: named axes, one row of codes per occupied cell, and a count. Families of
disjoint days, sites or shards are merged by addition, exactly and in any order, and equal content has equal bytes.
Axes of text carry their levels; axes of integers (`day` as the proleptic ordinal, `q` as the score-grid cell) are
their own codes.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import compress, pairwise
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from monitors.grouping import Narrow, grouped, grouped_parts, narrowest
from registry.domain.canonical import canonical_bytes
from registry.domain.digest import digest_pieces
from registry.domain.signal import Window

Integers = npt.NDArray[np.int64]
_Kind = TypeVar("_Kind", bound=np.integer[Any])
SCOPE = ("day", "model", "version", "target", "site", "mode")
F0 = (*SCOPE, "q", "truth", "decision")
FR = (*SCOPE, "reader", "ai_shown", "ai_decision", "read_decision", "truth", "independence")
FA = ("day", "site", "modality", "scanner")
FC = (*SCOPE, "reported", "decision")
FQ = (*SCOPE, "finding")
# Families with the patient as an axis stay in memory: they feed the clustered variances and are never exported.
PATIENTS = "patients"  # F0 x every F1 axis x patient
READ_PATIENTS = "read_patients"  # FR x patient
REPORTED_PATIENTS = "reported_patients"  # FC x patient
FINDING_PATIENTS = "finding_patients"  # FQ x patient
LABEL_SOURCES = "label_sources"  # units by truth, report, and the fraction with which an audit sampled them
# The families of the sequential watch, nearly one cell a unit by the day on which it entered; never exported either.
WATCH = "watch"
WATCH_READS = "watch_reads"
SCANNER = "scanner"
SOFTWARE = "software_versions"
PROTOCOL = "protocol_name"
NO_LABEL = 9999  # days: the age of a label that never came
INTERNAL = frozenset({PATIENTS, READ_PATIENTS, REPORTED_PATIENTS, FINDING_PATIENTS, LABEL_SOURCES})
UNACQUIRED = "unacquired"
_ROWS = 16_384  # cells whose canonical bytes are made at a time


@dataclass(frozen=True, eq=False)
class Labels:
    """A column of text as codes into its levels.

    Attributes:
        codes: shape (n,), indices into `levels`.
        levels: the texts, in any order.
    """

    codes: Integers
    levels: tuple[str, ...]


Column = Integers | Labels


@dataclass(frozen=True, eq=False)
class Family:
    """A sparse table of counts in canonical form; two families are equal when their digests are.

    Attributes:
        name: such as `F0`, `F1:sex`, `FR`.
        axes: names of the axes.
        levels: per text axis its levels, sorted, each in use.
        columns: per axis the codes, shape (cells,), as narrow whole numbers; the cells are sorted, each is there once.
        counts: shape (cells,), int64, each above zero.
    """

    name: str
    axes: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    columns: tuple[Narrow, ...]
    counts: Integers

    @property
    def total(self) -> int:
        """Sum of the counts."""
        return int(self.counts.sum())

    def codes_of(self, axis: str) -> Integers:
        """Return the codes of one axis, shape (cells,), int64."""
        return self.column(axis).astype(np.int64)

    def column(self, axis: str) -> Narrow:
        """Return the codes of one axis as they are held, shape (cells,): to compare, not to reckon with."""
        return self.columns[self.axes.index(axis)]

    def labels_of(self, axis: str) -> list[str]:
        """Return the texts of one axis, one per cell."""
        levels = self.levels[axis]
        return [levels[code] for code in self.column(axis).tolist()]

    def is_level(self, axis: str, level: str) -> npt.NDArray[np.bool_]:
        """Say per cell whether a text axis has this level, shape (cells,)."""
        if level not in self.levels[axis]:
            return np.zeros(len(self.counts), dtype=np.bool_)
        return np.asarray(self.column(axis) == self.levels[axis].index(level), dtype=np.bool_)

    def where(self, **chosen: str) -> "Family":
        """Return the cells whose text axes have these levels."""
        keep = np.ones(len(self.counts), dtype=np.bool_)
        for axis, level in chosen.items():
            keep &= self.is_level(axis, level)
        return self.select(keep)

    def select(self, keep: npt.NDArray[np.bool_]) -> "Family":
        """Return the cells of a mask of shape (cells,); they keep their order, levels out of use go."""
        return self._at(None if keep.all() else np.flatnonzero(keep))

    def _at(self, cells: npt.NDArray[np.intp] | slice | None) -> "Family":
        """Return some cells, or all, without the levels that they do not use."""
        columns = list(self.columns) if cells is None else [column[cells] for column in self.columns]
        levels = {}
        for axis, names in self.levels.items():
            place = self.axes.index(axis)
            columns[place], levels[axis] = pruned(columns[place], names)
        counts = self.counts if cells is None else self.counts[cells]
        return Family(self.name, self.axes, levels, tuple(columns), counts)

    def split(self, axis: str) -> dict[str, "Family"]:
        """Return the cells of each level of a text axis, in one pass over the cells."""
        codes, cells = self.codes_of(axis), None
        if (np.diff(codes) < 0).any():
            cells = np.argsort(codes, kind="stable")
            codes = codes[cells]
        edges = np.searchsorted(codes, np.arange(len(self.levels[axis]) + 1)).tolist()
        parts = zip(self.levels[axis], pairwise(edges), strict=True)
        return {
            level: self._at(slice(first, last) if cells is None else cells[first:last])
            for level, (first, last) in parts
        }

    def during(self, window: Window) -> "Family":
        """Return the cells of a window of days, both ends included."""
        return self.select(in_period(self.column("day"), window))

    def marginal(self, axes: Sequence[str], name: str = "") -> "Family":
        """Sum over every axis that is not named."""
        places = [self.axes.index(axis) for axis in axes]
        kept = {axis: self.levels[axis] for axis in axes if axis in self.levels}
        return _canonical(name or self.name, tuple(axes), kept, [self.columns[place] for place in places], self.counts)

    @property
    def data(self) -> bytes:
        """The canonical bytes: a line of canonical JSON, then codes and counts as little-endian int64."""
        return b"".join(self._pieces())

    def _pieces(self) -> Iterator[bytes]:
        head = {
            "schema": "overread.family/1",
            "name": self.name,
            "axes": [[axis, list(self.levels[axis]) if axis in self.levels else None] for axis in self.axes],
            "cells": len(self.counts),
        }
        yield canonical_bytes(head) + b"\n"
        for columns in (self.columns, (self.counts,)):
            for first in range(0, len(self.counts), _ROWS):
                yield np.stack([one[first : first + _ROWS] for one in columns], axis=1).astype("<i8").tobytes()

    @property
    def digest(self) -> str:
        """Digest of the canonical bytes."""
        return digest_pieces(self._pieces())


@dataclass(frozen=True)
class Counts:
    """Every family of one pass over the tables, by name, and the F1 axes among them."""

    families: Mapping[str, Family]
    axes: tuple[str, ...]

    def __getitem__(self, name: str) -> Family:
        return self.families[name]

    def merge(self, other: "Counts") -> "Counts":
        """Add the counts of disjoint days, sites or shards.

        Raises:
            ValueError: when the two hold other families.
        """
        if set(self.families) != set(other.families) or self.axes != other.axes:
            raise ValueError("counts of other families cannot be added")
        return Counts({name: merge(found, other[name]) for name, found in self.families.items()}, self.axes)


def summed(parts: Sequence[Counts]) -> Counts:
    """Add counts of disjoint days, sites or shards in one pass; families that follow from others may be left out.

    Raises:
        ValueError: when there are none, or they hold other families.
    """
    names, axes = set(parts[0].families) if parts else set(), parts[0].axes if parts else ()
    if not parts or any(set(part.families) != names or part.axes != axes for part in parts):
        raise ValueError("counts of other families cannot be added")
    kept = names - set(derived_from(axes))
    found = {name: merged([part[name] for part in parts]) for name in sorted(kept)}
    known = family_axes(axes)
    more = {name: found[source].marginal(known[name], name) for name, source in derived_from(axes).items()}
    return Counts(found | more, axes)


def family_axes(axes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the axes of every family for the declared F1 axes."""
    ones = {f"F1:{axis}": (*F0, axis) for axis in axes}
    inside = {
        PATIENTS: (*F0, *axes, "patient"),
        READ_PATIENTS: (*FR, "patient"),
        REPORTED_PATIENTS: (*FC, "patient"),
        FINDING_PATIENTS: (*FQ, "patient"),
        LABEL_SOURCES: (*F0, "report", "fraction", "patient"),
    }
    return {"F0": F0, "FR": FR, "FA": FA, "FC": FC, "FQ": FQ} | ones | inside | watch_axes(axes)


def derived_from(axes: Sequence[str]) -> dict[str, str]:
    """Return which families are marginals of another, by name: only the others need to be stored."""
    ones = dict.fromkeys(("F0", *(f"F1:{axis}" for axis in axes)), PATIENTS)
    return ones | {"FR": READ_PATIENTS, "FC": REPORTED_PATIENTS, "FQ": FINDING_PATIENTS}


def watch_axes(axes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the axes of the watch's families: `lag` is the days from acquisition to entry (2 for more)."""
    unit = (*SCOPE, "q", "first_truth", "decision", "lag", "label_age", *axes)
    return {WATCH: unit, WATCH_READS: (*SCOPE, "reader", "ai_decision", "read_decision")}


def empty_family(name: str, axes: tuple[str, ...], texts: Collection[str]) -> Family:
    """Return a family without cells; `texts` names its axes of text."""
    levels: dict[str, tuple[str, ...]] = {axis: () for axis in axes if axis in texts}
    return Family(name, axes, levels, (np.zeros(0, dtype=np.uint8),) * len(axes), np.zeros(0, dtype=np.int64))


def count(name: str, columns: Mapping[str, Column]) -> Family:
    """Count rows by their columns.

    Args:
        name: name of the family.
        columns: per axis a column of shape (n,): `Labels` for texts, int64 for integers.

    Returns:
        The family in canonical form.
    """
    levels = {axis: column.levels for axis, column in columns.items() if isinstance(column, Labels)}
    return _canonical(name, tuple(columns), levels, [_codes(column) for column in columns.values()], None)


def tallied(name: str, columns: Mapping[str, Column], counts: Integers) -> Family:
    """Return the family of cells that were counted elsewhere.

    Args:
        name: name of the family.
        columns: per axis a column of shape (n,), as for `count`.
        counts: shape (n,), each above zero.
    """
    levels = {axis: column.levels for axis, column in columns.items() if isinstance(column, Labels)}
    return _canonical(name, tuple(columns), levels, [_codes(column) for column in columns.values()], counts)


def _codes(column: Column) -> Integers:
    return column.codes if isinstance(column, Labels) else column


def weighed(name: str, columns: Mapping[str, Column], weights: Integers) -> Family:
    """Add up whole weights int64[n] by the columns of n rows; a cell whose weights add up to zero is not kept."""
    kept = np.flatnonzero(weights)
    return tallied(name, {axis: _at(column, kept) for axis, column in columns.items()}, weights[kept])


def _at(column: Column, rows: npt.NDArray[np.intp]) -> Column:
    return Labels(column.codes[rows], column.levels) if isinstance(column, Labels) else column[rows]


def merge(first: Family, second: Family) -> Family:
    """Add two families of the same name and axes: exact, commutative and associative.

    Raises:
        ValueError: when the names or axes differ.
    """
    return merged((first, second))


def merged(parts: Sequence[Family]) -> Family:
    """Add families of the same name and axes in one pass: exact, and in any order.

    Raises:
        ValueError: when there are none, or their names or axes differ.
    """
    if not parts:
        raise ValueError("a sum of families needs at least one")
    name, axes, levels = parts[0].name, parts[0].axes, {}
    if any((part.name, part.axes) != (name, axes) for part in parts):
        raise ValueError(f"families '{name}' of other names or axes cannot be added")
    columns = [[part.columns[place] for part in parts] for place in range(len(axes))]
    for place, axis in enumerate(axes):
        if axis in parts[0].levels:
            found = [part.levels[axis] for part in parts]
            levels[axis] = common_levels(found)
            columns[place] = relabelled(columns[place], found, levels[axis])
    cells, sums = grouped_parts(list(zip(*columns, strict=True)), [part.counts for part in parts])
    return Family(name, axes, levels, tuple(cells), sums)  # the levels of each part are sorted


def common_levels(parts: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the levels of all parts, sorted, each once."""
    if all(part == parts[0] for part in parts):
        return parts[0]
    return tuple(sorted({level for part in parts for level in part}))


def relabelled(columns: Sequence[Narrow], levels: Sequence[tuple[str, ...]], shared: tuple[str, ...]) -> list[Narrow]:
    """Return the codes of several parts as places among shared levels."""
    if all(one == shared for one in levels):
        return list(columns)
    places, kind = {level: place for place, level in enumerate(shared)}, narrowest(0, len(shared))
    tables = [np.array([places[level] for level in one], dtype=kind) for one in levels]
    return [table[column] if len(column) else column for table, column in zip(tables, columns, strict=True)]


def day_number(day: str) -> int:
    """Return the code of an ISO day on the `day` axis: its proleptic Gregorian ordinal."""
    return date.fromisoformat(day).toordinal()


def in_period(days: Narrow, period: Window) -> npt.NDArray[np.bool_]:
    """Say which codes of the `day` axis are of a period, both ends included."""
    return np.asarray((days >= day_number(period.start)) & (days <= day_number(period.end)), dtype=np.bool_)


def day_text(number: int) -> str:
    """Return the ISO day of a code on the `day` axis."""
    return date.fromordinal(number).isoformat()


def home_number(name: str) -> int:
    """Return the number of a home day's name."""
    return 0 if name == UNACQUIRED else day_number(name)


def home_text(number: int) -> str:
    """Return the name of a home day: its ISO day, or `unacquired` for rows without any time of their own."""
    return day_text(number) if number > 0 else UNACQUIRED


def pruned(codes: npt.NDArray[_Kind], levels: tuple[str, ...]) -> tuple[npt.NDArray[_Kind], tuple[str, ...]]:
    """Drop the levels that no code uses; the order of the others stays.

    Args:
        codes: shape (n,), indices into `levels`.
        levels: the texts.
    """
    used = np.zeros(len(levels), dtype=np.bool_)
    used[codes] = True
    if used.all():
        return codes, levels
    table = (np.cumsum(used) - 1).astype(codes.dtype)
    return table[codes], tuple(compress(levels, used.tolist()))


def _canonical(
    name: str,
    axes: tuple[str, ...],
    levels: Mapping[str, tuple[str, ...]],
    rows: Sequence[Narrow],
    counts: Integers | None,
) -> Family:
    """Add up equal cells under the levels as they came, so that only cells, which are few, get their sorted levels."""
    columns, sums = grouped(rows, counts)
    kept, same = {}, True
    for place, axis in enumerate(axes):
        if axis in levels:
            columns[place], kept[axis], ordered = _relabel(columns[place], levels[axis])
            same &= ordered
    if not same:
        columns, sums = grouped(columns, sums)
    return Family(name, axes, kept, tuple(columns), sums)


def _relabel(codes: Narrow, levels: tuple[str, ...]) -> tuple[Narrow, tuple[str, ...], bool]:
    """Return codes into the sorted, distinct levels that are in use, and whether they keep their order."""
    codes, levels = pruned(codes, levels)
    if all(first < second for first, second in pairwise(levels)):
        return codes, levels, True
    texts = sorted(set(levels))
    places = {text: place for place, text in enumerate(texts)}
    table = np.array([places[level] for level in levels], dtype=narrowest(0, len(texts)))
    return table[codes], tuple(texts), False
