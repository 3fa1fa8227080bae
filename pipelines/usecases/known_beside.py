"""The rows that a run judges beside its counts, known at the end of a day: gone over batch by batch.

Of the acquisitions the ways in which series were made are told by all, and rows are kept of the windows and references
alone. Whole rows are read of the studies that several readers read, or an audit chose.
"""

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from monitors.beside import Beside
from monitors.engine.audited import audited_units
from monitors.engine.protocol_rows import COLUMNS, STATED, ProtocolsSeen
from monitors.engine.quality_rows import QualitySeen
from monitors.engine.reader_studies import reader_studies, several_readers
from monitors.engine.tables import Request
from monitors.families import QUALITY
from pipelines.bootstrap import Workspace
from pipelines.usecases.known_studies import KnownRows, audited_rows, named_by, several_rows
from registry.domain.joining import Known
from registry.domain.signal import Window

ACQUISITIONS = (*COLUMNS, *STATED, *QUALITY)


def beside_known(
    workspace: Workspace, request: Request, day: str, known: Known, periods: Sequence[Window] | None = None
) -> Beside:
    """Return the reader studies of a model, and the series with image quality and protocol, audited units.

    Args:
        workspace: where the observations are.
        request: whose predictions.
        day: the last day that counts, ISO.
        known: which known time selects the rows.
        periods: the windows and references of which series are judged; all series unless given.
    """
    rows = KnownRows(workspace, day, known)
    quality, protocols = QualitySeen(request, periods), ProtocolsSeen(request, periods)
    for batch in rows.batches("acquisitions", ACQUISITIONS):
        quality.add(batch)
        protocols.add(batch)
    several, audited = named_by(several_rows(rows)), named_by(audited_rows(rows))
    if not len(several[0]) and not len(audited[0]):
        return Beside((), quality.rows(), protocols.rows())
    studies, units = (pc.unique(pa.concat_arrays(pair)) for pair in zip(several, audited, strict=True))
    whole = rows.of_studies(studies, units)
    found = reader_studies(replace(whole, reads=several_readers(whole.reads)), request) if len(several[0]) else ()
    return Beside(found, quality.rows(), protocols.rows(), audited_units(whole, request))
