"""The patients of one site in the generator with regimes: new ones, and those of the last weeks who come again."""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

_LEAST, _MOST = 64, 100_000  # patients remembered


@dataclass
class People:
    """Patients; one value each.

    Attributes:
        number: at the site, from 1.
        first: day on which the patient was first seen.
        woman: chance number that settles the sex.
        years: age in standard deviations.
        liability: chance number that settles the truth, mostly.
        kin: what the scores of a patient's studies have in common.
    """

    number: npt.NDArray[np.int64]
    first: npt.NDArray[np.int16]
    woman: npt.NDArray[np.float32]
    years: npt.NDArray[np.float32]
    liability: npt.NDArray[np.float32]
    kin: npt.NDArray[np.float32]

    def take(self, rows: Any) -> "People":
        """Return some of them."""
        return People(*(getattr(self, field.name)[rows] for field in fields(self)))

    @classmethod
    def joined(cls, first: "People", second: "People") -> Self:
        """Return both, one after the other."""
        pairs = ((getattr(first, field.name), getattr(second, field.name)) for field in fields(cls))
        return cls(*(np.concatenate(pair) for pair in pairs))


class Panel:
    """Remembers the last patients of a site.

    Args:
        share: of studies that are of a remembered patient.
        a_week: studies expected in a week; about ten weeks of new patients are remembered.
    """

    def __init__(self, share: float, a_week: float) -> None:
        self._share = share
        self._most = int(min(_MOST, max(_LEAST, 10 * a_week)))
        self._known: People | None = None
        self._next = 1

    def come(self, rng: np.random.Generator, day: npt.NDArray[np.int16]) -> People:
        """Return who comes, one patient a study; `day` is the day of each study."""
        again, pick = rng.random((2, day.size), np.float32)
        came = self._new(rng, day)
        if self._known is not None:
            old = np.flatnonzero(again < self._share)
            size = self._known.number.size
            chosen = self._known.take(np.minimum((pick[old] * size).astype(np.int64), size - 1))
            fresh = np.flatnonzero(again >= self._share)
            came.number[fresh] = self._next + np.arange(fresh.size)
            for field in fields(People):
                getattr(came, field.name)[old] = getattr(chosen, field.name)
            self._remember(came.take(fresh))
        else:
            self._remember(came)
        return came

    def _new(self, rng: np.random.Generator, day: npt.NDArray[np.int16]) -> People:
        n = day.size
        woman, liability = rng.random((2, n), np.float32)
        years, kin = rng.standard_normal((2, n), np.float32)
        return People(self._next + np.arange(n), day.copy(), woman, years, liability, kin)

    def _remember(self, fresh: People) -> None:
        self._next += fresh.number.size
        known = fresh if self._known is None else People.joined(self._known, fresh)
        self._known = known.take(slice(-self._most, None))
