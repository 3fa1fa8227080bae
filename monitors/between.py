"""How much members differ beyond chance: the random intercept of a logistic model for their shares.

theta_k ~ N(mu, sd^2), x_k ~ Binomial(n_k, 1 / (1 + exp(-theta_k))), by maximum likelihood with adaptive Gauss-Hermite
quadrature (Pinheiro & Bates, J Comput Graph Stat 1995;4:12). The interval of sd is that of the profile likelihood; its
test against none halves the chi-square tail, because zero lies on the border (Self & Liang, JASA 1987;82:605). ICC on
the latent scale, sd^2 / (sd^2 + pi^2 / 3); median odds ratio exp(sqrt(2) 0.6745 sd) (Merlo, J Epidemiol Community
Health 2006;60:290). Sizes may be effective, fractional ones.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from validation.statistics.distributions import chi_square_tail, critical_value
from validation.statistics.proportions import Bounds
from validation.statistics.random_intercept import latent_correlation, median_odds_ratio

_Floats = npt.NDArray[np.float64]
LEAST_MEMBERS = 3
LARGEST_SD = 6.0
_NODES, _WEIGHTS = np.polynomial.hermite.hermgauss(15)
_NEWTON = 25
_TINY = 1e-6


class Between(NamedTuple):
    """The spread of members: sd of their logits with its interval, its p-value against none, and the mean logit."""

    sd: float
    bounds: Bounds
    p_value: float
    mean: float

    @property
    def icc(self) -> float:
        """Share of the latent variance that lies between members."""
        return latent_correlation(self.sd)

    @property
    def median_odds_ratio(self) -> float:
        """The median ratio of the odds of two members, the larger over the smaller."""
        return median_odds_ratio(self.sd)


class Shrunken(NamedTuple):
    """One member's share, drawn to the mean of all as far as its own size leaves it uncertain."""

    value: float
    bounds: Bounds


def between(successes: npt.ArrayLike, sizes: npt.ArrayLike, level: float = 0.95) -> Between | None:
    """Return the spread of shares float[m] of sizes float[m].

    Returns:
        The spread; None with fewer than three members, or where all shares are 0 or all are 1.
    """
    x, n = np.asarray(successes, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    if len(x) < LEAST_MEMBERS or not 0 < x.sum() < n.sum():
        return None
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - lazy: scipy is slow to import

    profile = partial(_profile, x, n)
    found = minimize_scalar(
        lambda sd: -profile(sd)[0], bounds=(_TINY, LARGEST_SD), method="bounded", options={"xatol": 1e-4}
    )
    top, none = profile(float(found.x)), profile(_TINY)
    sd, best = (float(found.x), top) if top[0] > none[0] else (0.0, none)
    drop = critical_value(level) ** 2 / 2
    low = 0.0 if best[0] - none[0] < drop else _crossing(profile, best[0] - drop, _TINY, sd)
    high = _crossing(profile, best[0] - drop, max(sd, _TINY), LARGEST_SD)
    ratio = max(0.0, 2 * (best[0] - none[0]))
    return Between(sd, Bounds(low, high), 0.5 * chi_square_tail(ratio, 1) if sd else 1.0, best[1])


def shrunken(found: Between, successes: float, size: float, level: float = 0.95) -> Shrunken:
    """Return a member's share given the spread of all (empirical Bayes: the spread itself counts as known)."""
    sd = max(found.sd, _TINY)
    mode, curvature = _modes(np.array([successes]), np.array([size]), found.mean, sd)
    half = critical_value(level) / math.sqrt(float(curvature[0]))
    centre = float(mode[0])
    return Shrunken(_expit(centre), Bounds(_expit(centre - half), _expit(centre + half)))


def _profile(x: _Floats, n: _Floats, sd: float) -> tuple[float, float]:
    """Return the log-likelihood at an sd, at its best mean, and that mean."""
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - lazy: scipy is slow to import

    centre = math.log(x.sum() / (n.sum() - x.sum()))
    reach = 1 + 3 * sd
    found = minimize_scalar(
        lambda mean: -_likelihood(x, n, mean, sd), bounds=(centre - reach, centre + reach), method="bounded"
    )
    return -float(found.fun), float(found.x)


def _likelihood(x: _Floats, n: _Floats, mean: float, sd: float) -> float:
    """Return the marginal log-likelihood, without the binomial coefficients."""
    mode, curvature = _modes(x, n, mean, sd)
    scale = np.sqrt(2 / curvature)
    theta = mode[:, None] + scale[:, None] * _NODES
    log = x[:, None] * theta - n[:, None] * np.logaddexp(0, theta) - (theta - mean) ** 2 / (2 * sd**2)
    peak = log.max(axis=1)
    area = (np.exp(log - peak[:, None] + _NODES**2) * _WEIGHTS).sum(axis=1)
    return float((peak + np.log(area * scale / (sd * math.sqrt(2 * math.pi)))).sum())


def _modes(x: _Floats, n: _Floats, mean: float, sd: float) -> tuple[_Floats, _Floats]:
    """Return the modes of the posterior logits and the curvature there, by Newton's method from the mean."""
    theta = np.full(len(x), mean)
    for _ in range(_NEWTON):
        p = 1 / (1 + np.exp(-theta))
        curvature = n * p * (1 - p) + 1 / sd**2
        step = np.clip((x - n * p - (theta - mean) / sd**2) / curvature, -1, 1)
        theta = theta + step
        if np.abs(step).max() < 1e-9:
            break
    p = 1 / (1 + np.exp(-theta))
    return theta, n * p * (1 - p) + 1 / sd**2


def _crossing(profile: Callable[[float], tuple[float, float]], level: float, low: float, high: float) -> float:
    """Return where the profile crosses a level between two sds; the border where it does not."""
    from scipy.optimize import brentq  # noqa: PLC0415 - lazy: scipy is slow to import

    ends = [profile(at)[0] - level for at in (low, high)]
    if ends[0] * ends[1] >= 0:
        return high if ends[1] > 0 else low
    return float(brentq(lambda sd: profile(sd)[0] - level, low, high, xtol=1e-4))


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x))
