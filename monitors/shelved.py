"""Families that are too long to be held: in canonical order on disk, gone over a stretch of days at a time.

They are put there day by day, in any order of days. What a monitor asks for are cells of one scope in a window or a
reference, or sums a day; the first are gathered into a family, the second made part by part. Patients are numbers in
the order of their names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from monitors.counts import Counts, Family, Integers, in_period, merged, pruned
from monitors.grouping import Narrow
from monitors.scratch import Piece, Scratch
from registry.domain.signal import Window

Mask = npt.NDArray[np.bool_]


class Part(Protocol):
    """Cells of a family as columns: a family itself, or a part of one that is on disk."""

    @property
    def levels(self) -> Mapping[str, tuple[str, ...]]:
        """Per text axis its levels."""
        ...

    @property
    def counts(self) -> Integers:
        """How often each cell was counted, shape (cells,)."""
        ...

    def column(self, axis: str) -> Narrow:
        """Return the codes of one axis, shape (cells,)."""
        ...

    def is_level(self, axis: str, level: str) -> Mask:
        """Say per cell whether a text axis has this level, shape (cells,)."""
        ...


@dataclass(frozen=True, eq=False)
class Stretch:
    """A part on disk: the cells of some days on end, of one site or of all; of its levels not each is in use."""

    shelf: "Shelved"
    piece: Piece

    @property
    def levels(self) -> Mapping[str, tuple[str, ...]]:
        """Per text axis the levels of the whole family."""
        return self.shelf.levels

    @property
    def counts(self) -> Integers:
        """How often each cell was counted, shape (cells,)."""
        return self.shelf.scratch.column(self.piece, len(self.shelf.axes)).astype(np.int64)

    def column(self, axis: str) -> Narrow:
        """Return the codes of one axis, shape (cells,)."""
        return self.shelf.scratch.column(self.piece, self.shelf.axes.index(axis))

    def is_level(self, axis: str, level: str) -> Mask:
        """Say per cell whether a text axis has this level, shape (cells,)."""
        names = self.levels[axis]
        if level not in names:
            return np.zeros(self.piece.cells, dtype=np.bool_)
        return np.asarray(self.column(axis) == names.index(level), dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Shelved:
    """A family on disk.

    Attributes:
        name, axes: as of a family; the patient is a whole number.
        levels: per other text axis its levels, sorted.
        pieces: in the order of the days, by the site where it is kept by sites (else by the empty text).
        scratch: where they lie.
    """

    name: str
    axes: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    pieces: Mapping[str, Sequence[Piece]]
    scratch: Scratch

    def stretches(self) -> Iterator[tuple[str, Stretch]]:
        """Yield the parts, each with its site."""
        for site, pieces in self.pieces.items():
            yield from ((site, Stretch(self, piece)) for piece in pieces)

    def chosen(self, keep: Callable[[Part], Mask]) -> Family:
        """Return the cells of a mask, as of the whole family."""
        found: list[list[Narrow]] = [[np.zeros(0, dtype=np.uint8)] for _ in self.axes]
        counts = [np.zeros(0, dtype=np.int64)]
        for _, part in self.stretches():
            cells = np.flatnonzero(keep(part))
            if len(cells):
                for place, axis in enumerate(self.axes):
                    found[place].append(part.column(axis)[cells])
                counts.append(part.counts[cells])
        columns = [np.concatenate(column) for column in found]
        levels = {}
        for axis, names in self.levels.items():
            place = self.axes.index(axis)
            columns[place], levels[axis] = pruned(columns[place], names)
        family = Family(self.name, self.axes, levels, tuple(columns), np.concatenate(counts))
        return merged((family,)) if len(self.pieces) > 1 else family


@dataclass(frozen=True, eq=False)
class Derived:
    """A marginal of a family on disk; `chosen` takes masks of the days and of what a scope names."""

    name: str
    axes: tuple[str, ...]
    source: Shelved

    def chosen(self, keep: Callable[[Part], Mask]) -> Family:
        """Return the cells of a mask, summed over every other axis."""
        return self.source.chosen(keep).marginal(self.axes, self.name)


@dataclass(frozen=True, eq=False)
class ShelvedCounts(Counts):
    """Counts of which the long families are on disk; each is put together when it is asked for.

    Attributes:
        shelved: the long families, by name.
        days: for `F0` and `FR` the days of each scope.
    """

    shelved: Mapping[str, Shelved | Derived] = field(default_factory=dict)
    days: Mapping[str, Family] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Family:
        return self.families[name] if name in self.families else self.shelved[name].chosen(_every)


def chosen(counts: Counts, name: str, keep: Callable[[Part], Mask]) -> Family:
    """Return the cells of a family that a mask keeps: of one that is on disk no others are held."""
    if isinstance(counts, ShelvedCounts) and name in counts.shelved:
        return counts.shelved[name].chosen(keep)
    family = counts[name]
    return family.select(keep(family))


def scope_days(counts: Counts, name: str) -> Family:
    """Return a family that tells on which days each scope has cells of `F0`, or of `FR`."""
    return counts.days[name] if isinstance(counts, ShelvedCounts) else counts[name]


def parts_by_site(counts: Counts, name: str) -> list[tuple[str, Part]]:
    """Return the cells of a family by sites, those of each site in the order of their days; none where it is not."""
    shelf = counts.shelved.get(name) if isinstance(counts, ShelvedCounts) else None
    if isinstance(shelf, Shelved):
        return list(shelf.stretches())
    family = counts.families.get(name)
    return [] if family is None else list(family.split("site").items())


def within(part: Part, period: Window) -> Mask:
    """Say which cells are of a period, both ends included."""
    return in_period(part.column("day"), period)


def at_sites(periods: Mapping[str, Window], part: Part) -> Mask:
    """Say which cells are of some sites, each in its own period."""
    keep = np.zeros(len(part.column("day")), dtype=np.bool_)
    for site, period in periods.items():
        keep |= part.is_level("site", site) & within(part, period)
    return keep


def _every(part: Part) -> Mask:
    return np.ones(len(part.counts), dtype=np.bool_)
