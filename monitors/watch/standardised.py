"""Calibration in the large at the case mix of the reference: what a change of prevalence alone cannot move.

The mean of truth minus score moves when more patients are ill, and when the labels of one class come sooner than those
of the other, though the model answers as before. Within a class neither moves the mean score; so the mean scores of the
two classes are watched, in the proportion of the reference (direct standardisation).
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from monitors.watch.comparisons import LEAST, Level
from monitors.watch.detector import Floats
from monitors.watch.spread import Kin


@dataclass(frozen=True, eq=False)
class Standardised:
    """Calibration in the large of some units, at the share of positives of the reference.

    Attributes:
        positive, negative: the scores of the two classes.
        share: of positives in the reference.
        margin: how far it may move without news, in standard deviations of one unit.
        kin: the scores of all units of the site.
    """

    positive: Level
    negative: Level
    share: float
    margin: float = 0.0
    kin: tuple[Kin, ...] = ()
    part = 1.0
    lags = ()

    @cached_property
    def series(self) -> Floats:
        """Sums and units of positives, then of negatives, shape (4, days)."""
        return np.concatenate([self.positive.series, self.negative.series])

    @property
    def _parts(self) -> tuple[tuple[Level, float, int], ...]:
        return (self.positive, self.share, 0), (self.negative, 1 - self.share, 2)

    def z(self, sums: Floats) -> Floats:
        """Return the deviate of the change: positive where truth exceeds the scores by more than in the reference."""
        change, spread = np.zeros(sums.shape[1:]), np.zeros(sums.shape[1:])
        for part, weight, row in self._parts:
            n = np.maximum(sums[row + 1], 1e-9)
            change = change - weight * (sums[row] / n - part.mean)
            spread = spread + weight**2 * part.variance * (1 / n + 1 / max(part.units, 1))
        enough = (sums[1] >= LEAST) & (sums[3] >= LEAST)
        return np.where(enough, change / np.sqrt(np.maximum(spread, 1e-12)), 0.0)

    def beyond(self, sums: Floats) -> Floats:
        """Return the deviate of what exceeds the margin."""
        spread = sum(
            weight**2 * part.variance * (1 / np.maximum(sums[row + 1], 1e-9) + 1 / max(part.units, 1))
            for part, weight, row in self._parts
        )
        free = self.margin * math.sqrt(self._variance) / np.sqrt(np.maximum(spread, 1e-12))
        raw = self.z(sums)
        return np.asarray(np.sign(raw) * np.maximum(np.abs(raw) - free, 0.0))

    @property
    def _variance(self) -> float:
        return max(sum(weight * part.variance for part, weight, _ in self._parts), 1e-12)

    @cached_property
    def residuals(self) -> Floats:
        """Those of the two classes, shape (2, days)."""
        return np.concatenate([self.positive.residuals, self.negative.residuals])

    @property
    def reference(self) -> tuple[int, int]:
        """Bounds of the reference's days."""
        return self.positive.reference

    @cached_property
    def dispersion(self) -> float:
        """The larger dispersion of the two classes."""
        return max(self.positive.dispersion, self.negative.dispersion)

    @cached_property
    def freedom(self) -> float:
        """Degrees of freedom: the fewer of the two classes."""
        return min(self.positive.freedom, self.negative.freedom)

    @property
    def base(self) -> float:
        """What the reference held."""
        return self.share * (1 - self.positive.mean) - (1 - self.share) * self.negative.mean

    def units_of(self, sums: Floats) -> float:
        """Return the units of a segment."""
        return float(sums[1] + sums[3])

    def estimate(self, sums: Floats) -> tuple[float, float]:
        """Return the calibration in the large of a segment at the reference's prevalence, and its standard error."""
        means = [float(sums[row]) / max(float(sums[row + 1]), 1.0) for _, _, row in self._parts]
        spread = sum(
            weight**2 * part.variance * self.dispersion / max(float(sums[row + 1]), 1.0)
            for part, weight, row in self._parts
        )
        return self.share * (1 - means[0]) - (1 - self.share) * means[1], math.sqrt(spread)
