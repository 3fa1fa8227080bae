"""A share whose labels are counted when they come, each held against the reference's labels of like age.

To wait until the labels of a day are mature takes weeks in which many of them are already there. So the labels are
counted in bands of their age: a band of a day enters when it is complete, and its hits are held against the share of
the same band in the reference (indirect standardisation). What comes early and what comes late may differ, as long as
it does so as it did in the reference.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from monitors.watch.comparisons import LEAST, Share, arcsine_change, share_deviate
from monitors.watch.detector import Floats
from monitors.watch.spread import Kin


@dataclass(frozen=True, eq=False)
class Ripening:
    """The share of hits among labelled units, in bands of the age of their label, against that in the reference.

    Attributes:
        whole: the share of all labels, on the day on which the last band is complete.
        bands: those of each band, on the days on which it is complete.
        ages: at which each is complete, in days.
        least: units of a segment below which it says nothing.
        nearer: hits that a segment is moved towards the reference, since hits come whole.
        kin: the answers to all units of the site, where these are mostly of the class in question; else none.
    """

    whole: Share
    bands: tuple[Share, ...]
    ages: tuple[int, ...]
    least: int = LEAST
    nearer: float = 0.5
    kin: tuple[Kin, ...] = ()
    part = 1.0
    grows = True

    @cached_property
    def series(self) -> Floats:
        """Hits and units of each band, shape (2 * bands, days)."""
        return np.concatenate([band.series for band in self.bands])

    @property
    def lags(self) -> tuple[int, ...]:
        """Per row the days from entry to judgement."""
        return tuple(age for age in self.ages for _ in range(2))

    def z(self, sums: Floats) -> Floats:
        """Return the signed root of the deviance of the hits against those that the reference's bands lead to expect.

        The reference counts as many units as give its expectation the variance that it has: N^2 / sum n_b^2 / m_b.
        """
        return self._deviate(sums, *self._expected(sums[1::2], *self._known(sums)))

    def since(self, sums: Floats, past: Floats) -> Floats:
        """Return the same against all that was before each segment, of the reference and of the days after it."""
        hits, units = past[0::2], np.maximum(past[1::2], 1.0)
        return self._deviate(sums, *self._expected(sums[1::2], hits / units, units))

    def _deviate(self, sums: Floats, rate: Floats, units: Floats) -> Floats:
        n = self.size(sums)
        return np.where(n >= self.least, share_deviate(sums[0::2].sum(axis=0), n, rate, units, self.nearer), 0.0)

    def beyond(self, sums: Floats) -> Floats:
        """Return the deviate: what needs labels has no margin."""
        return self.z(sums)

    def change(self, sums: Floats) -> tuple[Floats, Floats]:
        """Return the change of segments on the arc-sine scale, and its variance."""
        return arcsine_change(sums[0::2].sum(axis=0), self.size(sums), *self._expected(sums[1::2], *self._known(sums)))

    def _known(self, sums: Floats) -> tuple[Floats, Floats]:
        """Return the shares and units of the reference's bands, of the dimensions of some sums."""
        shape = (len(self.bands),) + (1,) * (sums.ndim - 1)
        values = [band.base for band in self.bands], [max(band.units, 1.0) for band in self.bands]
        return np.array(values[0]).reshape(shape), np.array(values[1]).reshape(shape)

    def _expected(self, n: Floats, shares: Floats, units: Floats) -> tuple[Floats, Floats]:
        """Return the share to be expected at the ages of some labels, and of how many units it is known."""
        total = np.maximum(n.sum(axis=0), 1e-9)
        return (n * shares).sum(axis=0) / total, total**2 / np.maximum((n * n / units).sum(axis=0), 1e-12)

    def size(self, sums: Floats) -> Floats:
        """Return the units of segments."""
        return np.asarray(sums[1::2].sum(axis=0))

    def units_of(self, sums: Floats) -> float:
        """Return the units of a segment."""
        return float(self.size(sums))

    def usual(self, sums: Floats) -> float:
        """Return the share that the reference leads to expect at the ages of a segment's labels."""
        return float(self._expected(sums[1::2], *self._known(sums))[0]) if self.units_of(sums) else self.base

    def estimate(self, sums: Floats) -> tuple[float, float]:
        """Return the share of a segment and its standard error (Agresti and Coull)."""
        return self.whole.estimate(np.array([sums[0::2].sum(), sums[1::2].sum()]))

    @property
    def residuals(self) -> Floats:
        """Standardised residuals of the days of entry, once the last band is complete, shape (1, days)."""
        return self.whole.residuals

    @property
    def reference(self) -> tuple[int, int]:
        """Bounds of the reference's days, on which its last band is complete."""
        return self.whole.reference

    @property
    def dispersion(self) -> float:
        """Dispersion of the reference's days."""
        return self.whole.dispersion

    @property
    def freedom(self) -> float:
        """Degrees of freedom: the reference's days less one."""
        return self.whole.freedom

    @property
    def units(self) -> float:
        """Units of the reference."""
        return self.whole.units

    @property
    def base(self) -> float:
        """What the reference held."""
        return self.whole.base
