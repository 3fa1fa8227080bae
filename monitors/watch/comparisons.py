"""The comparisons that the detector makes: a level, a share, a group against the rest, a silence."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from monitors.watch.detector import Floats, dispersion_of

LEAST = 10  # units of a segment below which it says nothing, in a stratum too where groups are compared


@dataclass(frozen=True, eq=False)
class Level:
    """The mean of a score of each unit against its mean in the reference.

    Attributes:
        series: per day the sum of the score and the number of units, shape (2, days).
        reference: slice bounds of the reference's days.
        mean, variance: of the score within the reference.
        units: number of units of the reference.
        margin: how far the mean may move without news, in standard deviations of one unit.
    """

    series: Floats
    reference: tuple[int, int]
    mean: float
    variance: float
    units: float
    margin: float = 0.0
    least: int = LEAST
    part = 1.0

    def z(self, sums: Floats) -> Floats:
        """Return the deviate of a difference of two means (for mid-ranks that of Mann and Whitney)."""
        total, n = sums[0], sums[1]
        safe = np.maximum(n, 1)
        spread = np.sqrt(max(self.variance, 1e-12) * safe * (1 + safe / max(self.units, 1)))
        return np.where(n >= self.least, (total - n * self.mean) / spread, 0.0)

    def beyond(self, sums: Floats) -> Floats:
        """Return the deviate of what exceeds the margin."""
        n = np.maximum(sums[1], 1)
        free = self.margin * np.sqrt(n / (1 + n / max(self.units, 1)))
        raw = self.z(sums)
        return np.asarray(np.sign(raw) * np.maximum(np.abs(raw) - free, 0.0))

    @cached_property
    def residuals(self) -> Floats:
        """Standardised residuals of the days, shape (1, days)."""
        total, n = self.series
        spread = np.sqrt(max(self.variance, 1e-12) * np.where(n > 0, n, np.nan))
        return np.asarray(((total - n * self.mean) / spread)[None, :])

    @cached_property
    def dispersion(self) -> float:
        """Dispersion of the reference's days."""
        found = self.residuals[0, self.reference[0] : self.reference[1]]
        return dispersion_of(found[np.isfinite(found)])

    @cached_property
    def freedom(self) -> float:
        """Degrees of freedom: the reference's days less one."""
        return max(5.0, float((self.series[1, self.reference[0] : self.reference[1]] > 0).sum() - 1))

    def allowed(self, side: int, sure: float) -> float:
        """Return the furthest mean to a side that is no news: the reference's bound, and the margin."""
        spread = math.sqrt(self.variance * self.dispersion / max(self.units, 1))
        return self.mean + side * (sure * spread + self.margin * math.sqrt(self.variance))

    @property
    def base(self) -> float:
        """What the reference held."""
        return self.mean

    def units_of(self, sums: Floats) -> float:
        """Return the units of a segment."""
        return float(sums[1])

    def estimate(self, sums: Floats) -> tuple[float, float]:
        """Return the mean of a segment and its standard error."""
        n = max(float(sums[1]), 1.0)
        return float(sums[0]) / n, math.sqrt(self.variance * self.dispersion / n)


