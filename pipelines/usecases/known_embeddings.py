"""The embeddings that were known at the end of a day: read from the rows, where predictions carry them at all.

Of a long history those of the windows and the references are read: nothing else is compared.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from monitors.embeddings import Embeddings
from monitors.engine.columns import texts
from monitors.engine.embeddings import COLUMN, NONE, embeddings_of
from monitors.engine.seen_series import days_of, during
from monitors.engine.tables import Request, Tables
from pipelines.bootstrap import Workspace
from pipelines.usecases.known_studies import KnownRows
from registry.domain.joining import Known
from registry.domain.signal import Window

_DATED = ("study_uid", "site", "acquired_at")


def embeddings_known(
    workspace: Workspace, request: Request, day: str, known: Known, periods: Sequence[Window]
) -> Embeddings:
    """Return the embeddings of a model's units; none where no prediction carries one, which costs one column.

    Args:
        workspace: where the observations are.
        request: whose predictions.
        day: the last day that counts, ISO.
        known: which known time selects the rows.
        periods: the windows and references; units of other studies may be left out.
    """
    rows, none = KnownRows(workspace, day, known), pa.array([], pa.string())
    if not any(batch.num_rows for batch in rows.batches("predictions", ["study_uid"], stating=COLUMN)):
        return NONE
    studies = _acquired_in(rows, request, periods)
    predictions = rows.of_table("predictions", studies, none, stating=COLUMN)
    acquisitions = rows.of_table("acquisitions", studies, none)
    return embeddings_of(Tables(acquisitions, predictions, pa.table({}), pa.table({})), request)


def _acquired_in(rows: KnownRows, request: Request, periods: Sequence[Window]) -> pa.Array:
    """Return the studies of which a series was acquired in one of some periods."""
    found = [pa.array([], pa.string())]
    for batch in rows.batches("acquisitions", _DATED):
        inside = during(days_of(batch, request), periods)
        found.append(texts(batch, "study_uid").filter(pa.array(inside)))
    return pc.unique(pa.concat_arrays(found))
