"""The form of shared counts: an export as a JSON record, and strictly back; what breaks the rules is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from monitors.exchange import GRID, LEAST_CELL, LEVELS, MOST_BINS, Bins, Export, Level, MergedArea, Strata, merged_area
from registry.domain.estimate import decimal_text

SCHEMA = "overread.counts-export/1"
_SIGNS: Mapping[str, tuple[str, ...]] = {"truth": ("neg", "none", "pos"), "decision": ("neg", "none", "pos")}
_TEXTS = ("model", "version", "target", "mode", "period", "start", "end")


@dataclass(frozen=True)
class About:
    """Of what the counts of an export are: days from `start` to `end`, ISO, both included."""

    model: str
    version: str
    target: str
    mode: str
    period: str
    start: str
    end: str


@dataclass(frozen=True)
class Shared:
    """An export as a file tells it."""

    about: About
    min_cell: int
    synthetic: bool
    export: Export


def record_of(shared: Shared) -> dict[str, Any]:
    """Return the JSON record; decimals are texts, so that its bytes are canonical."""
    export = shared.export
    return {
        "schema": SCHEMA,
        **vars(shared.about),
        "min_cell": shared.min_cell,
        "grid": GRID,
        "synthetic": shared.synthetic,
        "dimensions": list(export.dimensions),
        "unlabelled": export.unlabelled,
        "n": export.bins.total,
        "edges": list(export.bins.edges),
        "cells": _cells(export.bins),
        "auc": area_json(merged_area([export.bins])),
        "strata": None if export.strata is None else _strata_json(export.strata),
    }


def area_json(area: MergedArea | None) -> dict[str, Any] | None:
    """Return the JSON form of an area with its bound B."""
    if area is None:
        return None
    told = {"value": decimal_text(area.value), "bound": decimal_text(area.bound)}
    return told | {"n_positive": area.n_positive, "n_negative": area.n_negative}


def shared_from(record: Any) -> Shared:
    """Read an export's record back.

    Raises:
        ValueError: when it is none, or breaks a rule of the export family; the reason says which.
    """
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise ValueError(f"not counts of the schema {SCHEMA}")
    try:
        about = About(**{name: _text(record[name]) for name in _TEXTS})
        least = _count(record["min_cell"])
        level = _level(record["dimensions"], record["unlabelled"])
        bins = _bins(record["edges"], record["cells"], level, least)
        strata = None if record["strata"] is None else _strata(record["strata"], bins, least)
        synthetic = record["synthetic"] is not False
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("a field is missing, or of another type") from error
    if least < LEAST_CELL:
        raise ValueError(f"cells of fewer than {LEAST_CELL} are allowed in it")
    if date.fromisoformat(about.start) > date.fromisoformat(about.end):
        raise ValueError("a window that ends before it begins")
    found = Shared(about, least, synthetic, Export(level[0], level[1], bins, strata))
    if record_of(found) != record:
        raise ValueError("its sums are not those of its cells, or a field is unknown")
    return found


def _cells(bins: Bins) -> list[list[Any]]:
    return [[place, *kind, n] for (place, kind), n in sorted(bins.cells.items())]


def _strata_json(strata: Strata) -> dict[str, Any]:
    edges = next((list(bins.edges) for bins in strata.groups.values()), [0, GRID])
    return {
        "axis": strata.axis,
        "dimensions": list(strata.dimensions),
        "unlabelled": strata.unlabelled,
        "edges": edges,
        "groups": {name: _cells(bins) for name, bins in strata.groups.items()},
        "suppressed": list(strata.suppressed),
    }


def _strata(record: Mapping[str, Any], total: Bins, least: int) -> Strata:
    level = _level(record["dimensions"], record["unlabelled"])
    if not set(record["edges"]) <= set(total.edges):
        raise ValueError("groups on other bins than the total's")
    cells = {_text(name): found for name, found in record["groups"].items()}
    groups = {name: _bins(record["edges"], found, level, least) for name, found in cells.items()}
    return Strata(_text(record["axis"]), level[0], level[1], groups, tuple(map(_text, record["suppressed"])))


def _bins(edges: Sequence[Any], cells: Sequence[Sequence[Any]], level: Level, least: int) -> Bins:
    found = tuple(map(_count, edges))
    if found != tuple(sorted(set(found))) or found[:1] != (0,) or found[-1] != GRID or len(found) > MOST_BINS + 1:
        raise ValueError(f"bins that are not 1 to {MOST_BINS} in order from 0 to {GRID}")
    told: dict[tuple[int, tuple[str, ...]], int] = {}
    for place, *kind, n in cells:
        key = (_count(place), tuple(kind))
        known = all(text in _SIGNS[name] for name, text in zip(level[0], kind, strict=True))
        if key in told or key[0] >= len(found) - 1 or not known:
            raise ValueError("a cell that is told twice, or of an unknown bin or class")
        if _count(n) < least:
            raise ValueError(f"a cell of fewer than {least}")
        told[key] = n
    return Bins(found, told)


def _level(dimensions: Sequence[Any], unlabelled: Any) -> Level:
    level = (tuple(dimensions), unlabelled)
    if level not in LEVELS:
        raise ValueError("classes of an unknown kind")
    return level


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 200:
        raise TypeError("a short text")
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError("a whole number")
    return value
