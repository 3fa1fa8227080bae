"""A rate that varies over groups: logistic regression with a random intercept per scanner, site or reader.

Sources: Pinheiro & Chao, J Comput Graph Stat 2006;15:58 (Laplace and adaptive Gauss-Hermite likelihood); Self & Liang,
J Am Stat Assoc 1987;82:605 (test at the boundary); Merlo et al., J Epidemiol Community Health 2006;60:290 (median
odds ratio); Goldstein, Browne & Rasbash, Underst Stat 2002;1:223 (intraclass correlation on the latent scale).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, IntArray, Labels, codes_of, expit, floats, same_length, sums_by
from validation.statistics.distributions import chi_square_tail, critical_value, normal_quantile
from validation.statistics.proportions import Bounds

_ROUNDS = 100
_STEP = 1e-11
_LARGEST_SD = 20.0  # on the logit scale: beyond it the groups are all or nothing


@dataclass(frozen=True, eq=False)
class RandomIntercept:
    """A fitted model.

    Attributes:
        coefficients, errors: of the fixed effects, float64[p] each, on the logit scale.
        deviation: standard deviation of the groups' intercepts, on the logit scale.
        bounds: its profile-likelihood interval.
        log_likelihood: at the estimate.
        p_value: of the likelihood-ratio test that groups do not differ (half of a chi-square with 1 df).
        groups, n: groups and trials.
    """

    coefficients: FloatArray
    errors: FloatArray
    deviation: float
    bounds: Bounds
    log_likelihood: float
    p_value: float
    groups: int
    n: int

    @property
    def intraclass_correlation(self) -> float:
        """Share of the latent variance that lies between groups."""
        return latent_correlation(self.deviation)

    @property
    def median_odds_ratio(self) -> float:
        """Median over pairs of groups of the odds ratio of the higher against the lower."""
        return median_odds_ratio(self.deviation)


@dataclass(frozen=True, eq=False)
class _Data:
    successes: FloatArray
    failures: FloatArray
    design: FloatArray
    group: IntArray
    constant: float
    nodes: FloatArray
    log_weights: FloatArray


def latent_correlation(deviation: float) -> float:
    """Return the intraclass correlation on the latent logistic scale of a standard deviation between groups."""
    return deviation**2 / (deviation**2 + math.pi**2 / 3)


def median_odds_ratio(deviation: float) -> float:
    """Return the median odds ratio of a standard deviation between groups."""
    return math.exp(math.sqrt(2) * deviation * normal_quantile(0.75))


def random_intercept(
    successes: ArrayLike,
    trials: ArrayLike,
    groups: Labels,
    design: ArrayLike | None = None,
    *,
    nodes: int = 1,
    level: float = 0.95,
) -> RandomIntercept:
    """Fit a logistic regression with a random intercept.

    Args:
        successes: whole numbers float[n], one row a cell of the table.
        trials: whole numbers float[n].
        groups: labels [n].
        design: fixed effects float[n, p], the intercept among them; an intercept alone when left out.
        nodes: quadrature points a group; 1 is Laplace's approximation (lme4's default), more are for small groups.
        level: confidence level of the interval of the standard deviation.

    Raises:
        ValueError: when there are fewer than three groups, counts are impossible, or the fit does not converge.
    """
    data = _data(successes, trials, groups, design, nodes)
    start = _fixed_alone(data)
    flat = _log_likelihood(start, 0.0, data)
    found, best = _outer(data, start)
    deviation, coefficients = float(found[-1]), found[:-1]
    if best <= flat:
        deviation, coefficients, best = 0.0, start, flat
    tested = max(0.0, 2 * (best - flat))
    p_value = 1.0 if tested == 0.0 else chi_square_tail(tested, 1) / 2
    bounds = _profile_bounds(data, (coefficients, deviation, best), level)
    errors = _errors(data, coefficients, deviation)
    n = int(data.successes.sum() + data.failures.sum())
    return RandomIntercept(coefficients, errors, deviation, bounds, best, p_value, int(data.group.max()) + 1, n)


def _data(successes: ArrayLike, trials: ArrayLike, groups: Labels, design: ArrayLike | None, nodes: int) -> _Data:
    from scipy.special import gammaln  # noqa: PLC0415 - lazy: scipy is slow to import

    x, n, code = floats(successes), floats(trials), codes_of(groups)
    matrix = np.ones((len(x), 1)) if design is None else np.asarray(design, dtype=np.float64)
    same_length(x, n, code, matrix)
    if len(x) == 0 or (x < 0).any() or (x > n).any() or int(code.max()) < 2:
        raise ValueError("the model needs three groups, and successes between 0 and the trials")
    if not 0 < x.sum() < n.sum():
        raise ValueError("all trials have one result: no rate varies")
    constant = float((gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)).sum())
    at, weight = np.polynomial.hermite_e.hermegauss(nodes)
    log_weights = np.log(weight) + at**2 / 2 - 0.5 * math.log(2 * math.pi)
    return _Data(x, n - x, matrix, code, constant, at, log_weights)


def _fixed_alone(data: _Data) -> FloatArray:
    """Return the coefficients without random effects, by Newton's method."""
    line = np.zeros(data.design.shape[1])
    for _ in range(_ROUNDS):
        share = expit(data.design @ line)
        weight = (data.successes + data.failures) * share * (1 - share)
        score = data.design.T @ (data.successes - (data.successes + data.failures) * share)
        step = np.linalg.lstsq((data.design * weight[:, None]).T @ data.design, score, rcond=None)[0]
        line = line + np.clip(step, -5, 5)
        if np.abs(step).max() < _STEP:
            break
    return np.asarray(line, dtype=np.float64)


