"""Intervals of a function of independent estimates, recovered from the intervals of those.

Source: Zou & Donner, Stat Med 2008;27:1693 (the method of variance estimates recovery), applied to a function that need
not be a sum: each estimate is moved to its bounds alone, and the squared moves of the function are added up. It needs
no derivative and no normal estimate, and holds at shares of 0 and 1. For a difference it is Newcombe's hybrid interval.
"""

import math
from collections.abc import Callable, Sequence

from validation.statistics.proportions import Bounds

Function = Callable[[Sequence[float]], float]


def recovered_bounds(function: Function, estimates: Sequence[float], bounds: Sequence[Bounds]) -> Bounds:
    """Return the interval of function(estimates).

    Args:
        function: of as many numbers as there are estimates, monotone in each between its bounds.
        estimates: independent ones.
        bounds: their intervals at the level that is wanted.

    Raises:
        ValueError: when there are not as many intervals as estimates.
    """
    if len(estimates) != len(bounds):
        raise ValueError(f"{len(estimates)} estimates have {len(bounds)} intervals")
    value = function(estimates)
    down = up = 0.0
    for place, interval in enumerate(bounds):
        moved = [function([*estimates[:place], end, *estimates[place + 1 :]]) - value for end in interval]
        down += max(0.0, -min(moved)) ** 2
        up += max(0.0, *moved) ** 2
    return Bounds(value - math.sqrt(down), value + math.sqrt(up))
