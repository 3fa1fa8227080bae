"""EWMA charts: average run lengths of exponentially weighted moving averages of standard normal values.

Source: Crowder, Technometrics 1987;29:401 (integral equation); limits are the asymptotic ones, L sqrt(w / (2 - w)).
"""

import math

import numpy as np

_NODES = 80


def ewma_limit(weight: float, width: float) -> float:
    """Return the limit of a chart in standard deviations of one value.

    Raises:
        ValueError: when the weight does not lie in 0..1 (0 excluded), or the width is not positive.
    """
    if not 0 < weight <= 1 or width <= 0:
        raise ValueError("an EWMA has a weight above 0 and up to 1, and a positive width of its limits")
    return width * math.sqrt(weight / (2 - weight))


def two_sided_ewma_arl(weight: float, width: float, shift: float = 0.0) -> float:
    """Return the zero-state average run length of a two-sided EWMA of standard normal values.

    Args:
        weight: weight of the newest value, lambda.
        width: limits in asymptotic standard deviations of the average, L.
        shift: mean of the values.

    Returns:
        Observations until the average leaves its limits, from the integral equation (Gauss-Legendre, 80 nodes).

    Raises:
        ValueError: when the weight does not lie in 0..1 (0 excluded), or the width is not positive.
    """
    limit = ewma_limit(weight, width)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    at, mass = nodes * limit, weights * limit
    step = (at[None, :] - (1 - weight) * at[:, None]) / weight - shift
    kernel = np.exp(-step * step / 2) / math.sqrt(2 * math.pi) / weight * mass[None, :]
    lengths = np.linalg.solve(np.eye(_NODES) - kernel, np.ones(_NODES))
    first = np.exp(-((at / weight - shift) ** 2) / 2) / math.sqrt(2 * math.pi) / weight * mass
    return float(1 + first @ lengths)
