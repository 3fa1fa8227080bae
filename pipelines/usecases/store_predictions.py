"""Put predictions on record: held to their contract, marked outside the envelope, synthetic ones apart."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipelines.usecases.contract_gate import hold_to_contract
from pipelines.usecases.envelope_marks import marked
from registry.domain.digest import digest_value

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace

TABLE = "predictions"


def store_predictions(workspace: "Workspace", rows: Sequence[Mapping[str, Any]]) -> bool:
    """Append rows of the predictions table; say whether one speaks of a synthetic study.

    Raises:
        ContractBrokenError: when they break the table's contract; that is put on record, and nothing is stored.
    """
    now, invented = workspace.clock.now(), _synthetic_studies(workspace, rows)
    kept = marked(workspace, rows)
    hold_to_contract(workspace, TABLE, kept, now)
    for synthetic in (False, True):
        chosen = [row for row in kept if (row["study_uid"] in invented) is synthetic]
        if chosen:
            workspace.tables.append(
                TABLE,
                chosen,
                source_digest=digest_value([row["prediction_id"] for row in chosen]),
                actor=workspace.actor,
                taken_in_at=now,
                synthetic=synthetic,
            )
    return bool(invented)


def _synthetic_studies(workspace: "Workspace", rows: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the studies of the rows that hold a synthetic series."""
    studies = {row["study_uid"] for row in rows}
    marked = workspace.catalogue.synthetic_rows("acquisitions")
    known = workspace.tables.read("acquisitions", columns=["study_uid", "row_id"]).to_pylist()
    return frozenset(row["study_uid"] for row in known if row["row_id"] in marked and row["study_uid"] in studies)
