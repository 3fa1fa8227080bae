"""Count families: sparse integer tables that are sufficient for every statistic, and that add up.

A family is a marginal of the observations: named axes, one row of codes per occupied cell, and a count. Families of
disjoint days, sites or shards are merged by addition, exactly and in any order, and equal content has equal bytes.
Axes of text carry their levels; axes of integers (`day` as the proleptic ordinal, `q` as the score-grid cell) are
their own codes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from registry.domain.canonical import canonical_bytes
from registry.domain.digest import digest_bytes
from registry.domain.signal import Window

Integers = npt.NDArray[np.int64]
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
_PACKED = 2**62
_TABLE_PER_ROW = 8  # cells of a table per row up to which it is quicker than sorting (benchmarks/monitoring.py)


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
        codes: shape (cells, axes), int64, sorted, each row once.
        counts: shape (cells,), int64, each above zero.
    """

    name: str
    axes: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    codes: Integers
    counts: Integers

    @property
    def total(self) -> int:
        """Sum of the counts."""
        return int(self.counts.sum())

    def codes_of(self, axis: str) -> Integers:
        """Return the codes of one axis, shape (cells,)."""
        return self.codes[:, self.axes.index(axis)]

    def labels_of(self, axis: str) -> list[str]:
        """Return the texts of one axis, one per cell."""
        levels = self.levels[axis]
        return [levels[code] for code in self.codes_of(axis).tolist()]

    def is_level(self, axis: str, level: str) -> npt.NDArray[np.bool_]:
        """Say per cell whether a text axis has this level, shape (cells,)."""
        if level not in self.levels[axis]:
            return np.zeros(len(self.counts), dtype=np.bool_)
        return np.asarray(self.codes_of(axis) == self.levels[axis].index(level), dtype=np.bool_)

    def where(self, **chosen: str) -> "Family":
        """Return the cells whose text axes have these levels."""
        keep = np.ones(len(self.counts), dtype=np.bool_)
        for axis, level in chosen.items():
            keep &= self.is_level(axis, level)
        return self.select(keep)

    def select(self, keep: npt.NDArray[np.bool_]) -> "Family":
        """Return the cells of a mask of shape (cells,); they keep their order, levels out of use go."""
        codes, levels = self.codes[keep], {}
        for axis, names in self.levels.items():
            place = self.axes.index(axis)
            codes[:, place], levels[axis] = _pruned(codes[:, place], names)
        return Family(self.name, self.axes, levels, codes, self.counts[keep])

    def during(self, window: Window) -> "Family":
        """Return the cells of a window of days, both ends included."""
        days = self.codes_of("day")
        return self.select((days >= day_number(window.start)) & (days <= day_number(window.end)))

    def marginal(self, axes: Sequence[str], name: str = "") -> "Family":
        """Sum over every axis that is not named."""
        places = [self.axes.index(axis) for axis in axes]
        kept = {axis: self.levels[axis] for axis in axes if axis in self.levels}
        return _canonical(name or self.name, tuple(axes), kept, self.codes[:, places], self.counts)

    @property
    def data(self) -> bytes:
        """The canonical bytes: a line of canonical JSON, then codes and counts as little-endian int64."""
        head = {
            "schema": "overread.family/1",
            "name": self.name,
            "axes": [[axis, list(self.levels[axis]) if axis in self.levels else None] for axis in self.axes],
            "cells": len(self.counts),
        }
        body = np.ascontiguousarray(self.codes, dtype="<i8").tobytes() + self.counts.astype("<i8").tobytes()
        return canonical_bytes(head) + b"\n" + body

    @property
    def digest(self) -> str:
        """Digest of the canonical bytes."""
        return digest_bytes(self.data)


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