@dataclass(frozen=True, eq=False)
class Share:
    """The share of hits among the units against that in the reference.

    Attributes:
        series: per day the hits and the number of units, shape (2, days).
        reference: slice bounds of the reference's days.
        hits, units: of the reference.
        least: units of a segment below which it says nothing.
        nearer: hits that a segment is moved towards the reference, since hits come whole.
        ratio: how far the odds may move without news, as a factor of at least 1.
    """

    series: Floats
    reference: tuple[int, int]
    hits: float
    units: float
    least: int = LEAST
    ratio: float = 1.0
    nearer: float = 0.5
    part = 1.0

    def z(self, sums: Floats) -> Floats:
        """Return the signed root of the deviance of two binomials, half a hit nearer to the reference."""
        return self._deviate(sums, self.base)

    def beyond(self, sums: Floats) -> Floats:
        """Return the deviate from the nearest share whose odds are within the factor of the reference's."""
        if self.ratio == 1.0:
            return self.z(sums)
        up = _times(self.base, self.ratio)
        down = _times(self.base, 1 / self.ratio)
        rises = np.maximum(self._deviate(sums, up), 0.0)
        return np.asarray(rises + np.minimum(self._deviate(sums, down), 0.0))

    def _deviate(self, sums: Floats, rate: float) -> Floats:
        x, n = sums[0], sums[1]
        hits = rate * self.units
        raw = x - n * rate
        near = np.where(np.abs(raw) > self.nearer, x - self.nearer * np.sign(raw), n * rate)
        deviance = 2 * (_fit(near, n) + _fit(hits, self.units) - _fit(near + hits, n + self.units))
        return np.where(n >= self.least, np.sign(raw) * np.sqrt(np.maximum(deviance, 0)), 0.0)

    @cached_property
    def residuals(self) -> Floats:
        """Standardised residuals of the days, shape (1, days)."""
        x, n = self.series
        rate = (self.hits + 0.5) / (self.units + 1)
        return np.asarray(((x - n * rate) / np.sqrt(np.where(n > 0, n, np.nan) * rate * (1 - rate)))[None, :])

    @cached_property
    def dispersion(self) -> float:
        """Dispersion of the reference's days."""
        found = self.residuals[0, self.reference[0] : self.reference[1]]
        return dispersion_of(found[np.isfinite(found)])

    @cached_property
    def freedom(self) -> float:
        """Degrees of freedom: the reference's days less one."""
        return max(5.0, float((self.series[1, self.reference[0] : self.reference[1]] > 0).sum() - 1))

    def allowed(self, side: int, sure: float) -> float:
        """Return the furthest share to a side that is no news: the reference's bound, and the margin."""
        n = self.units + 4
        rate = (self.hits + 2) / n
        bound = rate + side * sure * math.sqrt(self.dispersion * rate * (1 - rate) / n)
        return _times(min(max(bound, 0.0), 1.0), self.ratio**side)

    @property
    def base(self) -> float:
        """What the reference held."""
        return self.hits / max(self.units, 1.0)

    def units_of(self, sums: Floats) -> float:
        """Return the units of a segment."""
        return float(sums[1])

    def estimate(self, sums: Floats) -> tuple[float, float]:
        """Return the share of a segment and its standard error (Agresti and Coull)."""
        n = float(sums[1]) + 4
        p = (float(sums[0]) + 2) / n
        return float(sums[0]) / max(float(sums[1]), 1.0), math.sqrt(self.dispersion * p * (1 - p) / n)


Part = Level | Share
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
        """Series of all strata: two rows a group and two a rest."""
        return np.concatenate([part.series for pair in self.pairs for part in pair if part is not None])

    def z(self, sums: Floats) -> Floats:
        """Return the deviate of the strata's differences, weighted by their precision."""
        top, weight, n = (np.zeros(sums.shape[1:]) for _ in range(3))
        for group, mine, rest, theirs in self._split(sums):
            change, spread = _change(group, mine)
            there = mine[1] > 0
            if rest is not None and theirs is not None:
                other, wider = _change(rest, theirs)
                change, spread, there = change - other, spread + wider, there & (theirs[1] > 0)
            precision = np.where(there, 1 / np.maximum(spread, 1e-12), 0.0)
            top, weight, n = top + precision * change, weight + precision, n + mine[1]
        z = np.where((n >= LEAST) & (weight > 0), top / np.sqrt(np.maximum(weight, 1e-12)), 0.0)
        return self._held(z, sums) if self.own else z

    def beyond(self, sums: Floats) -> Floats:
        """Return the deviate of what exceeds the margin of the groups' means; of shares there is none."""
        if self.alone:
            return self._alone(sums)
        free, weight, n = (np.zeros(sums.shape[1:]) for _ in range(3))
        for group, mine, rest, theirs in self._split(sums):
            spread = _change(group, mine)[1] + (0.0 if rest is None or theirs is None else _change(rest, theirs)[1])
            precision = np.where(mine[1] > 0, 1 / np.maximum(spread, 1e-12), 0.0)
            size = group.margin * math.sqrt(group.variance) if isinstance(group, Level) else 0.0
            free, weight, n = free + precision * size, weight + precision, n + mine[1]
        raw = self.z(sums)
        allowed = free / np.sqrt(np.maximum(weight, 1e-12))
        return np.asarray(np.sign(raw) * np.maximum(np.abs(raw) - allowed, 0.0))

    def _held(self, z: Floats, sums: Floats) -> Floats:
        """Hold the deviate to that of the group against its own reference, where both point the same way."""
        alone = self._alone(sums)
        return np.where(np.sign(alone) == np.sign(z), np.sign(z) * np.minimum(np.abs(z), np.abs(alone)), 0.0)

    def _alone(self, sums: Floats) -> Floats:
        """Return the deviate of the groups against their own references, each weighted by its precision.

        Source: Lipták 1958: the sum of w z over the root of the sum of w^2, with w^2 = n m / (n + m).
        """
        top, weight, n = (np.zeros(sums.shape[1:]) for _ in range(3))
        for group, mine, _, _ in self._split(sums):
            precision = mine[1] * group.units / np.maximum(mine[1] + group.units, 1)
            precision = np.where(mine[1] >= group.least, precision, 0.0)
            top, weight, n = top + np.sqrt(precision) * group.z(mine), weight + precision, n + mine[1]
        return np.where(n >= LEAST, top / np.sqrt(np.maximum(weight, 1e-12)), 0.0)

    def _split(self, sums: Floats) -> Iterator[tuple[Part, Floats, Part | None, Floats | None]]:
        row = 0
        for group, rest in self.pairs:
            yield group, sums[row : row + 2], rest, None if rest is None else sums[row + 2 : row + 4]
            row += 2 if rest is None else 4

    @cached_property
    def residuals(self) -> Floats:
        """Those of the groups, shape (strata, days); of groups that are judged by themselves, those of whole sites.

        How restless days are is a property of the day and the site, and many units tell it better than a group's few:
        an effect of the day raises the variance of n units by n (n - 1) times its square, so that a group has of the
        excess of its site the share that it has of the units (`part`).
        """
        if not self.alone:
            return np.concatenate([group.residuals for group, _ in self.pairs])
        parts = [part for pair in self.pairs for part in pair if part is not None]
        units = np.stack([part.series[1] for part in parts])
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
        return sum(float(mine[1]) for _, mine, _, _ in self._split(sums))

    def estimate(self, sums: Floats) -> tuple[float, float]:
        """Return the change of the group less that of the rest, and its standard error, over the strata by size."""
        total, value, spread = max(self.units_of(sums), 1.0), 0.0, 0.0
        for group, mine, rest, theirs in self._split(sums):
            weight = float(mine[1]) / total
            now, error = group.estimate(mine)
            change = now - group.base
            if rest is not None and theirs is not None:
                other, its = rest.estimate(theirs)
                change, error = change - (other - rest.base), math.hypot(error, its)
            value, spread = value + weight * change, spread + (weight * error) ** 2
        return value, math.sqrt(spread)


