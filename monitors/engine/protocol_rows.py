"""The protocol of each series, from the table of acquisitions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitors.counts import Integers
from monitors.engine.columns import Numbers, flags, labels, numbers, texts
from monitors.engine.seen_series import Patients, Texts, days_of, during
from monitors.engine.tables import Request
from monitors.protocols import ProtocolRows
from registry.domain.protocol import CATEGORIES, NUMBERS, Made, registered
from registry.domain.signal import Window

COLUMNS = ("series_uid", "site", "patient", "scanner", "acquired_at", "modality", "attributes")
_OWN = ("contrast", "convolution_kernel")  # categories that are columns of ours; others may be a file's own
_FURTHER = tuple(dict.fromkeys(name for names in CATEGORIES.values() for name in names if name not in _OWN))
STATED = (*dict.fromkeys(name for names in NUMBERS.values() for name in names), *_OWN)


@dataclass
class ProtocolsSeen:
    """How the series of a modality that has a registry were made, batch after batch.

    A series that states no parameter has no protocol.

    Attributes:
        request: whose time zones apply.
        periods: only series of these are kept; all unless given. The registry is founded by every series.
        made: each way in which series were made, with its number and its first series (instant, uid).
        kept: of the series that are kept their number of a way, their site and their day.
        patients: theirs.
    """

    request: Request
    periods: Sequence[Window] | None = None
    made: dict[Made, tuple[int, tuple[str, str]]] = field(default_factory=dict)
    kept: list[tuple[Integers, Texts, Integers]] = field(default_factory=list)
    patients: Patients = field(default_factory=Patients)

    def add(self, table: Any) -> None:
        """Go over some acquisitions."""
        import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
        import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

        if table.num_rows:
            table = table.filter(pc.is_in(texts(table, "modality"), value_set=pa.array(list(NUMBERS))))
        if not table.num_rows:
            return
        keys = pa.table({"at": texts(table, "acquired_at"), "uid": texts(table, "series_uid")})
        table = table.take(pc.sort_indices(keys, sort_keys=[("at", "ascending"), ("uid", "ascending")]))
        made, place, rows = _distinct(table)
        first = table.take(rows)
        firsts = zip(texts(first, "acquired_at").to_pylist(), texts(first, "series_uid").to_pylist(), strict=True)
        number = np.array([self._number(*pair) for pair in zip(made, firsts, strict=True)], dtype=np.int64)[place]
        day = days_of(table, self.request)
        chosen = np.flatnonzero((number >= 0) & during(day, self.periods))
        part = table.take(chosen)
        self.kept.append((number[chosen], np.array(texts(part, "site").to_pylist(), dtype=np.str_), day[chosen]))
        self.patients.add(part)

    def rows(self) -> ProtocolRows | None:
        """Return the protocol of each series that was kept; None where no series at all states a parameter."""
        if not self.made:
            return None
        found = sorted(self.made.items(), key=lambda one: one[1][1])
        protocols, of_each = registered(one for one, _ in found)
        places = {protocol: at for at, protocol in enumerate(protocols)}
        of_number = np.zeros(len(found), dtype=np.int64)
        for (_, (at, _)), protocol in zip(found, of_each, strict=True):
            of_number[at] = places[protocol]
        number, site, day = (np.concatenate(column) for column in zip(*self.kept, strict=True))
        return ProtocolRows(protocols, of_number[number], site, self.patients.numbered(), day)

    def _number(self, made: Made, first: tuple[str, str]) -> int:
        """Return the number of a way in which series were made; -1 for one that states nothing."""
        if all(value is None for value in made.values):
            return -1
        number, known = self.made.get(made, (len(self.made), first))
        self.made[made] = (number, min(known, first))
        return number


def _distinct(table: Any) -> tuple[list[Made], Any, Any]:
    """Return the different ways in which series were made, by their first series; that of each; their first rows."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    columns = {name: numbers(table, name) for names in NUMBERS.values() for name in names}
    words = {name: _words(table, name) for names in CATEGORIES.values() for name in names}
    site, modality = texts(table, "site").to_pylist(), texts(table, "modality").to_pylist()
    spelled = [["" if word is None else f"={word}" for word in column] for column in words.values()]
    keys = [labels(pa.array(column, pa.string())).codes for column in (site, modality, *spelled)]
    code = np.zeros(len(site), dtype=np.int64)
    for key in (*keys, *map(_coded, columns.values())):
        code = np.unique(code * (int(key.max()) + 1) + key, return_inverse=True)[1].reshape(-1)
    first = np.unique(code, return_index=True)[1]
    ranks = np.argsort(np.argsort(first))
    made = []
    for row in np.sort(first).tolist():
        values: list[float | str | None] = [_number(columns[name][row]) for name in NUMBERS[modality[row]]]
        values += [words[name][row] for name in CATEGORIES[modality[row]]]
        made.append(Made(site[row], modality[row], tuple(values)))
    return made, ranks[code], np.sort(first)


def _coded(values: Numbers) -> Integers:
    """Return a code for each number, the same for numbers that are spelled alike."""
    distinct, place = np.unique(values, return_inverse=True)
    spelled = np.unique([f"{value:.12g}" for value in distinct.tolist()], return_inverse=True)[1]
    return np.asarray(spelled.reshape(-1)[place.reshape(-1)], dtype=np.int64)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.12g}")


def _words(table: Any, name: str) -> list[str | None]:
    """Return a category of each series; what is no column of ours may stand among a file's own."""
    if name == "contrast":
        return [None if flag < 0 else "yes" if flag else "no" for flag in flags(table, name).tolist()]
    if name not in _FURTHER:
        return [text or None for text in texts(table, name).to_pylist()]
    mark = f'"{name}"'
    return [
        str(json.loads(text).get(name)) if mark in text else None for text in texts(table, "attributes").to_pylist()
    ]
