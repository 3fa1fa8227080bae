"""The families beyond scores and truths, made in the same pass: places, intersections, readers, work, findings."""

from collections.abc import Mapping

import numpy as np

from monitors.counts import FR, SCANNER, SCOPE, Column, Family, Labels, count
from monitors.engine.columns import named, picked
from monitors.engine.places import place_families
from monitors.engine.reads import Reads
from monitors.engine.seen import Seen, rows_of, stacked, stated_site
from monitors.engine.targets import target_families
from monitors.engine.work import work_families
from monitors.families import REACTIONS, READ_TIMES, further_axes
from monitors.value_grid import to_cells

OPENED = ("no", "yes", "unknown")
STAGES = ("final", "second")
CLICKED = ("acceptance", "override", "unknown")
BANDS = 8  # score bands of equal width, by which the case mix of reads is compared


def further_families(seen: Seen) -> dict[str, Family]:
    """Return every family of `monitors.families.further_axes`, and `FA`."""
    return {
        **place_families(seen.tables, seen.request),
        **_pairs(seen),
        **_readers(seen),
        **work_families(seen),
        **target_families(seen),
    }


def _pairs(seen: Seen) -> dict[str, Family]:
    rows = np.flatnonzero(seen.analysed)
    wanted = {name: axes for name, axes in further_axes(seen.request.pairs).items() if name.startswith("F2:")}
    return {name: count(name, rows_of(seen.units, axes, rows)) for name, axes in wanted.items()}


def _readers(seen: Seen) -> dict[str, Family]:
    """Return the reactions of readers with what they looked at, and the time that they took."""
    final, second = (
        _reaction_rows(seen, seen.reads, seen.reactions, 0),
        _reaction_rows(seen, seen.seconds, seen.second, 1),
    )
    axes = further_axes()[REACTIONS]
    parts = [rows_of(part, axes, np.flatnonzero(stated_site(part))) for part in (final, second)]
    reactions = count(REACTIONS, {axis: stacked([part[axis] for part in parts]) for axis in axes})
    by_scanner = reactions.where(stage="final").marginal((*FR, SCANNER), "FR:scanner")
    timed = np.flatnonzero(np.isfinite(seen.reads.seconds) & stated_site(seen.reactions))
    columns = rows_of(seen.reactions, (*SCOPE, "reader", "ai_shown", "ai_decision", "patient"), timed)
    columns["cell"] = to_cells(seen.reads.seconds[timed])
    times = count(READ_TIMES, {axis: columns[axis] for axis in further_axes()[READ_TIMES]})
    return {REACTIONS: reactions, "FR:scanner": by_scanner, READ_TIMES: times}


def _reaction_rows(seen: Seen, reads: Reads, columns: Mapping[str, Column], stage: int) -> dict[str, Column]:
    n, row = len(reads), np.asarray(reads.prediction, dtype=np.int64)
    scanner = seen.units[SCANNER]
    if not isinstance(scanner, Labels):
        raise TypeError("the scanner is a column of texts")
    bands = np.append(seen.predictions.q, 0)[row] * BANDS // 65_536
    more: dict[str, Column] = {
        SCANNER: picked(scanner, row),
        "band": np.asarray(bands, dtype=np.int64),
        "opened": named(np.where(reads.opened < 0, 2, reads.opened), OPENED),
        "clicked": named(np.where(reads.clicked < 0, 2, reads.clicked), CLICKED),
        "stage": named(np.full(n, stage), STAGES),
    }
    return dict(columns) | more
