"""Patients as whole numbers in the order of their names, so that many are told apart without their names at hand."""

import re
from collections.abc import Collection, Iterable

import numpy as np
import numpy.typing as npt

_Names = npt.NDArray[np.bytes_]
_PSEUDONYM = re.compile("p:[0-9a-f]{32}")


class PatientNumbers:
    """The number of each patient among all: pseudonyms are in the order of their names, and so are other names."""

    def __init__(self, parts: Iterable[Collection[str]]) -> None:
        names = np.concatenate([_packed([]), *map(_packed, parts)])
        names.sort()
        self._names: _Names = names[np.concatenate([[True], names[1:] != names[:-1]])]

    def of(self, names: Collection[str]) -> dict[str, int]:
        """Return the numbers of some names, each of which is there."""
        found = np.searchsorted(self._names, _packed(names)).tolist()
        return dict(zip(names, found, strict=False))


def _packed(names: Collection[str]) -> _Names:
    """Return names as bytes, and one more: the last character keeps names apart that end in a zero byte."""
    return np.array([*map(_bytes, names), b"\x01"], dtype=np.bytes_)


def _bytes(name: str) -> bytes:
    spelled = bytes.fromhex(name[2:]) if _PSEUDONYM.fullmatch(name) else name[2:].encode()
    return name[:2].encode() + spelled + b"\x01"
