"""Labels with an error of their own, such as those from reports: shares and accuracy corrected for it.

Sources: Rogan & Gladen, Am J Epidemiol 1978;107:71; Lang & Reiczigel, Prev Vet Med 2014;113:13 (interval that carries
the uncertainty of the labeller's sensitivity and specificity). For a model's accuracy it is assumed that, given the
truth, the labeller errs whatever the model said; a report that was written with the model on screen may break that.
"""

import math
from collections.abc import Sequence

from validation.statistics.distributions import critical_value
from validation.statistics.proportions import Bounds, ClusteredShare
from validation.statistics.verification import Accuracy, accuracy_of, sensitivity_of, specificity_of

NO_BETTER = "the labeller's sensitivity and specificity may add up to 1 or less: its labels may carry nothing"


def rogan_gladen(share: float, sensitivity: float, specificity: float) -> float:
    """Return the true share from the share that a labeller calls positive, kept within 0..1.

    Raises:
        ValueError: when sensitivity and specificity add up to 1 or less.
    """
    quality = sensitivity + specificity - 1
    if quality <= 0:
        raise ValueError(NO_BETTER)
    return min(1.0, max(0.0, (share + specificity - 1) / quality))


def rogan_gladen_bounds(
    share: ClusteredShare, sensitivity: ClusteredShare, specificity: ClusteredShare, level: float = 0.95
) -> Bounds:
    """Return Lang and Reiczigel's interval of the true share; all three sizes are effective ones.

    Args:
        share: what the labeller calls positive.
        sensitivity: of the labeller, on truly positive units.
        specificity: of the labeller, on truly negative units.
        level: confidence level.

    Raises:
        ValueError: when the adjusted sensitivity and specificity add up to 1 or less.
    """
    z = critical_value(level)
    n = share.effective_n + z * z
    p = (share.effective_n * share.value + z * z / 2) / n
    (se, of_se), (sp, of_sp) = (_adjusted(one) for one in (sensitivity, specificity))
    quality = se + sp - 1
    if quality <= 0:
        raise ValueError(NO_BETTER)
    true = (p + sp - 1) / quality
    lean = 2 * z * z * (true * se * (1 - se) / of_se - (1 - true) * sp * (1 - sp) / of_sp)
    spread = p * (1 - p) / n + true**2 * se * (1 - se) / of_se + (1 - true) ** 2 * sp * (1 - sp) / of_sp
    half = z * math.sqrt(spread) / quality
    return Bounds(min(1.0, max(0.0, true + lean - half)), max(0.0, min(1.0, true + lean + half)))


def surrogate_accuracy(
    called: ClusteredShare,
    labelled_called: ClusteredShare,
    labelled_others: ClusteredShare,
    sensitivity: ClusteredShare,
    specificity: ClusteredShare,
) -> Accuracy:
    """Return a model's accuracy against the truth from labels that err.

    Args:
        called: share of units that the model called positive.
        labelled_called: share of units with a positive label among those that the model called positive.
        labelled_others: share of units with a positive label among the others.
        sensitivity: of the labeller, on doubly labelled units that are truly positive.
        specificity: of the labeller, on doubly labelled units that are truly negative.

    Raises:
        ValueError: when the labeller may be no better than chance, or no unit of a class is left after correction.
    """
    if sensitivity.bounds.low + specificity.bounds.low <= 1:
        raise ValueError(NO_BETTER)
    shares = (called, labelled_called, labelled_others, sensitivity, specificity)
    estimates, bounds = [share.value for share in shares], [share.bounds for share in shares]
    return accuracy_of(estimates, bounds, (_sensitivity, _specificity))


def _sensitivity(shares: Sequence[float]) -> float:
    return sensitivity_of(_true(shares))


def _specificity(shares: Sequence[float]) -> float:
    return specificity_of(_true(shares))


def _true(shares: Sequence[float]) -> tuple[float, float, float]:
    called, labelled_called, labelled_others, sensitivity, specificity = shares
    return (
        called,
        rogan_gladen(labelled_called, sensitivity, specificity),
        rogan_gladen(labelled_others, sensitivity, specificity),
    )


def _adjusted(share: ClusteredShare) -> tuple[float, float]:
    """Return a labeller's share with one success and one failure added, and its size."""
    n = share.effective_n + 2
    return (share.effective_n * share.value + 1) / n, n
