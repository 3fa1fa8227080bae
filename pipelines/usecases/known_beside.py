"""The rows that a run judges beside its counts, known at the end of a day."""

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from monitors.beside import Beside
from monitors.engine.audited import audited_units, has_audit
from monitors.engine.protocol_rows import COLUMNS, STATED, protocol_rows
from monitors.engine.quality_rows import quality_rows
from monitors.engine.reader_studies import reader_studies, several_readers
from monitors.engine.tables import Request, Tables
from monitors.families import QUALITY
from pipelines.bootstrap import Workspace
from registry.domain.joining import Known

READS = ("study_uid", "target", "unit", "unit_uid", "reader", "stage", "ai_shown")  # whether several read one unit
ACQUISITIONS = (*COLUMNS, *STATED, *QUALITY)


def beside_known(workspace: Workspace, request: Request, day: str, known: Known) -> Beside:
    """Return the reader studies of a model, and the series with image quality and protocol, audited units.

    Args:
        workspace: where the observations are.
        request: whose predictions.
        day: the last day that counts, ISO.
        known: which known time selects the rows.
    """

    def read(name: str, columns: Sequence[str] | None = None) -> pa.Table:
        return workspace.tables.read(name, columns=columns, as_of=day, known=known)

    none, several = pa.table({}), several_readers(read("reads", READS)).num_rows > 0
    series = Tables(read("acquisitions", ACQUISITIONS), none, none, none)
    quality, protocols = quality_rows(series, request), protocol_rows(series, request)
    audit = has_audit(read("outcomes", ("sampling_fraction",)))
    if not several and not audit:
        return Beside((), quality, protocols)
    whole = Tables(read("acquisitions"), read("predictions"), read("reads"), read("outcomes"))
    studies = reader_studies(replace(whole, reads=several_readers(whole.reads)), request) if several else ()
    return Beside(studies, quality, protocols, audited_units(whole, request) if audit else None)
