"""Label shift: has disease become more common, or have the scores themselves moved?

Under label shift the scores of diseased and of healthy units keep their distributions and only the mixture changes.
The share of diseased units in an unlabelled window is then estimable, and whether the window is such a mixture at all
is testable. Sources: Saerens, Latinne & Decaestecker, Neural Comput 2002;14:21 (EM); Lipton, Wang & Smola, ICML 2018
(black-box shift estimation); Garg et al., NeurIPS 2020 (both as one likelihood). The reference's own uncertainty is
part of the likelihood here: its two distributions are estimated together with the mixture.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, floats, same_length
from validation.statistics.distributions import chi_square_tail, critical_value
from validation.statistics.label_error import rogan_gladen
from validation.statistics.proportions import Bounds

_ROUNDS = 5000
_TOLERANCE = 1e-10
_SMOOTHING = 0.5  # units added to each bin of the two reference distributions, so that no bin is impossible


@dataclass(frozen=True)
class LabelShift:
    """The mixture that a window of scores is.

    Attributes:
        prevalence, bounds: share of diseased units in the window; interval on the logit scale.
        chi_square, df, p_value: likelihood-ratio test that the window is a mixture of the reference's two
            distributions: small means that scores moved in a way that prevalence does not explain.
        distance: total variation distance of the window from the fitted mixture.
        n: units of the window.
    """

    prevalence: float
    bounds: Bounds
    chi_square: float
    df: int
    p_value: float
    distance: float
    n: float


def label_shift(window: ArrayLike, positive: ArrayLike, negative: ArrayLike, level: float = 0.95) -> LabelShift:
    """Estimate the prevalence of a window without labels, and test whether prevalence explains its scores.

    Args:
        window: units per score bin float[b] in the window; may be weighted.
        positive: diseased units per bin float[b] of the reference.
        negative: healthy units per bin float[b] of the reference.
        level: confidence level.

    Raises:
        ValueError: when there are fewer than three bins, or a sample is empty.
    """
    m, a, c = floats(window), floats(positive), floats(negative)
    same_length(m, a, c)
    if len(m) < 3 or min(m.min(), a.min(), c.min()) < 0 or not (m.sum() and a.sum() and c.sum()):
        raise ValueError("a mixture needs three bins at least and units in the window and in both classes")
    a, c = a + _SMOOTHING, c + _SMOOTHING
    share, f1, f0 = _fitted(m, a, c)
    fit = _log_likelihood(m, share * f1 + (1 - share) * f0) + _log_likelihood(a, f1) + _log_likelihood(c, f0)
    free = sum(_log_likelihood(count, count / count.sum()) for count in (m, a, c))
    chi_square, df = max(0.0, 2 * (free - fit)), len(m) - 2
    p_value = chi_square_tail(chi_square, df)
    distance = float(np.abs(m / m.sum() - share * f1 - (1 - share) * f0).sum()) / 2
    bounds = _bounds(share, f1, f0, (m, a, c), level)
    return LabelShift(share, bounds, chi_square, df, p_value, distance, float(m.sum()))


def reweighted_prevalence(values: ArrayLike, counts: ArrayLike, prior: float) -> float:
    """Return Saerens's estimate of the prevalence from calibrated scores.

    Args:
        values: scores float[k] in 0..1, calibrated at the prior.
        counts: units of the window per score float[k].
        prior: prevalence at which the scores are calibrated.

    Raises:
        ValueError: when the prior does not lie strictly inside 0..1, or there is no unit.
    """
    p, n = floats(values), floats(counts)
    same_length(p, n)
    if not 0 < prior < 1 or not n.sum() > 0:
        raise ValueError("a prior lies strictly inside 0..1, and the window holds units")
    share = prior
    for _ in range(_ROUNDS):
        up, down = p * share / prior, (1 - p) * (1 - share) / (1 - prior)
        following = float((n * up / np.maximum(up + down, 1e-300)).sum() / n.sum())
        if abs(following - share) < _TOLERANCE:
            return following
        share = following
    return share


def black_box_prevalence(called: float, sensitivity: float, specificity: float) -> float:
    """Return Lipton's estimate of the prevalence from the share called positive; for two classes Rogan and Gladen's.

    Raises:
        ValueError: when sensitivity and specificity add up to 1 or less.
    """
    return rogan_gladen(called, sensitivity, specificity)


def _fitted(m: FloatArray, a: FloatArray, c: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Maximise the likelihood of window and reference together, by expectation and maximisation."""
    f1, f0 = a / a.sum(), c / c.sum()
    share = 0.5
    for _ in range(_ROUNDS):
        diseased = m * share * f1 / (share * f1 + (1 - share) * f0)
        following = float(diseased.sum() / m.sum())
        f1, f0 = a + diseased, c + m - diseased
        f1, f0 = f1 / f1.sum(), f0 / f0.sum()
        if abs(following - share) < _TOLERANCE:
            return following, f1, f0
        share = following
    return share, f1, f0


