"""Work for a worker elsewhere: rows as Arrow bytes, words as JSON; and back, days with the bytes of their counts."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from monitors.engine.columns import texts
from monitors.engine.homes import Work, count_homes
from monitors.engine.links import links_of
from monitors.engine.tables import Request, Tables
from monitors.packing import pack_counts
from registry.domain.stratum import Stratum, Suspension

# What no family counts; it stays where it is.
_LEFT = frozenset({"embedding", "available_at", "supersedes", "taken_in_at", "row_id", "segment", "known_at"})
TABLE, PLACE, HOME = "overread_table", "overread_place", "overread_home"


@dataclass(frozen=True)
class Shard:
    """Work as bytes: the words, and the rows of every table as one Arrow stream."""

    words: bytes
    rows: bytes


def shard_of(work: Work) -> Shard:
    """Return work as bytes."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    table = long_table(work)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return Shard(words_of(work), sink.getvalue().to_pybytes())


def counted_shard(shard: Shard) -> list[tuple[int, bytes]]:
    """Count a shard; return each of its days with the bytes of its counts."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    return list(counted_rows(shard.words, pa.ipc.open_stream(shard.rows).read_all()))


def counted_rows(words: bytes, table: Any) -> Iterator[tuple[int, bytes]]:
    """Count rows of whole days in the form of `long_table`; yield each day with the bytes of its counts."""
    told = json.loads(words)
    tables = _tables(table, told["tables"])
    request = _request(told)
    links = links_of(tables, request.zone_of)
    suspended = {day: [_suspension(one) for one in told["suspended"].get(str(day), ())] for day in links.days}
    for day, counts in count_homes(Work(tables, links, links.days, suspended, request)):
        yield day, pack_counts(counts)


def words_of(work: Work) -> bytes:
    """Return everything beside the rows that a worker needs, as JSON."""
    request, sites = work.request, {""}
    for table in vars(work.tables).values():
        if "site" in table.column_names:
            sites |= set(texts(table, "site").to_pylist())
    told = {
        "tables": {name: _kept(table) for name, table in vars(work.tables).items()},
        "model": request.model,
        "target": request.target,
        "axes": list(request.axes),
        "pairs": list(request.pairs),
        "zones": {site: request.zone_of(site) for site in sorted(sites)},
        "suspended": {str(day): [one.to_json() for one in work.suspended[day]] for day in work.days},
    }
    return json.dumps(told, sort_keys=True).encode()


def long_table(work: Work) -> Any:
    """Return the rows of every table below each other: with the table's name, the row's place in it, its home day."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    parts = []
    for name, table in vars(work.tables).items():
        kept = table.select(_kept(table))
        kept = kept.append_column(TABLE, pa.array([name] * table.num_rows, pa.string()))
        kept = kept.append_column(PLACE, pa.array(range(table.num_rows), pa.int64()))
        parts.append(kept.append_column(HOME, pa.array(work.links.home[name], pa.int64())))
    return pa.concat_tables(parts, promote_options="default").combine_chunks()


def _kept(table: Any) -> list[str]:
    """Return the columns that hold something; a column of nulls says the same as none."""
    stated = {name for name in table.column_names if table.column(name).null_count < table.num_rows}
    return [name for name in table.column_names if name in stated - _LEFT]


def _tables(table: Any, columns: Mapping[str, list[str]]) -> Tables:
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    parts = {name: table.filter(pc.equal(table.column(TABLE), name)).sort_by(PLACE) for name in columns}
    return Tables(**{name: part.select(columns[name]) for name, part in parts.items()})


def _request(told: Mapping[str, Any]) -> Request:
    zones = told["zones"]
    axes, pairs = tuple(told["axes"]), tuple(told["pairs"])
    return Request(told["model"], lambda site: str(zones[site]), axes, told["target"], pairs=pairs)


def _suspension(told: Mapping[str, Any]) -> Suspension:
    fields = {name: value for name, value in told.items() if name != "state"}
    return replace(Suspension(**fields), stratum=Stratum(**told["stratum"]))