def watch_axes(axes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the axes of the watch's families: `lag` is the days from acquisition to entry (2 for more)."""
    unit = (*SCOPE, "q", "first_truth", "decision", "lag", "label_age", *axes)
    return {WATCH: unit, WATCH_READS: (*SCOPE, "reader", "ai_decision", "read_decision")}


def count(name: str, columns: Mapping[str, Column]) -> Family:
    """Count rows by their columns.

    Args:
        name: name of the family.
        columns: per axis a column of shape (n,): `Labels` for texts, int64 for integers.

    Returns:
        The family in canonical form.
    """
    levels = {axis: column.levels for axis, column in columns.items() if isinstance(column, Labels)}
    codes = [column.codes if isinstance(column, Labels) else column for column in columns.values()]
    stacked = np.empty((len(codes[0]), len(codes)), dtype=np.int64, order="F")
    for place, column in enumerate(codes):
        stacked[:, place] = column
    return _canonical(name, tuple(columns), levels, stacked, np.ones(len(stacked), dtype=np.int64))


def weighed(name: str, columns: Mapping[str, Column], weights: Integers) -> Family:
    """Add up whole weights int64[n] by the columns of n rows; a cell whose weights add up to zero is not kept."""
    levels = {axis: column.levels for axis, column in columns.items() if isinstance(column, Labels)}
    codes = [column.codes if isinstance(column, Labels) else column for column in columns.values()]
    kept = np.flatnonzero(weights)
    stacked = np.stack([np.asarray(column, dtype=np.int64)[kept] for column in codes], axis=1)
    return _canonical(name, tuple(columns), levels, stacked, np.asarray(weights, dtype=np.int64)[kept])


def merge(first: Family, second: Family) -> Family:
    """Add two families of the same name and axes: exact, commutative and associative.

    Raises:
        ValueError: when the names or axes differ.
    """
    if (first.name, first.axes) != (second.name, second.axes):
        raise ValueError(f"families '{first.name}' and '{second.name}' cannot be added")
    levels, shifted = dict(first.levels), second.codes.copy()
    for place, axis in enumerate(first.axes):
        if axis in levels:
            shifted[:, place] += len(levels[axis])
            levels[axis] = levels[axis] + second.levels[axis]
    codes = np.concatenate([first.codes, shifted])
    return _canonical(first.name, first.axes, levels, codes, np.concatenate([first.counts, second.counts]))


def day_number(day: str) -> int:
    """Return the code of an ISO day on the `day` axis: its proleptic Gregorian ordinal."""
    return date.fromisoformat(day).toordinal()


def day_text(number: int) -> str:
    """Return the ISO day of a code on the `day` axis."""
    return date.fromordinal(number).isoformat()


def _canonical(
    name: str, axes: tuple[str, ...], levels: Mapping[str, tuple[str, ...]], codes: Integers, counts: Integers
) -> Family:
    """Sort the levels that are in use, sort the cells, add up equal cells."""
    codes = codes.copy(order="F")
    kept = {}
    for place, axis in enumerate(axes):
        if axis in levels:
            codes[:, place], kept[axis] = _relabel(codes[:, place], levels[axis])
    return Family(name, axes, kept, *_grouped(codes, counts))


def _relabel(codes: Integers, levels: tuple[str, ...]) -> tuple[Integers, tuple[str, ...]]:
    """Return codes into the sorted, distinct levels that are in use."""
    codes, levels = _pruned(codes, levels)
    texts = sorted(set(levels))
    places = {text: place for place, text in enumerate(texts)}
    table = np.array([places[level] for level in levels], dtype=np.int64)
    return table[codes] if len(table) else codes, tuple(texts)


def _pruned(codes: Integers, levels: tuple[str, ...]) -> tuple[Integers, tuple[str, ...]]:
    """Drop the levels that no code uses; the order of the others stays."""
    used = np.zeros(len(levels), dtype=np.bool_)
    used[codes] = True
    if used.all():
        return codes, levels
    table = np.cumsum(used) - 1
    return table[codes], tuple(levels[code] for code in np.flatnonzero(used).tolist())


def _grouped(codes: Integers, counts: Integers) -> tuple[Integers, Integers]:
    """Return the distinct rows in lexicographic order, shape (cells, axes), and the sum of each one's counts."""
    if len(codes) == 0:
        return codes, np.zeros(0, dtype=np.int64)
    low = codes.min(axis=0)
    radices = codes.max(axis=0) - low + 1
    size = math.prod(radices.tolist())
    if size >= _PACKED:
        return _grouped_by_column(codes, counts)
    packed = np.zeros(len(codes), dtype=np.int64)
    for place, radix in enumerate(radices.tolist()):
        packed *= radix
        packed += codes[:, place]
        packed -= low[place]
    keys, sums = _summed(packed, counts, size)
    return _unpacked(keys, radices, low), sums


def _summed(packed: Integers, counts: Integers, size: int) -> tuple[Integers, Integers]:
    """Return the distinct keys below `size`, ascending, and the sum of each one's counts: by table where it is small.

    Sums of integers in binary64 are exact below 2**53.
    """
    ones = bool((counts == 1).all())
    if size <= _TABLE_PER_ROW * len(packed) and counts.sum() < 2**53:
        table = np.bincount(packed, None if ones else counts.astype(np.float64), minlength=size)
        keys = np.flatnonzero(table)
        return keys, table[keys].astype(np.int64)
    order = None if ones else np.argsort(packed, kind="stable")
    ordered = np.sort(packed) if order is None else packed[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    if order is None:
        return ordered[starts], np.diff(starts, append=len(ordered))
    return ordered[starts], np.add.reduceat(counts[order], starts)


def _unpacked(keys: Integers, radices: Integers, low: Integers) -> Integers:
    """Return the rows of packed keys."""
    codes = np.empty((len(keys), len(radices)), dtype=np.int64)
    for place in reversed(range(len(radices))):
        keys, codes[:, place] = np.divmod(keys, radices[place])
    return codes + low


def _grouped_by_column(codes: Integers, counts: Integers) -> tuple[Integers, Integers]:
    """Group rows whose packed key would not fit into 63 bits."""
    order = np.lexsort(codes.T[::-1])
    ordered = codes[order]
    starts = np.flatnonzero(np.concatenate([[True], np.any(ordered[1:] != ordered[:-1], axis=1)]))
    return ordered[starts], np.add.reduceat(counts[order], starts)