@dataclass(frozen=True, eq=False)
class Silence:
    """Days on end without any arrival, against how often such a day was empty in the reference.

    Attributes:
        series: per day the nats of an empty day (0 where something arrived) and the arrivals, shape (2, days).
    """

    series: Floats
    dispersion: float = 1.0
    freedom: float = 1e9
    base: float = 1.0
    reference: tuple[int, int] = (0, 0)
    part = 1.0

    @property
    def residuals(self) -> Floats:
        """None: an empty day is as rare as it was."""
        return np.zeros((0, self.series.shape[1]))

    def units_of(self, sums: Floats) -> float:
        """Return the units of a segment: none, by definition."""
        return float(sums[1])

    def z(self, sums: Floats) -> Floats:
        """Return the deviate whose evidence is the nats of a run of empty days; 0 where a day is not empty."""
        quiet, arrived = sums[0], sums[1]
        return np.where(arrived == 0, -np.sqrt(2 * quiet), 0.0)

    def beyond(self, sums: Floats) -> Floats:
        """Return the deviate: an empty day has no margin."""
        return self.z(sums)

    def estimate(self, sums: Floats) -> tuple[float, float]:
        """Return the share of days with arrivals, which a silence leaves at 0."""
        return (0.0 if sums[1] == 0 else 1.0), 0.0


Any = Level | Share | Strata | Silence


def _change(part: Level | Share, sums: Floats) -> tuple[Floats, Floats]:
    """Return the change of a part and its variance: of shares on the arc-sine scale, which holds it steady."""
    n = np.maximum(sums[1], 1e-9)
    if isinstance(part, Level):
        return sums[0] / n - part.mean, part.variance * (1 / n + 1 / max(part.units, 1))
    now = np.arcsin(np.sqrt((sums[0] + 0.375) / (sums[1] + 0.75)))
    before = math.asin(math.sqrt((part.hits + 0.375) / (part.units + 0.75)))
    return now - before, 1 / (4 * sums[1] + 2) + 1 / (4 * part.units + 2)


def _times(rate: float, factor: float) -> float:
    """Return the share whose odds are a factor of those of a share."""
    return rate * factor / (1 - rate + rate * factor)


def _fit(x: Floats | float, n: Floats | float) -> Floats:
    """Return the maximal log-likelihood of x hits of n."""
    x, n = np.asarray(x, dtype=np.float64), np.asarray(n, dtype=np.float64)
    x = np.minimum(np.maximum(x, 0.0), n)
    tiny = 1e-300
    return np.asarray(
        x * np.log(np.maximum(x, tiny)) + (n - x) * np.log(np.maximum(n - x, tiny)) - n * np.log(np.maximum(n, tiny))
    )
