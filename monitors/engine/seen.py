"""What one pass over the tables knows when scores and truths are counted, and columns of it at some rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import Column, Labels
from monitors.engine.columns import picked
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


def rows_of(columns: Mapping[str, Column], axes: tuple[str, ...], rows: npt.NDArray[Any]) -> dict[str, Column]:
    """Return columns at some rows."""
    at = np.asarray(rows, dtype=np.int64)
    found: dict[str, Column] = {}
    for axis in axes:
        column = columns[axis]
        found[axis] = picked(column, at) if isinstance(column, Labels) else column[at]
    return found


def stated_site(columns: Mapping[str, Column]) -> Mask:
    """Say per row whether its site is known."""
    site = columns["site"]
    if not isinstance(site, Labels):
        raise TypeError("the site is a column of texts")
    known = np.array([level != "" for level in site.levels] or [False], dtype=np.bool_)
    return np.asarray(known[site.codes], dtype=np.bool_)


def stacked(parts: Sequence[Column]) -> Column:
    """Lay columns of the same kind one below the other."""
    levels: tuple[str, ...] = ()
    codes = []
    for part in parts:
        codes.append(part.codes + len(levels) if isinstance(part, Labels) else part)
        levels += part.levels if isinstance(part, Labels) else ()
    found = np.concatenate(codes)
    return Labels(found, levels) if isinstance(parts[0], Labels) else found
