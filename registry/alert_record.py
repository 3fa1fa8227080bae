"""What the ledger says of an alert when it is opened."""

from typing import Any

from registry.schema import AlertRow


def told_of(row: AlertRow) -> dict[str, Any]:
    """Return what the event of its opening says of an alert; the record holds its row against it."""
    return {
        "alert": row.alert,
        "model": row.model,
        "version": row.version,
        "mode": row.mode,
        "target": row.target,
        "code": row.code,
        "cause": {"kind": row.cause_kind, "who": row.cause_who},
        "opened": row.opened,
        "record": row.record,
    }
