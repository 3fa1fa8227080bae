"""Evidence that is kept: what the detector found of earlier days is not looked for again.

The evidence of a day depends on no later day, so that what was found of a block of days holds as long as everything
that it depends on is the same: the series up to the block's end, the reference, margins and rules. A digest of all
that names what is kept; with anything else the name is another one, and the days are looked at anew.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from monitors.watch.charts import evidence_path
from monitors.watch.detector import Path, Rules, evidence_on
from monitors.watch.stream import Comparison
from registry.domain.digest import digest_value

BLOCK = 64  # days
SCHEMA = "overread.evidence/1"
_KINDS = ("<f8", "<i2", "<i1")  # of evidence, length and sign
Judged = tuple[Comparison, Rules]


class Shelf(Protocol):
    """Keeps bytes by the number of a block and a digest of what they depend on."""

    def read(self, wanted: Mapping[int, str]) -> Mapping[int, bytes]:
        """Return what is kept of blocks, each under its digest; nothing for what is not there, or does not hold."""
        ...

    def keep(self, fresh: Mapping[int, tuple[str, bytes]]) -> None:
        """Keep the bytes of blocks, each under its digest."""
        ...


@dataclass
class InMemory:
    """A shelf that lasts as long as the process."""

    blocks: dict[tuple[int, str], bytes] = field(default_factory=dict)

    def read(self, wanted: Mapping[int, str]) -> Mapping[int, bytes]:
        """Return what is kept of blocks."""
        return {at: self.blocks[at, digest] for at, digest in wanted.items() if (at, digest) in self.blocks}

    def keep(self, fresh: Mapping[int, tuple[str, bytes]]) -> None:
        """Keep blocks."""
        self.blocks |= {(at, digest): data for at, (digest, data) in fresh.items()}


def evidence_paths(wanted: Sequence[Judged], shelf: Shelf) -> list[Path]:
    """Return the evidence of every day of several comparisons; only days that no whole block holds are looked at.

    Args:
        wanted: comparisons of the same days, with their rules.
        shelf: where whole blocks are kept; it gets those that it did not hold.
    """
    keys = {place: dict(_keys(*one)) for place, one in enumerate(wanted) if _keeps(*one)}
    blocks = sorted({block for one in keys.values() for block in one})
    of_block = {block: [place for place, one in keys.items() if block in one] for block in blocks}
    digests = {at: digest_value([SCHEMA, BLOCK, *(keys[one][at] for one in of_block[at])]) for at in blocks}
    known = {at: _unpacked(data, len(of_block[at])) for at, data in shelf.read(digests).items()}
    rows = {at: dict(zip(of_block[at], zip(*columns, strict=True), strict=True)) for at, columns in known.items()}
    paths = [
        _path(*one, {at: rows[at][place] for at in keys[place] if at in rows}) if place in keys else evidence_path(*one)
        for place, one in enumerate(wanted)
    ]
    fresh = [at for at in digests if at not in known]
    shelf.keep({at: (digests[at], _packed([paths[place] for place in of_block[at]], at)) for at in fresh})
    return paths


def _keeps(comparison: Comparison, rules: Rules) -> bool:
    """Say whether evidence is told by the days before alone: the reference is over when the first segment begins."""
    return rules.detector == "glr" and comparison.reference[1] <= rules.first


def _path(comparison: Comparison, rules: Rules, known: Mapping[int, Sequence[npt.NDArray[Any]]]) -> Path:
    days = comparison.series.shape[1]
    found = (np.zeros(days), np.zeros(days, dtype=np.int64), np.zeros(days, dtype=np.int64))
    open_still = np.arange(days) >= rules.first
    for block, rows in known.items():
        span = slice(block * BLOCK, (block + 1) * BLOCK)
        open_still[span] = False
        for column, row in zip(found, rows, strict=True):
            column[span] = row
    for ends in _runs(np.flatnonzero(open_still)):
        part = evidence_on(comparison, rules, ends)
        for column, values in zip(found, (part.evidence, part.length, part.sign), strict=True):
            column[ends] = values
    return Path(*found)


def _runs(days: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    """Yield days on end."""
    if len(days):
        yield from np.split(days, np.flatnonzero(np.diff(days) > 1) + 1)


def _keys(comparison: Comparison, rules: Rules) -> Iterator[tuple[int, str]]:
    """Yield the number of each whole block that has evidence, and a digest of all that its evidence depends on."""
    arrays: list[npt.NDArray[Any]] = []
    told = [_told(comparison, arrays), _told(rules, arrays)]
    known = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    days = comparison.series.shape[1]
    for block in range(days // BLOCK):
        for array in arrays:
            known.update(np.ascontiguousarray(array[..., block * BLOCK : (block + 1) * BLOCK]).tobytes())
        if (block + 1) * BLOCK > rules.first:
            yield block, known.copy().hexdigest()


def _told(value: object, arrays: list[npt.NDArray[Any]]) -> Any:
    """Return what a comparison is made of as JSON; daily series go to `arrays`."""
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return [len(arrays), value.dtype.str, list(value.shape[:-1])]
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, [[one.name, _told(getattr(value, one.name), arrays)] for one in fields(value)]]
    if isinstance(value, tuple):
        return [_told(one, arrays) for one in value]
    if isinstance(value, float):
        return float(value).hex()
    if isinstance(value, str | int | None):
        return value
    if isinstance(value, np.integer):
        return int(value)
    raise TypeError(f"a comparison holds a {type(value).__name__}, of which no digest is made")


def _packed(paths: Sequence[Path], block: int) -> bytes:
    span = slice(block * BLOCK, (block + 1) * BLOCK)
    columns = ([getattr(path, name)[span] for path in paths] for name in ("evidence", "length", "sign"))
    return b"".join(np.array(column, dtype=kind).tobytes() for column, kind in zip(columns, _KINDS, strict=True))


def _unpacked(data: bytes, paths: int) -> list[npt.NDArray[Any]]:
    """Return evidence, lengths and signs, each of shape (paths, days of a block).

    Raises:
        ValueError: when there are not as many bytes as that takes.
    """
    sizes = [np.dtype(kind).itemsize * paths * BLOCK for kind in _KINDS]
    if len(data) != sum(sizes):
        raise ValueError(f"{len(data)} bytes are not the evidence of {paths} streams in {BLOCK} days")
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    parts = zip(_KINDS, starts, strict=True)
    return [np.frombuffer(data, kind, paths * BLOCK, start).reshape(paths, BLOCK) for kind, start in parts]
