"""The rows that a run judges beside its counts, known at the end of a day."""

from collections.abc import Sequence

import pyarrow as pa

from monitors.beside import Beside
from monitors.engine.protocol_rows import COLUMNS, STATED, protocol_rows
from monitors.engine.quality_rows import quality_rows
from monitors.engine.reader_studies import reader_studies, several_readers
from monitors.engine.tables import Request, Tables
from monitors.families import QUALITY
from pipelines.bootstrap import Workspace
from registry.domain.joining import Known

ACQUISITIONS = (*COLUMNS, *STATED, *QUALITY)


def beside_known(workspace: Workspace, request: Request, day: str, known: Known) -> Beside:
    """Return the reader studies of a model, and the series with measures of image quality and with their protocols.

    Args:
        workspace: where the observations are.
        request: whose predictions.
        day: the last day that counts, ISO.
        known: which known time selects the rows.
    """

    def read(name: str, columns: Sequence[str] | None = None) -> pa.Table:
        return workspace.tables.read(name, columns=columns, as_of=day, known=known)

    none, reads = pa.table({}), several_readers(read("reads"))
    series = Tables(read("acquisitions", ACQUISITIONS), none, none, none)
    quality, protocols = quality_rows(series, request), protocol_rows(series, request)
    if reads.num_rows == 0:
        return Beside((), quality, protocols)
    tables = Tables(read("acquisitions"), read("predictions"), reads, read("outcomes"))
    return Beside(reader_studies(tables, request), quality, protocols)
