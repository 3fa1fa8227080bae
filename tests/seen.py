"""What the judges of series keep of acquisitions that are all at hand, gone over at once."""

from typing import Any

from monitors.engine.protocol_rows import ProtocolsSeen
from monitors.engine.quality_rows import QualitySeen


def kept_of(seen: QualitySeen | ProtocolsSeen, table: Any) -> Any:
    """Go over a table and return what is kept of it."""
    seen.add(table)
    return seen.rows()
