"""The embeddings that were known at the end of a day: read from the rows, where predictions carry them at all."""

import pyarrow as pa

from monitors.embeddings import Embeddings
from monitors.engine.embeddings import COLUMN, NONE, embeddings_of
from monitors.engine.tables import Request, Tables
from pipelines.bootstrap import Workspace
from registry.domain.joining import Known

NEEDED = ("acquisitions", "predictions")


def embeddings_known(workspace: Workspace, request: Request, day: str, known: Known) -> Embeddings:
    """Return the embeddings of a model's units; none where no prediction carries one, which costs one column.

    Args:
        workspace: where the observations are.
        request: whose predictions.
        day: the last day that counts, ISO.
        known: which known time selects the rows.
    """
    pieces = workspace.tables.pieces("predictions", [COLUMN])
    if all(piece.column(COLUMN).null_count == piece.num_rows for piece in pieces):
        return NONE
    acquisitions, predictions = (workspace.tables.read(name, as_of=day, known=known) for name in NEEDED)
    return embeddings_of(Tables(acquisitions, predictions, pa.table({}), pa.table({})), request)
