"""Run lengths of sequential charts: how long until a false alarm, how long until a true one.

Sources: Page 1954; Brook & Evans 1972 and Crosier 1986 (CUSUM); Reynolds & Stoumbos 1999 (Bernoulli CUSUM); Siegmund &
Venkatraman 1995 (generalised likelihood ratio).
"""

import math

import numpy as np

from validation.statistics.arrays import FloatArray

_NODES = 60
_OVERSHOOT = 0.583  # Siegmund 1985: expected overshoot of a normal random walk
_GLR_INTEGRAL = 1 / (4 * _OVERSHOOT**2)  # the integral of x nu(x)^2 with nu(x) = exp(-0.583 x)


def cusum_arl(k: float, h: float, shift: float = 0.0) -> float:
    """Return the zero-state average run length of a one-sided CUSUM of standard normal values.

    Args:
        k: reference value, in standard deviations.
        h: decision limit, in standard deviations.
        shift: mean of the values.

    Returns:
        Observations until the sum exceeds `h`, from the integral equation (Gauss-Legendre, 60 nodes).

    Raises:
        ValueError: when h is not positive.
    """
    if h <= 0:
        raise ValueError("the decision limit is positive")
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    x, w = (nodes + 1) * h / 2, weights * h / 2
    kernel = _density(x[None, :] - x[:, None] + k - shift) * w[None, :]
    at_zero = np.array([_cumulative(k - shift - value) for value in x])
    system = np.zeros((_NODES + 1, _NODES + 1))
    system[1:, 1:], system[1:, 0] = kernel, at_zero
    system[0, 1:], system[0, 0] = _density(x + k - shift) * w, _cumulative(k - shift)
    return float(np.linalg.solve(np.eye(_NODES + 1) - system, np.ones(_NODES + 1))[0])


def two_sided_cusum_arl(k: float, h: float, shift: float = 0.0) -> float:
    """Return the zero-state average run length of two CUSUMs, one a direction: 1/L = 1/L(up) + 1/L(down).

    Raises:
        ValueError: when h is not positive.
    """
    return 1 / (1 / cusum_arl(k, h, shift) + 1 / cusum_arl(k, h, -shift))


def bernoulli_cusum_arl(p: float, m: int, h: int) -> float:
    """Return the average run length of a Bernoulli CUSUM on whole numbers, exactly.

    Args:
        p: probability of an event.
        m: an event adds m - 1, each other case takes 1 off, not below zero.
        h: decision limit; the chart signals at h or above.

    Raises:
        ValueError: when p lies outside 0..1, or m or h is below 1.
    """
    if not 0 < p < 1 or m < 1 or h < 1:
        raise ValueError("a Bernoulli CUSUM has 0 < p < 1, m >= 1 and h >= 1")
    system = np.eye(h)
    for state in range(h):
        system[state, max(state - 1, 0)] -= 1 - p
        if state + m - 1 < h:
            system[state, state + m - 1] -= p
    return float(np.linalg.solve(system, np.ones(h))[0])


def glr_limit(arl: float, *, two_sided: bool = True) -> float:
    """Return the limit of a generalised likelihood ratio, in nats, with an average run length to a false alarm.

    From ARL = sqrt(2 pi) exp(b^2 / 2) / (0.7356 b) for both directions, twice that for one; the limit is b^2 / 2.

    Args:
        arl: observations until a false alarm.
        two_sided: whether changes of both directions count.

    Raises:
        ValueError: when the run length is below 10, where the formula no longer holds.
    """
    if arl < 10:
        raise ValueError("the formula holds for run lengths of at least 10")
    scale = math.sqrt(2 * math.pi) / _GLR_INTEGRAL * (1 if two_sided else 2)
    b = 3.0
    for _ in range(60):
        b = math.sqrt(2 * max(math.log(arl * b / scale), 0.5))
    return b * b / 2


def _density(z: FloatArray) -> FloatArray:
    return np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def _cumulative(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))
