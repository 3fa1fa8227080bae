"""Whole rows of a few studies: those that several readers read, and those that an audit chose."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitors.engine.audited import FRACTION, has_audit
from monitors.engine.columns import texts
from monitors.engine.predictions import subjects
from monitors.engine.reader_studies import of_studies
from monitors.engine.tables import Tables
from monitors.reader_study import LEAST
from monitors.scratch import Piece, Scratch
from pipelines.bootstrap import Workspace
from registry.domain.columns import TABLES
from registry.domain.joining import Known
from registry.segments import segment_schema

READS = ("study_uid", "target", "unit", "unit_uid", "reader", "stage", "ai_shown")  # whether several read one unit
OUTCOMES = ("study_uid", "unit_uid", FRACTION)
_PARTS = 64  # of the units' hashes, which are looked through one after the other
_NAMES = ("acquisitions", "predictions", "reads", "outcomes")


@dataclass(frozen=True)
class KnownRows:
    """The rows of a workspace that were known by the end of a day."""

    workspace: Workspace
    day: str
    known: Known

    def batches(self, name: str, columns: Collection[str], stating: str = "") -> Iterator[Any]:
        """Yield the rows of some columns of a table, batch by batch; see `ObservationTables.batches`."""
        return self.workspace.tables.batches(name, list(columns), as_of=self.day, known=self.known, stating=stating)

    def of_studies(self, studies: Any, units: Any) -> Tables:
        """Return the whole rows of the four tables that name some studies, or some units."""
        return Tables(*(self.of_table(name, studies, units) for name in _NAMES))

    def of_table(self, name: str, studies: Any, units: Any, stating: str = "") -> Any:
        """Return the whole rows of a table that name some studies, or some units; `stating` as of `batches`."""
        schema = segment_schema(TABLES[name])
        kept = [schema.empty_table()]
        for batch in self.batches(name, schema.names, stating):
            keep = pc.is_in(batch["study_uid"], value_set=studies)
            if "unit_uid" in schema.names:
                keep = pc.or_(keep, pc.is_in(batch["unit_uid"], value_set=units))
            kept.append(batch.filter(keep))
        return pa.concat_tables(kept)


def named_by(batches: Iterator[Any]) -> tuple[Any, Any]:
    """Return the studies and the units that some rows name."""
    studies, units = [pa.array([], pa.string())], [pa.array([], pa.string())]
    for batch in batches:
        studies.append(pc.unique(texts(batch, "study_uid")))
        units.append(pc.unique(texts(batch, "unit_uid")))
    return pc.unique(pa.concat_arrays(studies)), pc.unique(pa.concat_arrays(units))


def audited_rows(rows: KnownRows) -> Iterator[Any]:
    """Yield the outcomes that state the fraction with which an audit sampled them."""
    for batch in rows.batches("outcomes", OUTCOMES, stating=FRACTION):
        if has_audit(batch):
            yield batch.filter(pc.is_valid(batch[FRACTION]))


def several_rows(rows: KnownRows) -> Iterator[Any]:
    """Yield the reads of units that may have several readers: all that have, and perhaps a few that have one.

    Units and readers are told apart by hashes, of which a part is held at a time.
    """
    wanted = _several(rows)
    if len(wanted):
        for batch in rows.batches("reads", READS):
            fit = of_studies(batch)
            keep = np.isin(_hashes(subjects(fit)), wanted)
            if keep.any():
                yield fit.filter(pa.array(keep))


def _several(rows: KnownRows) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the hashes of units that two readers read."""
    scratch, parts = Scratch(), [list[Piece]() for _ in range(_PARTS)]
    for batch in rows.batches("reads", READS):
        fit = of_studies(batch)
        unit, reader = _hashes(subjects(fit)), _hashes(texts(fit, "reader"))
        part = unit % _PARTS
        for number in np.unique(part).tolist():
            mine = part == number
            parts[number].append(scratch.put([unit[mine], reader[mine]]))
    found = [np.zeros(0, dtype=np.int64)]
    for pieces in parts:
        if pieces:
            columns = [np.concatenate([scratch.column(one, place) for one in pieces]) for place in (0, 1)]
            pairs = np.unique(np.stack(columns).astype(np.int64), axis=1)
            units, readers = np.unique(pairs[0], return_counts=True)
            found.append(units[readers >= LEAST])
    return np.concatenate(found)


def _hashes(names: Any) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.fromiter(map(hash, names.to_pylist()), dtype=np.int64, count=len(names))
