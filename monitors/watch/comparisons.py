"""The comparisons that the detector makes of one series: a level, a share, a silence."""

import math
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
    lags = ()

    def z(self, sums: Floats) -> Floats:
        """Return the deviate of a difference of two means (for mid-ranks that of Mann and Whitney)."""
        return self._deviate(sums, self.mean, self.units)

    def beyond(self, sums: Floats) -> Floats:
        """Return the deviate of what exceeds the margin."""
        return self._exceeding(sums, self.mean, self.units)

    def since(self, sums: Floats, past: Floats) -> Floats:
        """Return the same against the mean of all that was before each segment."""
        units = np.maximum(past[1], 1.0)
        return self._exceeding(sums, past[0] / units, units)

    def _exceeding(self, sums: Floats, mean: Floats | float, units: Floats | float) -> Floats:
        n = np.maximum(sums[1], 1)
        free = self.margin * np.sqrt(n / (1 + n / np.maximum(units, 1)))
        raw = self._deviate(sums, mean, units)
        return np.asarray(np.sign(raw) * np.maximum(np.abs(raw) - free, 0.0))

    def _deviate(self, sums: Floats, mean: Floats | float, units: Floats | float) -> Floats:
        total, n = sums[0], sums[1]
        safe = np.maximum(n, 1)
        spread = np.sqrt(max(self.variance, 1e-12) * safe * (1 + safe / np.maximum(units, 1)))
        return np.where(n >= self.least, (total - n * mean) / spread, 0.0)

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
    def whole(self) -> "Level":
        """The series of which residuals are told: itself."""
        return self

    @property
    def base(self) -> float:
        """What the reference held."""
        return self.mean

    def usual(self, _sums: Floats) -> float:
        """Return what the reference leads to expect of a segment."""
        return self.mean

    def size(self, sums: Floats) -> Floats:
        """Return the units of segments."""
        return np.asarray(sums[1])

    def units_of(self, sums: Floats) -> float:
        """Return the units of a segment."""
        return float(sums[1])

    def change(self, sums: Floats) -> tuple[Floats, Floats]:
        """Return the change of segments and its variance."""
        n = np.maximum(sums[1], 1e-9)
        return sums[0] / n - self.mean, self.variance * (1 / n + 1 / max(self.units, 1))

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
    lags = ()

    def z(self, sums: Floats) -> Floats:
        """Return the signed root of the deviance of two binomials, half a hit nearer to the reference."""
        return self._deviate(sums, self.base, self.units)

    def beyond(self, sums: Floats) -> Floats:
        """Return the deviate from the nearest share whose odds are within the factor of the reference's."""
        return self._exceeding(sums, self.base, self.units)

    def since(self, sums: Floats, past: Floats) -> Floats:
        """Return the same against the share of all that was before each segment."""
        units = np.maximum(past[1], 1.0)
        return self._exceeding(sums, past[0] / units, units)

    def _exceeding(self, sums: Floats, rate: Floats | float, units: Floats | float) -> Floats:
        if self.ratio == 1.0:
            return self._deviate(sums, rate, units)
        rises = np.maximum(self._deviate(sums, _times(rate, self.ratio), units), 0.0)
        return np.asarray(rises + np.minimum(self._deviate(sums, _times(rate, 1 / self.ratio), units), 0.0))

    def _deviate(self, sums: Floats, rate: Floats | float, units: Floats | float) -> Floats:
        z = share_deviate(sums[0], sums[1], rate, units, self.nearer)
        return np.where(sums[1] >= self.least, z, 0.0)

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
        return float(_times(min(max(bound, 0.0), 1.0), self.ratio**side))

    @property
    def whole(self) -> "Share":
        """The series of which residuals are told: itself."""
        return self

    @property
    def base(self) -> float:
        """What the reference held."""
        return self.hits / max(self.units, 1.0)

    def usual(self, _sums: Floats) -> float:
        """Return what the reference leads to expect of a segment."""
        return self.base

    def size(self, sums: Floats) -> Floats:
        """Return the units of segments."""
        return np.asarray(sums[1])

    def units_of(self, sums: Floats) -> float:
        """Return the units of a segment."""
        return float(sums[1])

    def change(self, sums: Floats) -> tuple[Floats, Floats]:
        """Return the change of segments on the arc-sine scale, which holds its variance steady, and that variance."""
        return arcsine_change(sums[0], sums[1], self.base, self.units)

    def estimate(self, sums: Floats) -> tuple[float, float]:
        """Return the share of a segment and its standard error (Agresti and Coull)."""
        n = float(sums[1]) + 4
        p = (float(sums[0]) + 2) / n
        return float(sums[0]) / max(float(sums[1]), 1.0), math.sqrt(self.dispersion * p * (1 - p) / n)


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
    lags = ()

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


def share_deviate(x: Floats, n: Floats, rate: Floats | float, units: Floats | float, nearer: float = 0.5) -> Floats:
    """Return the signed root of the deviance of two binomials: segments of x hits of n, and a reference.

    Args:
        x: hits of segments.
        n: their units.
        rate: of the reference.
        units: of the reference.
        nearer: hits that a segment is moved towards the reference, since hits come whole.
    """
    hits = rate * units
    raw = x - n * rate
    near = np.where(np.abs(raw) > nearer, x - nearer * np.sign(raw), n * rate)
    deviance = 2 * (_fit(near, n) + _fit(hits, units) - _fit(near + hits, n + units))
    return np.asarray(np.sign(raw) * np.sqrt(np.maximum(deviance, 0)))


def arcsine_change(x: Floats, n: Floats, rate: Floats | float, units: Floats | float) -> tuple[Floats, Floats]:
    """Return the change of shares against a reference on the arc-sine scale, and its variance (Anscombe 1948)."""
    now = np.arcsin(np.sqrt((x + 0.375) / (n + 0.75)))
    before = np.arcsin(np.sqrt((rate * units + 0.375) / (units + 0.75)))
    return np.asarray(now - before), np.asarray(1 / (4 * n + 2) + 1 / (4 * units + 2))


def _times(rate: Floats | float, factor: float) -> Floats:
    """Return the share whose odds are a factor of those of a share."""
    return np.asarray(rate * factor / (1 - rate + rate * factor))


def _fit(x: Floats | float, n: Floats | float) -> Floats:
    """Return the maximal log-likelihood of x hits of n."""
    x, n = np.asarray(x, dtype=np.float64), np.asarray(n, dtype=np.float64)
    x = np.minimum(np.maximum(x, 0.0), n)
    tiny = 1e-300
    return np.asarray(
        x * np.log(np.maximum(x, tiny)) + (n - x) * np.log(np.maximum(n - x, tiny)) - n * np.log(np.maximum(n, tiny))
    )
