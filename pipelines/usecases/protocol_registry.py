"""The protocol registry of the workspace: every protocol of every site, with what was acquired under it."""

from typing import TYPE_CHECKING, Any

import numpy as np

from monitors.counts import day_text
from monitors.engine.protocol_rows import COLUMNS, STATED, ProtocolsSeen
from monitors.engine.tables import Request
from registry.domain.errors import IncompleteError, UnknownNameError

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace


def protocol_registry(workspace: "Workspace", site: str | None = None) -> list[dict[str, Any]]:
    """Return the registered protocols (of a site) in the order of their founding, with days and numbers of series.

    Args:
        workspace: where the acquisitions are.
        site: only this one.

    Raises:
        IncompleteError: when nothing was acquired for which protocols are registered.
        UnknownNameError: when no protocol of the site is registered.
    """
    table = workspace.tables.read("acquisitions", columns=[*COLUMNS, *STATED])
    seen = ProtocolsSeen(Request("", workspace.settings.time_zone, ()))
    seen.add(table)
    rows = seen.rows()
    if rows is None:
        raise IncompleteError("no MR or CT series was taken in", mend="overread ingest dicom or acquisitions")
    sites = {one.founder.site for one in rows.protocols}
    if site is not None and site not in sites:
        raise UnknownNameError.of("site", site, sites)
    found = []
    for at, protocol in enumerate(rows.protocols):
        mine = rows.protocol == at
        if site in {None, protocol.founder.site}:
            days = rows.day[mine]
            sizes = {"series": int(mine.sum()), "patients": len(np.unique(rows.patient[mine]))}
            span = {"first": day_text(int(days.min())), "last": day_text(int(days.max()))}
            found.append({"digest": protocol.digest, "place": protocol.place} | protocol.to_json() | sizes | span)
    return found
