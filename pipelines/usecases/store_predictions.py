"""Put predictions on record: checked against their contract, synthetic ones apart from the others."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipelines.usecases.contract_gate import hold_to_contract
from registry.domain.digest import digest_value

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace

TABLE = "predictions"


def store_predictions(workspace: "Workspace", rows: Sequence[Mapping[str, Any]]) -> bool:
    """Append rows of the predictions table; say whether one speaks of a synthetic study.

    Raises:
        ContractBrokenError: when they break the table's contract; that is put on record, and nothing is stored.
    """
    now, marked = workspace.clock.now(), _synthetic_studies(workspace, rows)
    hold_to_contract(workspace, TABLE, rows, now)
    for synthetic in (False, True):
        chosen = [row for row in rows if (row["study_uid"] in marked) is synthetic]
        if chosen:
            workspace.tables.append(
                TABLE,
                chosen,
                source_digest=digest_value([row["prediction_id"] for row in chosen]),
                actor=workspace.actor,
                taken_in_at=now,
                synthetic=synthetic,
            )
    return bool(marked)


def _synthetic_studies(workspace: "Workspace", rows: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the studies of the rows that hold a synthetic series."""
    studies = {row["study_uid"] for row in rows}
    marked = workspace.catalogue.synthetic_rows("acquisitions")
    known = workspace.tables.read("acquisitions", columns=["study_uid", "row_id"]).to_pylist()
    return frozenset(row["study_uid"] for row in known if row["row_id"] in marked and row["study_uid"] in studies)
