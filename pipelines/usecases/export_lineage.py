"""Writing the graph of the record in a format that other programs read."""

from pathlib import Path
from typing import Any

from dashboards.view.record import record_bytes
from pipelines.bootstrap import Workspace
from registry.database import reading
from registry.domain.digest import digest_bytes
from registry.lineage.facts import facts_of
from registry.lineage.openlineage import openlineage_events
from registry.lineage.prov import prov_document
from registry.objects import write_durably

_RECORDS = ("entity", "activity", "agent")


def export_lineage(
    workspace: Workspace, model: str | None, version: str | None, as_format: str, out: Path
) -> dict[str, Any]:
    """Write the graph of a version, or of everything, and say what was written; the same record gives the same bytes.

    Args:
        workspace: whose record.
        model: the model's name, or None for everything.
        version: its version; the newest unless given.
        as_format: `openlineage` or `prov`.
        out: the file.

    Raises:
        UnknownNameError: for an unknown version.
    """
    with reading(workspace.engine) as session:
        facts = facts_of(session)
    if model is not None:
        facts = facts.of_version(workspace.lifecycle.version(model, version).name)
    if as_format == "prov":
        document: Any = prov_document(facts)
        records = sum(len(document.get(kind, {})) for kind in _RECORDS)
    else:
        document = openlineage_events(facts, workspace.ledger.head().origin)
        records = len(document)
    data = record_bytes(document)
    write_durably(out, data)
    return {
        "file": str(out),
        "format": as_format,
        "digest": digest_bytes(data),
        "bytes": len(data),
        "records": records,
    }