def _log_likelihood(counts: FloatArray, shares: FloatArray) -> float:
    used = counts > 0
    return float((counts[used] * np.log(shares[used])).sum())


def _bounds(
    share: float, f1: FloatArray, f0: FloatArray, counts: tuple[FloatArray, FloatArray, FloatArray], level: float
) -> Bounds:
    """Return the interval on the logit scale from the observed information; 0..1 where there is none."""
    error = _error(share, f1, f0, counts)
    if error is None or not 1e-9 < share < 1 - 1e-9:
        return _at_the_edge(share, f1, f0, counts, level)
    centre, half = math.log(share / (1 - share)), critical_value(level) * error / (share * (1 - share))
    return Bounds(*(1 / (1 + math.exp(-min(700.0, max(-700.0, centre + side * half)))) for side in (-1, 1)))


def _error(
    share: float, f1: FloatArray, f0: FloatArray, counts: tuple[FloatArray, FloatArray, FloatArray]
) -> float | None:
    """Return the standard error of the mixture's share, the two distributions being estimated too."""
    m, a, c = counts
    b, g = len(m), share * f1 + (1 - share) * f0
    bend = np.zeros((2 * b + 1, 2 * b + 1))
    one, other = slice(1, b + 1), slice(b + 1, 2 * b + 1)
    bend[0, 0] = float((m * (f1 - f0) ** 2 / g**2).sum())
    bend[0, one] = bend[one, 0] = -m * f0 / g**2
    bend[0, other] = bend[other, 0] = m * f1 / g**2
    bend[one, one] = np.diag(a / f1**2 + m * share**2 / g**2)
    bend[other, other] = np.diag(c / f0**2 + m * (1 - share) ** 2 / g**2)
    cross = np.diag(m * share * (1 - share) / g**2)
    bend[one, other] = bend[other, one] = cross
    basis = np.zeros((2 * b + 1, 2 * b - 1))
    basis[0, 0] = 1.0
    simplex = np.vstack([np.eye(b - 1), -np.ones(b - 1)])
    basis[one, 1:b], basis[other, b:] = simplex, simplex
    try:
        variance = float(np.linalg.inv(basis.T @ bend @ basis)[0, 0])
    except np.linalg.LinAlgError:
        return None
    return math.sqrt(variance) if variance > 0 else None


def _at_the_edge(
    share: float, f1: FloatArray, f0: FloatArray, counts: tuple[FloatArray, FloatArray, FloatArray], level: float
) -> Bounds:
    """Return the shares whose likelihood at the two fitted distributions is not much less than at the edge."""
    m, drop = counts[0], critical_value(level) ** 2 / 2
    best = _log_likelihood(m, share * f1 + (1 - share) * f0)
    grid = np.linspace(0.0, 1.0, 2001)[1:-1]
    kept = [float(at) for at in grid if best - _log_likelihood(m, at * f1 + (1 - at) * f0) <= drop]
    return Bounds(min([share, *kept]), max([share, *kept]))
