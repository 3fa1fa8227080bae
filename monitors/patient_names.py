"""Patients as whole numbers in the order of their names, so that many can be told apart without their names at hand."""

from collections.abc import Collection, Iterable

import numpy as np
import numpy.typing as npt

from monitors.grouping import Narrow, narrowest

_Names = npt.NDArray[np.bytes_]


class PatientNumbers:
    """The number of each patient among all: names are compared as UTF-8, whose order is that of their characters."""

    def __init__(self, parts: Iterable[Collection[str]]) -> None:
        found = [_packed(part) for part in parts]
        self._names: _Names = np.unique(np.concatenate(found)) if found else np.zeros(0, dtype="S1")
        self._kind = narrowest(0, len(self._names))

    def of(self, names: Collection[str]) -> Narrow:
        """Return the numbers of some names, each of which is there."""
        return np.searchsorted(self._names, _packed(names)).astype(self._kind)


def _packed(names: Collection[str]) -> _Names:
    """Return names as bytes of one length; a last character keeps names apart that end in a zero byte."""
    return np.array([f"{name}\x01".encode() for name in names] or [b"\x01"], dtype=np.bytes_)
