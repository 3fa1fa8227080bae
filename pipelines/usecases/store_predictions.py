"""Put predictions on record: checked against their contract, synthetic ones apart from the others."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from registry.domain.digest import digest_value
from registry.domain.errors import ContractBrokenError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import actor_record
from validation.contracts import check_rows

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace

TABLE = "predictions"


def store_predictions(workspace: "Workspace", rows: Sequence[Mapping[str, Any]]) -> bool:
    """Append rows of the predictions table; say whether one speaks of a synthetic study.

    Raises:
        ContractBrokenError: when they break the table's contract; that is put on record, and nothing is stored.
    """
    now, marked = workspace.clock.now(), _synthetic_studies(workspace, rows)
    _check(workspace, rows, now)
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


def _check(workspace: "Workspace", rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    result = check_rows(TABLE, rows, now)
    if result.success:
        return
    payload = {"table": TABLE, "failures": [failure.to_json() for failure in result.failures]}
    draft = EventDraft(
        "intake.blocked", actor_record(workspace.actor), (Subject("table", TABLE),), payload, outcome="refused"
    )
    with workspace.ledger.transaction() as tx:
        tx.append(draft)
    raise ContractBrokenError(f"{TABLE} breaks its contract: {'; '.join(result.lines())}", mend="nothing was stored")