def _modes(eta: FloatArray, deviation: float, data: _Data) -> tuple[FloatArray, FloatArray]:
    """Return each group's most likely standardised intercept and the curvature there, float64[g] each."""
    trials, groups = data.successes + data.failures, int(data.group.max()) + 1
    mode = np.zeros(groups)
    for _ in range(_ROUNDS):
        share = expit(eta + deviation * mode[data.group])
        slope = sums_by(data.group, deviation * (data.successes - trials * share), groups) - mode
        curvature = sums_by(data.group, deviation**2 * trials * share * (1 - share), groups) + 1
        step = np.clip(slope / curvature, -2, 2)
        mode = mode + step
        if np.abs(step).max() < _STEP:
            break
    share = expit(eta + deviation * mode[data.group])
    return mode, sums_by(data.group, deviation**2 * trials * share * (1 - share), groups) + 1


def _log_likelihood(coefficients: FloatArray, deviation: float, data: _Data) -> float:
    """Return the marginal log-likelihood by adaptive quadrature; one node is Laplace's approximation."""
    eta = data.design @ coefficients
    mode, curvature = _modes(eta, deviation, data)
    groups = len(mode)
    parts = []
    for node, log_weight in zip(data.nodes.tolist(), data.log_weights.tolist(), strict=True):
        value = mode + node / np.sqrt(curvature)
        at = eta + deviation * value[data.group]
        rows = -data.successes * np.logaddexp(0, -at) - data.failures * np.logaddexp(0, at)
        parts.append(sums_by(data.group, rows, groups) - value**2 / 2 + log_weight)
    total = np.logaddexp.reduce(np.stack(parts), axis=0) - np.log(curvature) / 2
    return float(total.sum()) + data.constant


def _outer(data: _Data, start: FloatArray) -> tuple[FloatArray, float]:
    """Maximise over coefficients and standard deviation, from two starts; the better one counts."""
    from scipy.optimize import minimize  # noqa: PLC0415 - lazy: scipy is slow to import

    def loss(point: FloatArray) -> float:
        return -_log_likelihood(point[:-1], abs(float(point[-1])), data)

    runs = [
        minimize(loss, np.append(start, first), method="BFGS", options={"gtol": 1e-7, "finite_diff_rel_step": 1e-7})
        for first in (0.3, 1.0)
    ]
    best = min(runs, key=lambda run: float(run.fun))
    point = _polished(np.asarray(best.x, dtype=np.float64), data)
    point[-1] = abs(point[-1])
    if not np.isfinite(point).all() or point[-1] > _LARGEST_SD:
        raise ValueError("the fit did not converge: groups are all or nothing")
    return point, _log_likelihood(point[:-1], float(point[-1]), data)


def _polished(point: FloatArray, data: _Data) -> FloatArray:
    """Take Newton steps with central differences until the gradient vanishes."""
    for _ in range(8):
        slope, bend = _differences(point, data)
        step = np.linalg.lstsq(bend, slope, rcond=None)[0]
        if not np.isfinite(step).all() or np.abs(step).max() > 0.1:
            return point
        point = point - step
        if np.abs(step).max() < 1e-9:
            return point
    return point


def _differences(point: FloatArray, data: _Data, size: float = 1e-4) -> tuple[FloatArray, FloatArray]:
    """Return gradient float64[p] and Hessian float64[p, p] of the log-likelihood by central differences."""
    p = len(point)
    move = np.eye(p) * size

    def value(at: FloatArray) -> float:
        return _log_likelihood(at[:-1], abs(float(at[-1])), data)

    slope = np.array([(value(point + move[i]) - value(point - move[i])) / (2 * size) for i in range(p)])
    bend = np.zeros((p, p))
    for i in range(p):
        for j in range(i + 1):
            corners = [value(point + a * move[i] + b * move[j]) for a in (1, -1) for b in (1, -1)]
            bend[i, j] = bend[j, i] = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * size**2)
    return slope, bend


def _errors(data: _Data, coefficients: FloatArray, deviation: float) -> FloatArray:
    """Return standard errors of the fixed effects, from the curvature of the likelihood."""
    _, bend = _differences(np.append(coefficients, max(deviation, 1e-3)), data)
    inside = bend if deviation > 0 else bend[:-1, :-1]
    variance = np.diag(np.linalg.pinv(-inside))[: len(coefficients)]
    return np.sqrt(np.maximum(variance, 0.0))


def _profile_bounds(data: _Data, fit: tuple[FloatArray, float, float], level: float) -> Bounds:
    """Return the standard deviations at which twice the profile falls by the chi-square's quantile."""
    coefficients, deviation, best = fit
    drop = critical_value(level) ** 2 / 2

    def inside(at: float) -> bool:
        return best - _log_likelihood(_refitted(coefficients, at, data), at, data) <= drop

    low = 0.0 if inside(0.0) else _edge(inside, 0.0, deviation)
    outer = max(2 * deviation, 0.5)
    while inside(outer) and outer < _LARGEST_SD:
        outer *= 2
    return Bounds(low, _edge(lambda at: not inside(at), deviation, min(outer, _LARGEST_SD)))


def _edge(crossed: Callable[[float], bool], low: float, high: float) -> float:
    """Return where a condition that holds from some point on begins to hold."""
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if crossed(middle) else (middle, high)
    return high


def _refitted(coefficients: FloatArray, deviation: float, data: _Data) -> FloatArray:
    """Return the coefficients that maximise the likelihood at a given standard deviation."""
    from scipy.optimize import minimize  # noqa: PLC0415 - lazy: scipy is slow to import

    found = minimize(lambda at: -_log_likelihood(at, deviation, data), coefficients, method="BFGS")
    return np.asarray(found.x, dtype=np.float64)
