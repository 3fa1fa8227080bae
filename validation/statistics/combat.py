"""ComBat: location and scale of each scanner taken out of quantitative features, fitted on one set, applied to another.

Sources: Johnson, Li & Rabinovic, Biostatistics 2007;8:118 (parametric empirical Bayes); Fortin et al., NeuroImage
2018;167:104 (imaging). Fitting and applying are apart, so that a test set never harmonises itself; a scanner that the
fit did not see is refused, and the target never belongs among the covariates.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, IntArray, Labels, codes_of

_CONVERGED = 1e-4  # the reference implementations' tolerance; a tighter one moves their fifth digit
_ROUNDS = 1000


@dataclass(frozen=True, eq=False)
class Combat:
    """A fitted harmonisation of p features.

    Attributes:
        scanners: labels in order.
        mean: overall mean of each feature, float64[p].
        slopes: effect of each covariate, float64[c, p].
        spread: pooled standard deviation, float64[p].
        shift, scale: each scanner's location and variance after shrinkage, float64[s, p].
        units: how many units of each scanner the fit saw.
    """

    scanners: tuple[str, ...]
    mean: FloatArray
    slopes: FloatArray
    spread: FloatArray
    shift: FloatArray
    scale: FloatArray
    units: Mapping[str, int]


def fit_combat(features: ArrayLike, scanners: Labels, covariates: ArrayLike | None = None) -> Combat:
    """Fit on units of known scanners.

    Args:
        features: float[n, p].
        scanners: labels [n].
        covariates: float[n, c] whose effect is kept, such as age and sex; never the target of a model.

    Raises:
        ValueError: when a scanner has fewer than two units, there are fewer than two scanners or features, a feature
            does not vary, or covariates and scanners cannot be told apart.
    """
    values, names, code, kept = _checked(features, scanners, covariates)
    counts = np.bincount(code)
    if len(names) < 2 or counts.min() < 2 or values.shape[1] < 2:
        raise ValueError("ComBat needs two scanners, two units of each, and two features at least")
    batch = np.eye(len(names))[code]
    design = np.column_stack([batch, kept])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("covariates and scanners cannot be told apart: a covariate is constant or tied to scanners")
    effects = np.linalg.solve(design.T @ design, design.T @ values)
    mean, slopes = (counts / len(code)) @ effects[: len(names)], effects[len(names) :]
    spread = np.sqrt(((values - design @ effects) ** 2).mean(axis=0))
    if (spread <= 0).any():
        raise ValueError("a feature does not vary: leave it out")
    standard = (values - mean - kept @ slopes) / spread
    shift, scale = zip(*(_shrunk(standard[code == at]) for at in range(len(names))), strict=True)
    units = {name: int(count) for name, count in zip(names, counts, strict=True)}
    return Combat(names, mean, slopes, spread, np.stack(shift), np.stack(scale), units)


def apply_combat(
    fitted: Combat, features: ArrayLike, scanners: Labels, covariates: ArrayLike | None = None
) -> FloatArray:
    """Return features float64[n, p] without the scanners' effects.

    Args:
        fitted: from `fit_combat` on other units, or on the same.
        features: float[n, p], the features of the fit in the same order.
        scanners: labels [n].
        covariates: float[n, c], those of the fit.

    Raises:
        ValueError: when a scanner was not in the fit, naming it, or the features or covariates are others.
    """
    values, names, code, kept = _checked(features, scanners, covariates)
    if unseen := unseen_scanners(fitted, scanners):
        raise ValueError(f"scanners that the fit did not see: {', '.join(unseen)}; fit again with their units")
    if values.shape[1] != len(fitted.mean) or kept.shape[1] != len(fitted.slopes):
        raise ValueError("features and covariates are those of the fit")
    place = np.array([fitted.scanners.index(name) for name in names])[code]
    base = fitted.mean + kept @ fitted.slopes
    standard = (values - base) / fitted.spread
    return np.asarray(
        (standard - fitted.shift[place]) / np.sqrt(fitted.scale[place]) * fitted.spread + base, dtype=np.float64
    )


def unseen_scanners(fitted: Combat, scanners: Labels) -> tuple[str, ...]:
    """Return the labels that the fit did not see, in order."""
    return tuple(sorted({str(label) for label in np.asarray(scanners).tolist()} - set(fitted.scanners)))


def _checked(
    features: ArrayLike, scanners: Labels, covariates: ArrayLike | None
) -> tuple[FloatArray, tuple[str, ...], IntArray, FloatArray]:
    values = np.asarray(features, dtype=np.float64)
    labels = np.array([str(label) for label in np.asarray(scanners).tolist()])
    kept = np.zeros((len(labels), 0)) if covariates is None else np.asarray(covariates, dtype=np.float64)
    if values.ndim != 2 or kept.ndim != 2 or not len(values) == len(labels) == len(kept):
        raise ValueError("features and covariates have one row a unit")
    if not np.isfinite(values).all() or not np.isfinite(kept).all():
        raise ValueError("a feature or covariate is missing: ComBat needs complete rows")
    return values, tuple(sorted(set(labels.tolist()))), codes_of(labels), kept


def _shrunk(standard: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return one scanner's location and variance float64[p] each, drawn towards those of all features."""
    n = len(standard)
    location, variance = standard.mean(axis=0), standard.var(axis=0, ddof=1)
    centre, width = location.mean(), location.var(ddof=1)
    average, variation = variance.mean(), variance.var(ddof=1)
    shape = (2 * variation + average**2) / variation
    rate = (average * variation + average**3) / variation
    shift, scale = location, variance
    for _ in range(_ROUNDS):
        new_shift = (width * n * location + scale * centre) / (width * n + scale)
        square = ((standard - new_shift) ** 2).sum(axis=0)
        new_scale = (square / 2 + rate) / (n / 2 + shape - 1)
        moved = max(np.abs((new_shift - shift) / shift).max(), np.abs((new_scale - scale) / scale).max())
        shift, scale = new_shift, new_scale
        if moved <= _CONVERGED:
            break
    return shift, scale
