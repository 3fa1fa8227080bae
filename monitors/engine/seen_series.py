"""What a judge keeps of series that are gone over batch by batch: those of some periods, their patients as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import Integers, in_period
from monitors.engine.columns import instants, labels, texts
from monitors.engine.days import local_days
from monitors.engine.tables import Request
from registry.domain.signal import Window

Mask = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.str_]
_DAY = len("2026-01-01")
_FAR = 2  # days by which a local day lies away from that in UTC at most, and one more


def days_of(table: object, request: Request) -> Integers:
    """Return the site-local day of each acquisition, as its proleptic ordinal."""
    when, site = instants(texts(table, "acquired_at")), labels(texts(table, "site"))
    return local_days(when, site, request.zone_of)


def during(days: Integers, periods: Sequence[Window] | None) -> Mask:
    """Say which days are in one of some periods; all where there are none to choose from."""
    if periods is None:
        return np.ones(len(days), dtype=np.bool_)
    keep = np.zeros(len(days), dtype=np.bool_)
    for one in periods:
        keep |= in_period(days, one)
    return keep


def near(table: Any, periods: Sequence[Window] | None) -> Mask:
    """Say which acquisitions may be of some periods: those of a UTC day that is less than two days away.

    It compares texts, which costs less than to tell the local day of each series.
    """
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    if periods is None:
        return np.ones(table.num_rows, dtype=np.bool_)
    day = pc.utf8_slice_codeunits(texts(table, "acquired_at"), 0, _DAY)
    found = pa.array(np.zeros(table.num_rows, dtype=np.bool_))
    for one in periods:
        first, last = (_moved(bound, by) for bound, by in ((one.start, -_FAR), (one.end, _FAR)))
        found = pc.or_(found, pc.and_(pc.greater_equal(day, first), pc.less_equal(day, last)))
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.bool_)


def _moved(day: str, by: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=by)).isoformat()


@dataclass
class Patients:
    """Names of patients, batch after batch, as bytes; numbered together."""

    parts: list[npt.NDArray[np.bytes_]] = field(default_factory=list)

    def add(self, table: object) -> None:
        """Keep the patients of some acquisitions."""
        names = texts(table, "patient").to_pylist()
        self.parts.append(np.array([name.encode() for name in names], dtype=np.bytes_))

    def numbered(self) -> Integers:
        """Return a number for each name that was kept, the same for the same name, in the order of the names."""
        if not self.parts:
            return np.zeros(0, dtype=np.int64)
        return np.unique(np.concatenate(self.parts), return_inverse=True)[1].astype(np.int64).reshape(-1)
