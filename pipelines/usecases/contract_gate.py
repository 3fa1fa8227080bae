"""The gate before every table: rows that break their contract are blocked as a whole, and the block is on record."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from registry.domain.errors import ContractBrokenError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import actor_record
from validation.contracts import ContractResult, check_rows

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace


def hold_to_contract(
    workspace: "Workspace", table: str, rows: Sequence[Mapping[str, Any]], taken_in_at: datetime
) -> ContractResult:
    """Check the contract of rows before any is stored.

    Raises:
        ContractBrokenError: when they break it; nothing is stored, and the ledger tells of it.
    """
    result = check_rows(table, rows, taken_in_at)
    if result.success:
        return result
    payload = {"table": table, "failures": [failure.to_json() for failure in result.failures]}
    actor, subjects = actor_record(workspace.actor), (Subject("table", table),)
    with workspace.ledger.transaction() as tx:
        tx.append(EventDraft("intake.blocked", actor, subjects, payload, outcome="refused"))
    raise ContractBrokenError(f"{table} breaks its contract: {'; '.join(result.lines())}", mend="nothing was taken in")
