"""Performance of a model on scored units, each number with its interval by patient."""

from collections.abc import Callable
from typing import NamedTuple

from registry.domain.estimate import Estimate
from validation.statistics.arrays import BoolArray
from validation.statistics.auc_interval import LOGIT, auc_interval, interval_gap
from validation.statistics.clustered import clustered_auc
from validation.statistics.proportions import CLUSTERED_WILSON, clustered_proportion
from validation.statistics.roc import roc_counts, tie_loss
from validation.statistics.units import ScoredUnits

TIE_LOSS_LIMIT = 0.001  # above it the grid is too coarse for the scores (contract, section 4)
BOTH_CLASSES = "no_outcomes: the statistic needs positive and negative units"


class _Share(NamedTuple):
    """Which units a share speaks of, and which of them count as a success."""

    domain: Callable[[BoolArray, BoolArray], BoolArray]
    success: Callable[[BoolArray, BoolArray], BoolArray]
    needs: str


# Each takes the truth and the model's decision, bool[n].
_SHARES = {
    "sensitivity": _Share(lambda truth, _: truth, lambda _, decision: decision, "a positive unit"),
    "specificity": _Share(lambda truth, _: ~truth, lambda _, decision: ~decision, "a negative unit"),
    "ppv": _Share(lambda _, decision: decision, lambda truth, _: truth, "a unit called positive"),
    "npv": _Share(lambda _, decision: ~decision, lambda truth, _: ~truth, "a unit called negative"),
    "prevalence": _Share(lambda truth, _: truth | ~truth, lambda truth, _: truth, "a unit"),
}
SHARES = tuple(_SHARES)


def share_estimate(name: str, units: ScoredUnits, k: int, level: float = 0.95) -> Estimate:
    """Return a share at the threshold k/65536, clustered by patient.

    Args:
        name: `sensitivity`, `specificity`, `ppv`, `npv` or `prevalence`.
        units: scored units.
        k: threshold cell; positive means q >= k.
        level: confidence level.

    Raises:
        KeyError: for another name.
    """
    share, decision = _SHARES[name], units.q >= k
    domain = share.domain(units.truth, decision)
    chosen = units.where(domain)
    if not chosen.n:
        return Estimate(name, None, None, None, 0, 0, 0, level, CLUSTERED_WILSON, f"no_outcomes: needs {share.needs}")
    found = clustered_proportion(share.success(units.truth, decision)[domain], chosen.patients, level)
    return Estimate(
        name,
        found.value,
        *found.bounds,
        chosen.n,
        chosen.n_positive,
        chosen.n_patients,
        level,
        CLUSTERED_WILSON,
    )


def auc_estimate(units: ScoredUnits, level: float = 0.95, name: str = "auc") -> Estimate:
    """Return the area under the ROC curve, its variance clustered by patient."""
    counts = (units.n, units.n_positive, units.n_patients)
    if not 0 < units.n_positive < units.n:
        return Estimate(name, None, None, None, *counts, level, LOGIT, BOTH_CLASSES)
    result = clustered_auc(units.q, units.truth, units.patients)
    bounds = auc_interval(result, level)
    if bounds is None:
        return Estimate(name, result.auc, None, None, *counts, level, LOGIT, f"too_few: {interval_gap(result)}")
    return Estimate(name, result.auc, *bounds, *counts, level, LOGIT)


def tie_loss_estimate(units: ScoredUnits) -> Estimate:
    """Return B, the loss by ties on the score grid; it has no interval, since it is not sampled."""
    counts = (units.n, units.n_positive, units.n_patients)
    method = "B = 1/2 sum_b P_b N_b / (P N) over the cells of the score grid"
    if not 0 < units.n_positive < units.n:
        return Estimate("tie_loss", None, None, None, *counts, method=method, reason=BOTH_CLASSES)
    loss = tie_loss(roc_counts(units.q, units.truth))
    reason = f"grid: above {TIE_LOSS_LIMIT}, many scores tie" if loss > TIE_LOSS_LIMIT else "a property of the scores"
    return Estimate("tie_loss", loss, None, None, *counts, method=method, reason=reason)
