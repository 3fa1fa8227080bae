"""Series with all measures of image quality that their tables state together, for the harmonisation check."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitors.counts import SCANNER
from monitors.engine.columns import numbers, texts
from monitors.engine.seen_series import Patients, days_of, during, near
from monitors.engine.tables import Request
from monitors.families import QUALITY
from monitors.harmony import QualityRows
from registry.domain.signal import Window

LEAST = 2  # measures: ComBat learns a scanner's effect from several
STATED = 0.5  # share of the series with a measure on which another one must be stated, too, to be among them


@dataclass
class QualitySeen:
    """Measures of image quality, batch after batch.

    Attributes:
        request: whose time zones apply.
        periods: only series of these are kept; all unless given. Which measures count is told by every series.
        stated: how many series state each measure.
        kept: series with two measures or more: uid, scanner, site, patient, day and the measures.
        named: whether any of all series has its scanner's name and two measures.
    """

    request: Request
    periods: Sequence[Window] | None = None
    stated: dict[str, int] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)
    named: bool = False

    def add(self, table: Any) -> None:
        """Go over some acquisitions."""
        import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
        import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

        values = {name: numbers(table, name) for name in QUALITY}
        flags = {name: np.isfinite(column) for name, column in values.items()}
        for name, flag in flags.items():
            self.stated[name] = self.stated.get(name, 0) + int(flag.sum())
        several = np.asarray(sum(flag.astype(np.int8) for flag in flags.values()) >= LEAST)
        several &= np.asarray(pc.not_equal(texts(table, SCANNER), "").to_numpy(zero_copy_only=False), dtype=np.bool_)
        self.named |= bool(several.any())
        if not several.any():
            return
        few = np.flatnonzero(several & near(table, self.periods))
        if not len(few) and self.kept:
            return
        table = table.take(few)
        day = days_of(table, self.request)
        columns = {"day": pa.array(day), SCANNER: texts(table, SCANNER).dictionary_encode()}
        columns |= {name: texts(table, name) for name in ("series_uid", "patient")}
        columns |= {"site": texts(table, "site").dictionary_encode()}
        measures = {name: pa.array(column[few]) for name, column in values.items()}
        self.kept.append(pa.table(columns | measures).filter(pa.array(during(day, self.periods))))

    def rows(self) -> QualityRows | None:
        """Return the series that were kept and state every measure that counts; None without two such measures."""
        import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

        most = max(self.stated.values(), default=0)
        names = tuple(name for name in QUALITY if most and self.stated.get(name, 0) >= STATED * most)
        if len(names) < LEAST or not self.named:
            return None
        table = pa.concat_tables([one.unify_dictionaries() for one in self.kept]).unify_dictionaries()
        whole = np.logical_and.reduce([np.isfinite(numbers(table, name)) for name in names])
        table = table.filter(whole).sort_by("series_uid")
        patients = Patients()
        patients.add(table)
        scanner, site = (np.array(texts(table, name).to_pylist(), dtype=np.str_) for name in (SCANNER, "site"))
        values = np.column_stack([numbers(table, name) for name in names])
        day = np.asarray(table["day"].to_numpy(), dtype=np.int64)
        return QualityRows(names, values, scanner, site, patients.numbered(), day)
