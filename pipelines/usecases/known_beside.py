"""The rows that a run judges beside its counts, known at the end of a day."""

from collections.abc import Sequence

import pyarrow as pa

from monitors.beside import Beside
from monitors.engine.quality_rows import quality_rows
from monitors.engine.reader_studies import reader_studies, several_readers
from monitors.engine.tables import Request, Tables
from monitors.families import QUALITY
from pipelines.bootstrap import Workspace
from registry.domain.joining import Known

QUALITY_ROWS = ("series_uid", "scanner", "site", "patient", "acquired_at", *QUALITY)


def beside_known(workspace: Workspace, request: Request, day: str, known: Known) -> Beside:
    """Return the reader studies of a model, and the series with measures of image quality.

    Args:
        workspace: where the observations are.
        request: whose predictions.
        day: the last day that counts, ISO.
        known: which known time selects the rows.
    """

    def read(name: str, columns: Sequence[str] | None = None) -> pa.Table:
        return workspace.tables.read(name, columns=columns, as_of=day, known=known)

    none, reads = pa.table({}), several_readers(read("reads"))
    quality = quality_rows(Tables(read("acquisitions", QUALITY_ROWS), none, none, none), request)
    if reads.num_rows == 0:
        return Beside((), quality)
    tables = Tables(read("acquisitions"), read("predictions"), reads, read("outcomes"))
    return Beside(reader_studies(tables, request), quality)
