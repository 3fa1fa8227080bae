"""A chart of audited cases: has the model begun to rank the diseased lower, or the healthy higher, than it used to?

Each audited case is ranked among the reference's cases of its class and all audited before it (`exchangeability`), so
that its normal score is exactly standard normal while nothing changes, whatever the law of the scores and however small
the reference. A month adds up its diseased, its healthy and all of them, each over the root of their number, to three
one-sided CUSUMs: a concept shift may lie in one class or in both. The limit is the quantile of the largest of the three
within the promised months among simulated charts; prevalence does not enter, and no label beyond the audit is needed.
Beside it stands the evidence of the same ranks case by case (`order_evidence`), whose limit is proven, not simulated:
it also sees a change that touches few cases, which a month's sum does not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from validation.statistics.arrays import FloatArray, floats
from validation.statistics.exchangeability import conformal_p_values, order_evidence, order_limit

K = (1.5, 1.5, 0.75)  # reference values of the sides, in deviations of a month: one class must fall further than both
SIDES = ("diseased", "healthy", "both")
_RUNS, _SEED = 100_000, 20_250_101
_LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class AuditChart:
    """A chart of months.

    Attributes:
        deviates: float64[months, 2], of the diseased and the healthy; positive means ranked worse than before.
        sums: float64[months, 3], of `SIDES`.
        limit: that of the sums.
        alarm: index of the first month beyond the limit, and the side; None without one.
        evidence, evidence_limit: largest evidence of the cases so far, in nats, and what it passes among as many cases
            with the same probability at most; zero and None without a case.
    """

    deviates: FloatArray
    sums: FloatArray
    limit: float
    alarm: tuple[int, str] | None
    evidence: float
    evidence_limit: float | None


def audit_chart(
    months: Sequence[tuple[ArrayLike, ArrayLike]],
    reference: tuple[ArrayLike, ArrayLike],
    seed: int,
    probability: float = 0.05,
    within: int = 24,
) -> AuditChart:
    """Return the chart of months of audited cases.

    Args:
        months: the scores of the diseased and of the healthy float[n], month by month; a class may be empty.
        reference: scores float[m] of the diseased and of the healthy from validation.
        seed: of the draws that break ties (PCG64).
        probability: of a false alarm within so many months.
        within: months of the promise.

    Raises:
        ValueError: when a class of the reference is empty, or the promise is none (`audit_limit`).
    """
    sides, ranked = [], []
    for place, sign in enumerate((-1.0, 1.0)):
        cases = [sign * floats(month[place]) for month in months]
        p = conformal_p_values(sign * floats(reference[place]), np.concatenate([np.zeros(0), *cases]), seed + place)
        parts = np.split(p, np.cumsum([len(part) for part in cases])[:-1])[: len(cases)]
        sides.append([float(_normal(part).sum()) / math.sqrt(len(part)) if len(part) else 0.0 for part in parts])
        ranked.append(parts)
    deviates = np.array(sides, dtype=np.float64).T.reshape(-1, 2)
    limit = audit_limit(probability, within)
    sums = audit_sums(deviates[None])[0]
    beyond = np.argwhere(sums > limit)
    alarm = (int(beyond[0][0]), SIDES[int(np.argmax(sums[beyond[0][0]]))]) if len(beyond) else None
    in_order = [part for month in zip(*ranked, strict=True) for part in month]
    return AuditChart(deviates, sums, limit, alarm, *_evidence(np.concatenate([np.zeros(0), *in_order]), probability))


def _evidence(p_values: FloatArray, probability: float) -> tuple[float, float | None]:
    """Return the largest evidence of cases in order, and its limit."""
    if not len(p_values):
        return 0.0, None
    return float(order_evidence(p_values).max()), order_limit(len(p_values), probability)


def audit_sums(deviates: FloatArray) -> FloatArray:
    """Return the three CUSUMs float64[runs, months, 3] of monthly deviates float64[runs, months, 2]."""
    steps = np.concatenate([deviates, deviates.sum(axis=2, keepdims=True) / math.sqrt(2)], axis=2) - np.array(K)
    sums: FloatArray = np.empty_like(steps)
    now = np.zeros((len(steps), 3))
    for month in range(steps.shape[1]):
        now = np.maximum(0.0, now + steps[:, month])
        sums[:, month] = now
    return sums


@cache
def audit_limit(probability: float, within: int) -> float:
    """Return the limit that one of the three sums passes within so many months with this probability.

    Raises:
        ValueError: when the probability does not lie between 0 and 1, or no month is watched.
    """
    if not 0 < probability < 1 or within < 1:
        raise ValueError("a promise is a probability between 0 and 1 over one month at least")
    drawn = np.random.Generator(np.random.PCG64(_SEED)).standard_normal((_RUNS, within, 2))
    return float(np.quantile(audit_sums(drawn).max(axis=(1, 2)), 1 - probability))


def _normal(p_values: FloatArray) -> FloatArray:
    """Return normal scores: large for small p-values."""
    from scipy.special import ndtri  # noqa: PLC0415 - lazy: scipy is slow to import

    return np.asarray(-ndtri(np.clip(p_values, _LEAST, 1 - _LEAST)), dtype=np.float64)
