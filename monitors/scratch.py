"""Columns on disk, for what a run goes over again and again and need not hold: an unnamed file of this process alone.

Nothing of it outlives the process. Pieces are read into memory of their own, never mapped, so that what was read goes
with the reader. No name of a patient is written: what is put here are whole numbers.
"""

import errno
import os
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from monitors.grouping import Narrow, narrowest
from registry.domain.errors import IncompleteError

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Piece(NamedTuple):
    """Where equally long columns lie, and how.

    Attributes:
        offset: of the first byte.
        cells: length of each column.
        kinds: per column its type; empty for a column of one value, which takes no room.
        lows: per column that value; 0 for the others.
    """

    offset: int
    cells: int
    kinds: tuple[str, ...]
    lows: tuple[int, ...]

    def column(self, place: int, data: bytes) -> Narrow:
        """Return a column of the bytes of `Scratch.read`."""
        if not self.kinds[place]:
            low = self.lows[place]
            return np.full(self.cells, low, dtype=narrowest(low, low))
        return np.frombuffer(data, dtype=self.kinds[place], count=self.cells)


class Scratch:
    """An unnamed file that columns are put into."""

    def __init__(self) -> None:
        handle, name = tempfile.mkstemp(prefix="overread-")
        Path(name).unlink()
        self._handle, self._end = handle, 0
        weakref.finalize(self, os.close, handle)

    def put(self, columns: Sequence[Narrow]) -> Piece:
        """Write columns of one length, at least one cell each.

        Raises:
            IncompleteError: when the folder of temporary files is full.
        """
        offset, kinds, lows = self._end, [], []
        for column in columns:
            low, high = int(column.min()), int(column.max())
            kind = "" if low == high else narrowest(low, high).str
            kinds.append(kind)
            lows.append(low if low == high else 0)
            if kind:
                self._write(np.ascontiguousarray(column, dtype=kind).tobytes())
        return Piece(offset, len(columns[0]), tuple(kinds), tuple(lows))

    def column(self, piece: Piece, place: int) -> Narrow:
        """Return one column of a piece; it may not be written to."""
        if not piece.kinds[place]:
            return piece.column(place, b"")
        before = sum(np.dtype(kind).itemsize for kind in piece.kinds[:place] if kind)
        size = np.dtype(piece.kinds[place]).itemsize
        return piece.column(place, self._read(piece.offset + before * piece.cells, size * piece.cells))

    def _write(self, data: Any) -> None:
        while data:
            try:
                done = os.pwrite(self._handle, data, self._end)
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                mend = "make room, or name a larger folder by TMPDIR"
                raise IncompleteError("the folder of temporary files is full", where="TMPDIR", mend=mend) from error
            data, self._end = data[done:], self._end + done

    def _read(self, offset: int, size: int) -> bytes:
        found = os.pread(self._handle, size, offset)
        while len(found) < size:
            more = os.pread(self._handle, size - len(found), offset + len(found))
            if not more:
                raise OSError(f"{size} bytes were put at {offset}, {len(found)} are left")
            found += more
        return found
