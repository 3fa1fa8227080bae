"""The protocol of each series, from the table of acquisitions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitors.counts import Integers
from monitors.engine.columns import Numbers, flags, labels, numbers, texts
from monitors.engine.seen_series import Patients, Texts, days_of, during, near
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
        code = _codes(table)
        made, first = _ways(table, code)
        firsts = zip(texts(first, "acquired_at").to_pylist(), texts(first, "series_uid").to_pylist(), strict=True)
        number = np.array([self._number(*pair) for pair in zip(made, firsts, strict=True)], dtype=np.int64)[code]
        few = np.flatnonzero((number >= 0) & near(table, self.periods))
        if not len(few) and self.kept:
            return
        keys = pa.table({"at": texts(table, "acquired_at").take(few), "uid": texts(table, "series_uid").take(few)})
        few = few[pc.sort_indices(keys, sort_keys=[("at", "ascending"), ("uid", "ascending")]).to_numpy()]
        day = days_of(part := table.take(few), self.request)
        chosen = during(day, self.periods)
        part, site = part.filter(pa.array(chosen)), texts(part, "site").filter(pa.array(chosen))
        self.kept.append((number[few][chosen], np.array(site.to_pylist(), dtype=np.str_), day[chosen]))
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


def _codes(table: Any) -> Integers:
    """Return for each series a number of the way in which it was made, from 0 on; all are in use."""
    words = {name: _coded_words(table, name) for names in CATEGORIES.values() for name in names}
    values = {name: _coded(numbers(table, name)) for names in NUMBERS.values() for name in names}
    code = np.zeros(table.num_rows, dtype=np.int64)
    for key in (
        *(labels(texts(table, name)).codes for name in ("site", "modality")),
        *words.values(),
        *values.values(),
    ):
        if key.min() != key.max():
            code = np.unique(code * (int(key.max()) + 1) + key, return_inverse=True)[1].reshape(-1)
    return code


def _ways(table: Any, code: Integers) -> tuple[list[Made], Any]:
    """Return for each number how these series were made, and the rows of their first ones, as a table."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    names = {"at": texts(table, "acquired_at"), "uid": texts(table, "series_uid")}
    series = pa.table({"code": pa.array(code), "row": pa.array(np.arange(len(code))), **names})
    earliest = series.group_by("code", use_threads=False).aggregate([("at", "min")]).sort_by("code")["at_min"]
    early = series.filter(pc.equal(series["at"], earliest.take(pa.array(code))))
    early = early.sort_by([("code", "ascending"), ("uid", "ascending")])
    first = table.take(early["row"].to_numpy()[np.unique(early["code"].to_numpy(), return_index=True)[1]])
    return _made(first), first


def _made(table: Any) -> list[Made]:
    """Return how each series was made."""
    columns = {name: numbers(table, name).tolist() for names in NUMBERS.values() for name in names}
    words = {name: _words(table, name) for names in CATEGORIES.values() for name in names}
    made = []
    pairs = zip(texts(table, "site").to_pylist(), texts(table, "modality").to_pylist(), strict=True)
    for row, (site, modality) in enumerate(pairs):
        values: list[float | str | None] = [_number(columns[name][row]) for name in NUMBERS[modality]]
        values += [words[name][row] for name in CATEGORIES[modality]]
        made.append(Made(site, modality, tuple(values)))
    return made


def _coded(values: Numbers) -> Integers:
    """Return a code for each number, the same for numbers that are spelled alike."""
    if np.isnan(values).all():
        return np.zeros(len(values), dtype=np.int64)
    distinct, place = np.unique(values, return_inverse=True)
    spelled = np.unique([f"{value:.12g}" for value in distinct.tolist()], return_inverse=True)[1]
    return np.asarray(spelled.reshape(-1)[place.reshape(-1)], dtype=np.int64)


def _coded_words(table: Any, name: str) -> Integers:
    """Return a code for each series' category, the same for the same one."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    if name == "contrast":
        return flags(table, name).astype(np.int64) + 1
    if name not in _FURTHER:
        return labels(texts(table, name)).codes
    stated = np.asarray(pc.match_substring(texts(table, "attributes"), _marked(name)), dtype=np.bool_)
    code = np.zeros(table.num_rows, dtype=np.int64)
    if stated.any():
        code[stated] = labels(pa.array(_words(table.filter(pa.array(stated)), name), pa.string())).codes + 1
    return code


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(f"{value:.12g}")


def _marked(name: str) -> str:
    return f'"{name}"'


def _words(table: Any, name: str) -> list[str | None]:
    """Return a category of each series; what is no column of ours may stand among a file's own."""
    if name == "contrast":
        return [None if flag < 0 else "yes" if flag else "no" for flag in flags(table, name).tolist()]
    if name not in _FURTHER:
        return [text or None for text in texts(table, name).to_pylist()]
    mark = _marked(name)
    return [
        str(json.loads(text).get(name)) if mark in text else None for text in texts(table, "attributes").to_pylist()
    ]
