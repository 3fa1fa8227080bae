"""The comparison of a group over several strata (sites), each against the rest of its own."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from monitors.watch.comparisons import LEAST, Level, Share
from monitors.watch.detector import Floats, dispersion_of
from monitors.watch.ripening import Ripening
from monitors.watch.spread import Kin

Part = Level | Share | Ripening
Pair = tuple[Part, Part | None]


@dataclass(frozen=True, eq=False)
class Strata:
    """The change of a group over several strata (sites), each against the change of the rest of the same stratum.

    Attributes:
        pairs: per stratum the group and the rest; without a rest the group's change alone.
        own: whether the group must itself have changed as strongly, against its own reference.
        alone: whether evidence is the group's own change; then `z`, which names causes, is that beyond the rest.
    """

    pairs: tuple[Pair, ...]
    own: bool = False
    alone: bool = False

    @cached_property
    def series(self) -> Floats:
        """Series of all strata: the rows of each group, then of its rest."""
        return np.concatenate([part.series for part in self._parts])

    @cached_property
    def lags(self) -> tuple[int, ...]:
        """Per row the days from entry to judgement; none where all are alike."""
        return tuple(lag for part in self._parts for lag in part.lags)

    @property
    def _parts(self) -> list[Part]:
        return [part for pair in self.pairs for part in pair if part is not None]

    def z(self, sums: Floats) -> Floats:
        """Return the deviate of the strata's differences, weighted by their precision."""
        top, weight, n = (np.zeros(sums.shape[1:]) for _ in range(3))
        for group, mine, rest, theirs in self._split(sums):
            change, spread = group.change(mine)
            there = group.size(mine) > 0
            if rest is not None and theirs is not None:
                other, wider = rest.change(theirs)
                change, spread, there = change - other, spread + wider, there & (rest.size(theirs) > 0)
            precision = np.where(there, 1 / np.maximum(spread, 1e-12), 0.0)
            top, weight, n = top + precision * change, weight + precision, n + group.size(mine)
        z = np.where((n >= LEAST) & (weight > 0), top / np.sqrt(np.maximum(weight, 1e-12)), 0.0)
        return self._held(z, sums) if self.own else z

    def beyond(self, sums: Floats) -> Floats:
        """Return the deviate of what exceeds the margin of the groups' means; of shares there is none."""
        if self.alone:
            return self._alone(sums)
        free, weight, n = (np.zeros(sums.shape[1:]) for _ in range(3))
        for group, mine, rest, theirs in self._split(sums):
            spread = group.change(mine)[1] + (0.0 if rest is None or theirs is None else rest.change(theirs)[1])
            precision = np.where(group.size(mine) > 0, 1 / np.maximum(spread, 1e-12), 0.0)
            size = group.margin * math.sqrt(group.variance) if isinstance(group, Level) else 0.0
            free, weight, n = free + precision * size, weight + precision, n + group.size(mine)
        raw = self.z(sums)
        allowed = free / np.sqrt(np.maximum(weight, 1e-12))
        return np.asarray(np.sign(raw) * np.maximum(np.abs(raw) - allowed, 0.0))

    def _held(self, z: Floats, sums: Floats) -> Floats:
        """Hold the deviate to that of the group against its own reference, where both point the same way."""
        alone = self._alone(sums)
        return np.where(np.sign(alone) == np.sign(z), np.sign(z) * np.minimum(np.abs(z), np.abs(alone)), 0.0)

    def _alone(self, sums: Floats) -> Floats:
        """Return the deviate of the groups against their own references."""
        return _summed([(group, mine, group.z(mine), group.units) for group, mine, _, _ in self._split(sums)])

    @property
    def grows(self) -> bool:
        """Say whether segments are held against all that was before them too: labels that are judged by themselves."""
        return self.alone and all(isinstance(part, Ripening) for part in self._parts)

    def since(self, sums: Floats, past: Floats) -> Floats:
        """Return the deviate of the groups against all that was before them."""
        found = [
            (group, mine, group.since(mine, before), np.maximum(group.size(before), 1.0))
            for (group, mine, _, _), (_, before, _, _) in zip(self._split(sums), self._split(past), strict=True)
            if isinstance(group, Ripening)
        ]
        return _summed(found)

    def _split(self, sums: Floats) -> Iterator[tuple[Part, Floats, Part | None, Floats | None]]:
        row = 0
        for group, rest in self.pairs:
            mine = row + len(group.series)
            theirs = mine + (0 if rest is None else len(rest.series))
            yield group, sums[row:mine], rest, None if rest is None else sums[mine:theirs]
            row = theirs

    @cached_property
    def residuals(self) -> Floats:
        """Those of the groups, shape (strata, days); of groups that are judged by themselves, those of whole sites.

        How restless days are is a property of the day and the site, and many units tell it better than a group's few:
        an effect of the day raises the variance of n units by n (n - 1) times its square, so that a group has of the
        excess of its site the share that it has of the units (`part`).
        """
        if not self.alone:
            return np.concatenate([group.residuals for group, _ in self.pairs])
        parts = self._parts
        units = np.stack([part.whole.series[1] for part in parts])
        found = np.concatenate([part.residuals for part in parts])
        weighted = np.where(units > 0, np.sqrt(units) * found, 0.0).sum(axis=0, keepdims=True)
        total = units.sum(axis=0, keepdims=True)
        return np.asarray(np.where(total > 0, weighted / np.sqrt(np.maximum(total, 1)), np.nan))

    @property
    def part(self) -> float:
        """Return what share of the series' excess of variance is the groups'."""
        if not self.alone:
            return 1.0
        mine = sum(group.units for group, _ in self.pairs)
        return mine / max(mine + sum(rest.units for _, rest in self.pairs if rest is not None), 1.0)

    @property
    def kin(self) -> tuple[Kin, ...]:
        """Those of the groups, where they are judged by themselves."""
        return tuple(one for group, _ in self.pairs if isinstance(group, Ripening) and self.alone for one in group.kin)

    @property
    def reference(self) -> tuple[int, int]:
        """Bounds that hold every stratum's reference."""
        spans = [group.reference for group, _ in self.pairs]
        return min(first for first, _ in spans), max(last for _, last in spans)

    @cached_property
    def dispersion(self) -> float:
        """The groups' dispersion: the largest, or that of them all where the evidence is their sum."""
        if self.alone:
            found = self.residuals[0, self.reference[0] : self.reference[1]]
            return 1 + self.part * (dispersion_of(found[np.isfinite(found)]) - 1)
        return max(group.dispersion for group, _ in self.pairs)

    @cached_property
    def freedom(self) -> float:
        """Degrees of freedom, added over the strata."""
        return sum(group.freedom for group, _ in self.pairs)

    base = 0.0

    def units_of(self, sums: Floats) -> float:
        """Return the group's units of a segment."""
        return sum(group.units_of(mine) for group, mine, _, _ in self._split(sums))

    def estimate(self, sums: Floats) -> tuple[float, float]:
        """Return the change of the group less that of the rest, and its standard error, over the strata by size."""
        total, value, spread = max(self.units_of(sums), 1.0), 0.0, 0.0
        for group, mine, rest, theirs in self._split(sums):
            weight = group.units_of(mine) / total
            now, error = group.estimate(mine)
            change = now - group.usual(mine)
            if rest is not None and theirs is not None:
                other, its = rest.estimate(theirs)
                change, error = change - (other - rest.usual(theirs)), math.hypot(error, its)
            value, spread = value + weight * change, spread + (weight * error) ** 2
        return value, math.sqrt(spread)


def _summed(parts: Iterable[tuple[Part, Floats, Floats, Floats | float]]) -> Floats:
    """Return the sum of the deviates of groups, each weighted by its precision; 0 below ten units.

    Source: Lipták 1958: the sum of w z over the root of the sum of w^2, with w^2 = n m / (n + m).

    Args:
        parts: per group its sums, its deviate z, and the units m that it is held against.
    """
    top, weight, n = np.zeros(()), np.zeros(()), np.zeros(())
    for group, mine, z, units in parts:
        size = group.size(mine)
        precision = np.where(size >= group.least, size * units / np.maximum(size + units, 1), 0.0)
        top, weight, n = top + np.sqrt(precision) * z, weight + precision, n + size
    return np.where(n >= LEAST, top / np.sqrt(np.maximum(weight, 1e-12)), 0.0)
