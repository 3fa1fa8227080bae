"""Which predictions were made in a stratum that was suspended at that moment: outside the validated envelope."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import Labels
from monitors.engine.acquisitions import Acquired
from monitors.engine.columns import instants
from registry.domain.stratum import Suspension

Mask = npt.NDArray[np.bool_]


def outside(where: Acquired, version: Labels, predicted_at: Any, suspensions: Sequence[Suspension]) -> Mask:
    """Say per prediction whether any suspension was in force in its stratum when it was made, bool[n].

    Args:
        where: the acquisitions of the n predictions, with the axis of each suspension.
        version: the predictions' versions.
        predicted_at: when they were made (Arrow strings).
        suspensions: of the predictions' model.
    """
    found = np.zeros(len(version.codes), dtype=np.bool_)
    for one in suspensions:
        found |= inside(where, version, predicted_at, one)
    return found


def inside(where: Acquired, version: Labels, predicted_at: Any, one: Suspension) -> Mask:
    """Say per prediction whether one suspension was in force in its stratum when it was made, bool[n]."""
    made = instants(predicted_at)
    found = made >= _instant(one.since)
    if one.until is not None:
        found &= made < _instant(one.until)
    axis = where.axes[one.stratum.column]
    for column, value in ((version, one.version), (where.site, one.site), (axis, one.stratum.value)):
        found &= _is(column, value)
    return np.asarray(found, dtype=np.bool_)


def axes_of_suspensions(suspensions: Sequence[Suspension]) -> tuple[str, ...]:
    """Return the axes, as `acquired` knows them, on which something is or was suspended."""
    return tuple(dict.fromkeys(one.stratum.column for one in suspensions))


def _is(column: Labels, value: str) -> Mask:
    levels = np.array([level == value for level in column.levels], dtype=np.bool_)
    return np.asarray(levels[column.codes], dtype=np.bool_)


def _instant(text: str) -> np.datetime64:
    return np.datetime64(text.removesuffix("Z"), "us")
