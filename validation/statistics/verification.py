"""Verification bias: sensitivity and specificity where who gets an outcome depends on the model's answer.

Source: Begg & Greenes, Biometrics 1983;39:207: within the units that the model called positive, and within the others,
the verified ones are taken to be like the rest. The interval is recovered from those of the three shares.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from validation.statistics.proportions import Bounds, ClusteredShare
from validation.statistics.recovered import Function, recovered_bounds


@dataclass(frozen=True)
class Accuracy:
    """Sensitivity and specificity with their intervals."""

    sensitivity: float
    sensitivity_bounds: Bounds
    specificity: float
    specificity_bounds: Bounds


def corrected_accuracy(called: ClusteredShare, true_called: ClusteredShare, true_others: ClusteredShare) -> Accuracy:
    """Return the accuracy over all units from the verified ones.

    Args:
        called: share of all units that the model called positive.
        true_called: share of truly positive units among the verified ones that were called positive.
        true_others: share of truly positive units among the verified ones that were called negative.

    Raises:
        ValueError: when no unit is estimated to be positive, or none to be negative.
    """
    shares = (called, true_called, true_others)
    estimates, bounds = [share.value for share in shares], [share.bounds for share in shares]
    return accuracy_of(estimates, bounds, (sensitivity_of, specificity_of))


def accuracy_of(estimates: Sequence[float], bounds: Sequence[Bounds], functions: tuple[Function, Function]) -> Accuracy:
    """Return sensitivity and specificity as functions of estimates, with recovered intervals inside 0..1."""
    found = []
    for function in functions:
        low, high = recovered_bounds(function, estimates, bounds)
        found.append((function(estimates), Bounds(max(0.0, low), min(1.0, high))))
    (sensitivity, of_sensitivity), (specificity, of_specificity) = found
    return Accuracy(sensitivity, of_sensitivity, specificity, of_specificity)


def sensitivity_of(shares: Sequence[float]) -> float:
    """Return the sensitivity of (called, true among called, true among others).

    Raises:
        ValueError: when no unit is positive.
    """
    called, true_called, true_others = shares
    positive = called * true_called + (1 - called) * true_others
    if positive <= 0:
        raise ValueError("no unit is estimated to be positive: there is no sensitivity")
    return called * true_called / positive


def specificity_of(shares: Sequence[float]) -> float:
    """Return the specificity of (called, true among called, true among others).

    Raises:
        ValueError: when no unit is negative.
    """
    called, true_called, true_others = shares
    negative = called * (1 - true_called) + (1 - called) * (1 - true_others)
    if negative <= 0:
        raise ValueError("no unit is estimated to be negative: there is no specificity")
    return (1 - called) * (1 - true_others) / negative
