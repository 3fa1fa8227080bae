"""What a judge keeps of series that are gone over batch by batch: those of some periods, their patients as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from monitors.counts import Integers, in_period
from monitors.engine.columns import instants, labels, texts
from monitors.engine.days import local_days
from monitors.engine.tables import Request
from registry.domain.signal import Window

Mask = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.str_]


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
