"""How the model of the generator with regimes scores: heavy tails, and lesions that are subtle or obvious."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import expit, stdtr

from pipelines.simulation.planted_effects import Floats

SUBTLE = 0.3  # share of the lesions
_PART = 0.35  # of the obvious lesions' distance
_FREEDOM = 4.0  # of Student's t
_UNIT = np.sqrt(_FREEDOM / (_FREEDOM - 2))  # its standard deviation
_SLOPE = 0.8
_GRID = np.linspace(-40.0, 40.0, 4_001)


@dataclass(frozen=True)
class Separation:
    """Where the classes lie on the latent score, whose standard deviation is 1 within a class.

    Attributes:
        obvious, subtle: distance of the two kinds of lesion from the studies without one.
        cut: the latent score at the operating point.
    """

    obvious: float
    subtle: float
    cut: float

    @classmethod
    def of(cls, skill: float, sensitivity: float) -> "Separation":
        """Return the one with an area under the ROC curve and a sensitivity at the cut, by bisection."""
        obvious = _distance(skill)
        cut = _solved(lambda at: sensitivity - _found(obvious, at), -30.0, 60.0)
        return cls(obvious, _PART * obvious, cut)

    def fall(self, left: float) -> float:
        """Return by how much the scores of all lesions fall where a sensitivity is left at the cut."""
        return _solved(lambda down: left - _found(self.obvious, self.cut + down), -60.0, 60.0)


def tails(rng: np.random.Generator, kin: Floats) -> Floats:
    """Return noise of variance 1 by Student's t with 4 degrees of freedom, a third of it the patient's own."""
    own = rng.standard_normal(kin.size, np.float32)
    normal = np.sqrt(0.35) * kin + np.sqrt(0.65) * own
    width = rng.standard_gamma(_FREEDOM / 2, kin.size, np.float32) * np.float32(2 / _FREEDOM)
    found: Floats = (normal / np.sqrt(width) / _UNIT).astype(np.float32)
    return found


def scores(latent: Floats, cut: float, threshold: float) -> npt.NDArray[np.float64]:
    """Return scores in 0..1: the threshold at the cut, polynomial tails (inverse hyperbolic sine) beside it."""
    found: npt.NDArray[np.float64] = expit(
        np.log(threshold / (1 - threshold)) + 2 * np.arcsinh(_SLOPE * (latent.astype(np.float64) - cut))
    )
    return found


def _found(obvious: float, cut: float) -> float:
    """Return the sensitivity at a cut."""
    return (1 - SUBTLE) * _below(obvious - cut) + SUBTLE * _below(_PART * obvious - cut)


def _below(value: float) -> float:
    """Return the distribution function of the noise."""
    return float(stdtr(_FREEDOM, value * _UNIT))


@cache
def _distance(skill: float) -> float:
    """Return the distance of the obvious lesions at an area under the ROC curve."""
    return _solved(lambda distance: _area(distance) - skill, 0.0, 30.0)


def _area(obvious: float) -> float:
    """Return the area under the ROC curve at a distance: the chance that a lesion outscores a study without one."""
    density = np.gradient(stdtr(_FREEDOM, _GRID * _UNIT), _GRID)
    step = _GRID[1] - _GRID[0]
    parts = ((1 - SUBTLE, obvious), (SUBTLE, _PART * obvious))
    return float(sum(share * np.sum(density * stdtr(_FREEDOM, (_GRID + d) * _UNIT)) * step for share, d in parts))


def _solved(rises: Callable[[float], float], low: float, high: float) -> float:
    """Return where a rising function is 0, by bisection."""
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rises(middle) < 0 else (low, middle)
    return (low + high) / 2
