"""Meta-analysis: estimates of several sites or scanners pooled, with the variance between them.

Sources: DerSimonian & Laird, Control Clin Trials 1986;7:177; restricted maximum likelihood, Viechtbauer, J Educ Behav
Stat 2005;30:261; Hartung & Knapp, Stat Med 2001;20:3875 (HKSJ); Higgins, Thompson & Spiegelhalter, J R Stat Soc A
2009;172:137 (prediction interval); Higgins & Thompson, Stat Med 2002;21:1539 (I^2).
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, floats, same_length
from validation.statistics.distributions import chi_square_tail, critical_value, student_critical_value
from validation.statistics.proportions import Bounds


class Between(StrEnum):
    """How the variance between sites is estimated."""

    FIXED = "fixed"
    DERSIMONIAN_LAIRD = "dersimonian-laird"
    REML = "reml"


@dataclass(frozen=True)
class Pooled:
    """The pooled estimate of k sites.

    Attributes:
        mean, error, bounds: estimate, its standard error, and its normal interval.
        tau2: variance between sites.
        q, q_p_value: Cochran's Q with its p-value.
        i2: share of the total variance that lies between sites.
        adjusted_error, adjusted_bounds: those of Hartung and Knapp, by Student's t with k - 1 df.
        prediction: where the value of another site is expected, by Student's t with k - 2 df; None for two sites.
        k: sites.
    """

    mean: float
    error: float
    bounds: Bounds
    tau2: float
    q: float
    q_p_value: float
    i2: float
    adjusted_error: float
    adjusted_bounds: Bounds
    prediction: Bounds | None
    k: int

    def normal_prediction(self, level: float = 0.95) -> Bounds:
        """Return the prediction interval with a normal quantile, which is too narrow for few sites."""
        return _around(self.mean, critical_value(level) * math.hypot(self.error, math.sqrt(self.tau2)))


def pooled(estimates: ArrayLike, variances: ArrayLike, between: Between = Between.REML, level: float = 0.95) -> Pooled:
    """Pool estimates of independent sites.

    Args:
        estimates: float[k], on a scale on which they are about normal, such as the logit of an area.
        variances: their sampling variances float[k].
        between: how the variance between sites is estimated.
        level: confidence level of the intervals.

    Raises:
        ValueError: when there are fewer than two sites, or a variance is not positive.
    """
    y, v = floats(estimates), floats(variances)
    same_length(y, v)
    if len(y) < 2 or (v <= 0).any():
        raise ValueError("pooling needs two sites at least, each with a positive variance")
    k = len(y)
    fixed = 1 / v
    q = _q(y, fixed)
    tau2 = _tau2(y, v, between)
    weights = 1 / (v + tau2)
    mean = float((weights * y).sum() / weights.sum())
    error = 1 / math.sqrt(float(weights.sum()))
    adjusted = error * math.sqrt(_q(y, weights) / (k - 1))
    typical = (k - 1) * float(fixed.sum()) / (float(fixed.sum()) ** 2 - float((fixed**2).sum()))
    spread = math.hypot(error, math.sqrt(tau2))
    return Pooled(
        mean,
        error,
        _around(mean, critical_value(level) * error),
        tau2,
        q,
        chi_square_tail(q, k - 1),
        tau2 / (tau2 + typical),
        adjusted,
        _around(mean, student_critical_value(level, k - 1) * adjusted),
        _around(mean, student_critical_value(level, k - 2) * spread) if k > 2 else None,
        k,
    )


def _around(mean: float, half: float) -> Bounds:
    return Bounds(mean - half, mean + half)


def _q(y: FloatArray, weights: FloatArray) -> float:
    mean = (weights * y).sum() / weights.sum()
    return float((weights * (y - mean) ** 2).sum())


def _tau2(y: FloatArray, v: FloatArray, between: Between) -> float:
    if between is Between.FIXED:
        return 0.0
    weights = 1 / v
    scale = float(weights.sum() - (weights**2).sum() / weights.sum())
    moment = max(0.0, (_q(y, weights) - (len(y) - 1)) / scale)
    return moment if between is Between.DERSIMONIAN_LAIRD else _reml(y, v, moment)


def _reml(y: FloatArray, v: FloatArray, start: float) -> float:
    """Return the variance that maximises the restricted likelihood; 0 at the boundary."""
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - lazy: scipy is slow to import

    def loss(root: float) -> float:
        weights = 1 / (v + root * root)
        return _q(y, weights) - float(np.log(weights).sum()) + math.log(float(weights.sum()))

    far = 10 * math.sqrt(max(start, float(np.var(y)), float(v.max())))
    grid = np.linspace(0.0, far, 200)
    best = int(np.argmin([loss(float(at)) for at in grid]))
    around = (float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 199)]))
    found = minimize_scalar(loss, bounds=around, method="bounded", options={"xatol": 1e-13})
    return 0.0 if loss(0.0) <= float(found.fun) else _stationary(float(found.x) ** 2, y, v)


def _stationary(tau2: float, y: FloatArray, v: FloatArray) -> float:
    """Refine by Fisher scoring: the optimum of a flat likelihood is found to half the digits only."""
    for _ in range(100):
        w = 1 / (v + tau2)
        mean = (w * y).sum() / w.sum()
        trace = w.sum() - (w**2).sum() / w.sum()
        square = ((w**2) * (y - mean) ** 2).sum()
        curvature = (w**2).sum() - 2 * (w**3).sum() / w.sum() + ((w**2).sum() / w.sum()) ** 2
        step = float((square - trace) / curvature)
        tau2 = max(0.0, tau2 + step)
        if abs(step) <= 1e-13 * max(tau2, 1e-300):
            break
    return tau2
