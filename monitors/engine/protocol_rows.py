"""The protocol of each series, from the table of acquisitions."""

import json
from typing import Any

import numpy as np

from monitors.engine.columns import flags, instants, joined, labels, numbers, texts
from monitors.engine.days import local_days
from monitors.engine.tables import Request, Tables
from monitors.protocols import ProtocolRows
from registry.domain.protocol import CATEGORIES, NUMBERS, Made, registered

COLUMNS = ("series_uid", "site", "patient", "scanner", "acquired_at", "modality", "attributes")
_OWN = ("contrast", "convolution_kernel")  # categories that are columns of ours; others may be a file's own
_FURTHER = tuple(dict.fromkeys(name for names in CATEGORIES.values() for name in names if name not in _OWN))
STATED = (*dict.fromkeys(name for names in NUMBERS.values() for name in names), *_OWN)


def protocol_rows(tables: Tables, request: Request) -> ProtocolRows | None:
    """Return the protocol of every series of a modality that has a registry; None without such a series.

    A series that states no parameter has no protocol.

    Args:
        tables: the observation tables; of them acquisitions.
        request: whose time zones apply.
    """
    table = tables.acquisitions
    if table.num_rows == 0:
        return None
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    table = table.filter(pc.is_in(texts(table, "modality"), value_set=pa.array(list(NUMBERS))))
    if table.num_rows == 0:
        return None
    order = pc.sort_indices(
        pa.table({"at": texts(table, "acquired_at"), "uid": texts(table, "series_uid")}),
        sort_keys=[("at", "ascending"), ("uid", "ascending")],
    )
    table = table.take(order)
    made, place = _distinct(table)
    stated = np.array([any(value is not None for value in one.values) for one in made], dtype=np.bool_)
    if not stated.any():
        return None
    kept = stated[place]
    table, place = table.filter(kept), (np.cumsum(stated) - 1)[place[kept]]
    protocols, of_each = registered(one for one, told in zip(made, stated.tolist(), strict=True) if told)
    places = {protocol: at for at, protocol in enumerate(protocols)}
    of_made = np.array([places[one] for one in of_each], dtype=np.int64)
    site, patient = (np.array(texts(table, name).to_pylist(), dtype=np.str_) for name in ("site", "patient"))
    day = local_days(instants(texts(table, "acquired_at")), labels(texts(table, "site")), request.zone_of)
    return ProtocolRows(protocols, of_made[place], site, patient, day)


def _distinct(table: Any) -> tuple[list[Made], Any]:
    """Return the different ways in which series were made, in the order of their first series, and that of each."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    columns = {name: numbers(table, name) for names in NUMBERS.values() for name in names}
    words = {name: _words(table, name) for names in CATEGORIES.values() for name in names}
    site, modality = texts(table, "site").to_pylist(), texts(table, "modality").to_pylist()
    parts = [np.char.mod("%.12g", column).tolist() for column in columns.values()]
    spelled = [["" if word is None else f"={word}" for word in column] for column in words.values()]
    key = labels(joined(*(pa.array(part, pa.string()) for part in (site, modality, *parts, *spelled))))
    first = np.unique(key.codes, return_index=True)[1]
    ranks = np.argsort(np.argsort(first))
    made = []
    for row in np.sort(first).tolist():
        values: list[float | str | None] = [_number(columns[name][row]) for name in NUMBERS[modality[row]]]
        values += [words[name][row] for name in CATEGORIES[modality[row]]]
        made.append(Made(site[row], modality[row], tuple(values)))
    return made, ranks[key.codes]


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
