"""Putting long families on disk: cells come day by day in any order, and lie there in that of the whole family."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Self

import numpy as np

from monitors.counts import Family, common_levels, merged, relabelled
from monitors.grouping import Narrow
from monitors.scratch import Piece, Scratch
from monitors.shelved import Shelved

PATIENT = "patient"
WEEK, MONTH = 7, 28  # days of a part at least: of all sites together, and of one
ENOUGH = 65_536  # cells of a part
_Levels = Mapping[str, tuple[str, ...]]


@dataclass
class Shelving:
    """Where the cells of one family are put down.

    What is added is cut into parts of some days each, and of one site each where the family is kept by sites. When all
    are there, the cells of a part that came at several times are added up.

    Attributes:
        scratch: the file.
        by_site: whether a part is of one site.
        name, axes: of the family.
        levels: of what was added, each other set of them.
        raw: per part the pieces that came, each with the place of its levels.
    """

    scratch: Scratch
    by_site: bool
    name: str
    axes: tuple[str, ...]
    levels: list[_Levels] = field(default_factory=list)
    raw: dict[tuple[str, int], list[tuple[Piece, int]]] = field(default_factory=dict)

    @classmethod
    def of(cls, scratch: Scratch, family: Family, *, by_site: bool) -> Self:
        """Begin with the cells of some days."""
        found = cls(scratch, by_site, family.name, family.axes)
        found.add(family)
        return found

    def add(self, family: Family) -> None:
        """Put the cells of some days down.

        Raises:
            ValueError: when the family has another name or other axes.
        """
        if (self.name, self.axes) != (family.name, family.axes):
            raise ValueError(f"families '{family.name}' of other names or axes cannot be added")
        if not self.levels or self.levels[-1] != family.levels:
            self.levels.append(dict(family.levels))
        for key, cells in self._cut(family):
            piece = self.scratch.put([column[cells] for column in (*family.columns, family.counts)])
            self.raw.setdefault(key, []).append((piece, len(self.levels) - 1))

    def whole(self) -> Shelved:
        """Return the family."""
        shared = {axis: common_levels([one[axis] for one in self.levels]) for axis in self.levels[0]}
        pieces: dict[str, list[Piece]] = {}
        for site, raw in self._parts():
            pieces.setdefault(site, []).append(self._together(raw, shared))
        return Shelved(self.name, self.axes, shared, pieces, self.scratch)

    def _parts(self) -> Iterator[tuple[str, list[tuple[Piece, int]]]]:
        """Yield the pieces of each part: of days on end as many together as have enough cells."""
        for site, keys in groupby(sorted(self.raw), key=lambda key: key[0]):
            held: list[tuple[Piece, int]] = []
            for key in keys:
                held += self.raw[key]
                if sum(one.cells for one, _ in held) >= ENOUGH:
                    yield site, held
                    held = []
            if held:
                yield site, held

    def _cut(self, family: Family) -> Iterator[tuple[tuple[str, int], Narrow]]:
        """Yield the cells of each part that a family touches."""
        sites = family.levels["site"] if self.by_site else ("",)
        site = family.codes_of("site") if self.by_site else np.zeros(len(family.counts), dtype=np.int64)
        key = family.codes_of("day") // (MONTH if self.by_site else WEEK) * max(len(sites), 1) + site
        for number in np.unique(key).tolist():
            stretch, code = divmod(number, len(sites))
            yield (sites[code], stretch), np.flatnonzero(key == number)

    def _together(self, raw: Sequence[tuple[Piece, int]], shared: _Levels) -> Piece:
        """Return the piece of a part under the levels of the whole family."""
        if len(raw) == 1 and self.levels[raw[0][1]] == shared:
            return raw[0][0]
        found = merged([self._family(piece, self.levels[place]) for piece, place in raw])
        return self.scratch.put((*_under(found, shared), found.counts))

    def _family(self, piece: Piece, levels: _Levels) -> Family:
        columns = [self.scratch.column(piece, place) for place in range(len(self.axes))]
        counts = self.scratch.column(piece, len(self.axes)).astype(np.int64)
        return Family(self.name, self.axes, dict(levels), tuple(columns), counts)


def numbered(family: Family, numbers: Mapping[str, int]) -> Family:
    """Return a family whose patients are whole numbers.

    Args:
        family: with the patient as its last axis.
        numbers: of its patients, and perhaps of others, in the order of their names.
    """
    levels = {axis: names for axis, names in family.levels.items() if axis != PATIENT}
    place = np.array([numbers[name] for name in family.levels[PATIENT]], dtype=np.int64)
    patients = place[family.columns[-1]] if len(family.counts) else family.columns[-1]
    return replace(family, levels=levels, columns=(*family.columns[:-1], patients))


def _under(family: Family, shared: _Levels) -> list[Narrow]:
    """Return the columns of a family with its texts as places among more levels."""
    columns = list(family.columns)
    for axis, levels in family.levels.items():
        place = family.axes.index(axis)
        (columns[place],) = relabelled([columns[place]], [levels], shared[axis])
    return columns
