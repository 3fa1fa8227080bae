"""The columns of the watched units, gone over part by part: masks and sums of a day without all cells at once.

A column answers comparisons as an array would, with a mask that is worked out when cells are asked for. The parts of
one site follow each other in the order of their days.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import Family
from monitors.grouping import Narrow
from monitors.shelved import Part

Mask = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int32]
Few = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Chunk:
    """Cells of one site: index of the day of entry, and the other numbers of each, shape (cells,).

    Attributes:
        site: whose.
        part: where they are.
        start: ordinal of the first day.
        own: says which cells count; the others are of another version, or too late.
    """

    site: str
    part: Part
    start: int
    own: Callable[[Part], Mask]

    def opened(self) -> "Chunk":
        """Return the chunk to read from: of cells on disk another one, so that what it read goes with it."""
        return self if isinstance(self.part, Family) else Chunk(self.site, self.part, self.start, self.own)

    @cached_property
    def kept(self) -> Mask:
        """Which cells count."""
        return self.own(self.part)

    @cached_property
    def day(self) -> Whole:
        """Index of the day of entry."""
        return self.part.column("day").astype(np.int32) - np.int32(self.start)

    @cached_property
    def q(self) -> Few:
        """Score-grid cells."""
        return self.part.column("q")

    @cached_property
    def truth(self) -> Few:
        """1, 0, -1 for none."""
        positive, negative = (self.part.is_level("first_truth", truth) for truth in ("pos", "neg"))
        return np.int8(2) * positive + negative - np.int8(1)

    @cached_property
    def called(self) -> Mask:
        """Whether the model called them positive."""
        return self.part.is_level("decision", "pos")

    @cached_property
    def lag(self) -> Whole:
        """Days from acquisition to entry."""
        return self.part.column("lag").astype(np.int32)

    @cached_property
    def age(self) -> Whole:
        """Days from entry to the label."""
        return self.part.column("label_age").astype(np.int32)

    @cached_property
    def n(self) -> Whole:
        """Units."""
        return self.part.counts.astype(np.int32)

    def at(self, axis: str, level: str) -> Mask:
        """Say per cell whether an axis has this level."""
        return self.part.is_level(axis, level)

    def codes(self, axis: str) -> Narrow:
        """Return the codes of a text axis."""
        return self.part.column(axis)


@dataclass(frozen=True, eq=False)
class Those:
    """Some of the cells: `test` says which of a chunk's; all are of one site where `site` names it."""

    chunks: Sequence[Chunk]
    test: Callable[[Chunk], Mask]
    site: str = ""

    def __and__(self, other: "Those") -> "Those":
        return Those(self.chunks, lambda one: self.test(one) & other.test(one), self.site or other.site)

    def __or__(self, other: "Those") -> "Those":
        return Those(self.chunks, lambda one: self.test(one) | other.test(one))

    def __invert__(self) -> "Those":
        return Those(self.chunks, lambda one: ~self.test(one))

    def __eq__(self, other: object) -> "Those":  # type: ignore[override]  # cell by cell, as arrays do
        return Those(self.chunks, lambda one: self.test(one) == _asked(other, one))

    def __ne__(self, other: object) -> "Those":  # type: ignore[override]  # cell by cell, as arrays do
        return Those(self.chunks, lambda one: self.test(one) != _asked(other, one))

    __hash__ = None  # type: ignore[assignment]  # what compares cell by cell has no hash

    def any(self) -> bool:
        """Say whether there are any."""
        return any(bool(keep.any()) for _, keep in self.parts())

    def parts(self) -> Iterator[tuple[Chunk, Mask]]:
        """Yield the chunks that may hold some, each with its mask."""
        for chunk in self.chunks:
            if self.site in ("", chunk.site):
                one = chunk.opened()
                yield one, self.test(one) & one.kept


@dataclass(frozen=True, eq=False)
class Column:
    """A number of each cell."""

    chunks: Sequence[Chunk]
    read: Callable[[Chunk], Few]

    def __lt__(self, bound: float) -> Those:
        return Those(self.chunks, lambda one: self.read(one) < bound)

    def __le__(self, bound: float) -> Those:
        return Those(self.chunks, lambda one: self.read(one) <= bound)

    def __gt__(self, bound: float) -> Those:
        return Those(self.chunks, lambda one: self.read(one) > bound)

    def __ge__(self, bound: float) -> Those:
        return Those(self.chunks, lambda one: self.read(one) >= bound)

    def __add__(self, other: "Column") -> "Column":
        return Column(self.chunks, lambda one: self.read(one) + other.read(one))

    def __sub__(self, other: "Column") -> "Column":
        return Column(self.chunks, lambda one: self.read(one) - other.read(one))

    def __eq__(self, value: object) -> Those:  # type: ignore[override]  # cell by cell, as arrays do
        return Those(self.chunks, lambda one: np.asarray(self.read(one) == value))

    def __ne__(self, value: object) -> Those:  # type: ignore[override]  # cell by cell, as arrays do
        return Those(self.chunks, lambda one: np.asarray(self.read(one) != value))

    __hash__ = None  # type: ignore[assignment]  # what compares cell by cell has no hash

    def __getitem__(self, those: Those) -> Few:
        """Return the numbers of some cells, together: of few, such as those of a reference."""
        found = [np.zeros(0, dtype=np.uint8), *(self.read(one)[keep] for one, keep in those.parts())]
        return np.concatenate(found)

    def total(self, those: Those) -> int:
        """Return the sum over some cells."""
        return sum(int(self.read(one)[keep].sum()) for one, keep in those.parts())

    def least(self, those: Those, otherwise: int) -> int:
        """Return the least over some cells, or another number where there are none."""
        return min((int(self.read(one)[keep].min()) for one, keep in those.parts() if keep.any()), default=otherwise)


def _asked(other: object, chunk: Chunk) -> object:
    return other.test(chunk) if isinstance(other, Those) else other
