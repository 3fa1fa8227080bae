"""What one pass over the tables knows when scores and truths are counted, and columns of it at some rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import Column, Family, Labels, count
from monitors.engine.columns import at_rows, is_level
from monitors.engine.predictions import Predictions
from monitors.engine.reads import Reads
from monitors.engine.tables import Request, Tables

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Seen:
    """What the pass knows by then.

    Attributes:
        tables, request: what is counted.
        predictions: of one model; `units` are the columns of their families, `analysed` those that are analysed.
        reads, reactions: the analysed reads, and the columns of their families.
        seconds, second: the second reads, and their columns.
    """

    tables: Tables
    request: Request
    predictions: Predictions
    units: Mapping[str, Column]
    analysed: Mask
    reads: Reads
    reactions: Mapping[str, Column]
    seconds: Reads
    second: Mapping[str, Column]


def rows_of(columns: Mapping[str, Column], axes: Sequence[str], rows: npt.NDArray[Any]) -> dict[str, Column]:
    """Return columns at some rows; row -1 is empty text, or 0."""
    return {axis: at_rows(columns[axis], rows) for axis in axes}


def counted(name: str, columns: Mapping[str, Column], axes: Sequence[str], keep: Mask) -> Family:
    """Count the rows of a mask by some of their columns."""
    return count(name, rows_of(columns, axes, np.flatnonzero(keep)))


def stated_site(columns: Mapping[str, Column]) -> Mask:
    """Say per row whether its site is known."""
    return ~is_level(columns["site"], "")


def stacked(parts: Sequence[Column]) -> Column:
    """Lay columns of the same kind one below the other."""
    levels: tuple[str, ...] = ()
    codes = []
    for part in parts:
        codes.append(part.codes + len(levels) if isinstance(part, Labels) else part)
        levels += part.levels if isinstance(part, Labels) else ()
    found = np.concatenate(codes)
    return Labels(found, levels) if isinstance(parts[0], Labels) else found
