"""Scored units: what every estimate of a model's performance is computed from."""

from dataclasses import dataclass
from typing import Self

from numpy.typing import ArrayLike

from validation.statistics.arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    Labels,
    codes_of,
    distinct,
    flags,
    integers,
    same_length,
)
from validation.statistics.grid import to_grid, to_values


@dataclass(frozen=True, eq=False)
class ScoredUnits:
    """Units with score cell q int64[n], reference standard bool[n] and patient code int64[n]."""

    q: IntArray
    truth: BoolArray
    patients: IntArray

    def __post_init__(self) -> None:
        same_length(self.q, self.truth, self.patients)

    @classmethod
    def of(cls, q: ArrayLike, truth: ArrayLike, patients: Labels) -> Self:
        """Build from cells int[n], truth bool[n] and patient labels [n].

        Raises:
            ValueError: when the lengths differ or a value has the wrong type.
        """
        return cls(integers(q), flags(truth), codes_of(patients))

    @classmethod
    def of_scores(cls, scores: ArrayLike, truth: ArrayLike, patients: Labels) -> Self:
        """Build from scores float[n] in 0..1, which go to the grid."""
        return cls.of(to_grid(scores), truth, patients)

    def where(self, mask: BoolArray) -> "ScoredUnits":
        """Return the units of a mask bool[n]."""
        return ScoredUnits(self.q[mask], self.truth[mask], codes_of(self.patients[mask]))

    @property
    def values(self) -> FloatArray:
        """The scores' values on the grid, float64[n]."""
        return to_values(self.q)

    @property
    def n(self) -> int:
        """Units."""
        return len(self.q)

    @property
    def n_positive(self) -> int:
        """Units whose reference standard is positive."""
        return int(self.truth.sum())

    @property
    def n_patients(self) -> int:
        """Patients."""
        return distinct(self.patients)

    def patients_with(self, *, truth: bool) -> int:
        """Count the patients that have a unit of the given reference standard."""
        return distinct(self.patients[self.truth == truth])
