"""Which rows belong together: all that the joining rules may bring into one cell, and the day on which that is kept.

Rows that share a study, a series, a unit, or a prediction that a read names are linked, and so are the rows linked to
those. What is linked is counted together; what is not may be counted apart, and the counts add up. Linked rows are
kept on one day, their home: the site-local day of their first acquisition, or the UTC day of the first prediction,
read or outcome where nothing was acquired.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitors.counts import Integers
from monitors.engine.columns import instants, labels, texts
from monitors.engine.days import local_days
from monitors.engine.tables import Tables
from registry.domain.columns import TABLES as COLUMNS

# By what a row of a table is linked with others. A table that is not named here cannot be counted in parts.
UIDS: Mapping[str, tuple[str, ...]] = {
    "acquisitions": ("study_uid", "series_uid"),
    "predictions": ("study_uid", "series_uid", "unit_uid"),
    "reads": ("study_uid", "unit_uid"),
    "outcomes": ("study_uid", "unit_uid"),
    "findings": ("unit_uid",),
    "measurements": ("subject_id",),
    "expected": (),
}
# Names of predictions and of reads, by the column that holds one.
NAMES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "predictions": (("prediction", "prediction_id"),),
    "reads": (("prediction", "prediction_id"), ("read", "read_id")),
    "findings": (("prediction", "prediction_id"), ("read", "read_id")),
    "measurements": (("prediction", "subject_id"), ("read", "subject_id")),
}
_EPOCH_ORDINAL = 719_163
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Links:
    """Per table, for each of its n rows: the group of linked rows that it is of, and that group's home day.

    Attributes:
        group: shape (n,) per table, from 0 on across the tables.
        home: shape (n,) per table, proleptic ordinals; 0 for a group in which no row has a time.
    """

    group: Mapping[str, Integers]
    home: Mapping[str, Integers]

    @property
    def days(self) -> list[int]:
        """The home days, in order."""
        return sorted({int(day) for column in self.home.values() for day in np.unique(column)})


def keys_of(name: str, table: Any) -> Iterator[Any]:
    """Yield the columns by which a table's rows are linked, as Arrow strings; blank where a row names nothing."""
    yield from (texts(table, column) for column in UIDS[name])
    yield from (_named(kind, texts(table, column)) for kind, column in NAMES.get(name, ()))


def links_of(tables: Tables, zone_of: Callable[[str], str]) -> Links:
    """Return which rows belong together, and their home days.

    Args:
        tables: the observation tables.
        zone_of: gives a site's IANA time zone.
    """
    sizes = {name: table.num_rows for name, table in vars(tables).items()}
    groups = _groups(tables, sum(sizes.values()))
    cuts = np.cumsum([0, *sizes.values()])
    group = {name: groups[cuts[place] : cuts[place + 1]] for place, name in enumerate(sizes)}
    first = np.full(int(groups.max()) + 1 if len(groups) else 0, _NEVER)
    for name, table in vars(tables).items():
        days = _days(name, table, zone_of)
        open_still = (first[group[name]] == _NEVER) & (days > 0)
        np.minimum.at(first, group[name][open_still], days[open_still])
    first[first == _NEVER] = 0
    return Links(group, {name: first[found] for name, found in group.items()})


def parts_of(tables: Tables, places: Mapping[str, Integers], wanted: Sequence[int]) -> list[Tables]:
    """Cut tables into parts by a number per row, such as the home day; rows keep their order.

    Args:
        tables: the observation tables.
        places: the number of each row, per table.
        wanted: the numbers of the parts, in the order of the result.
    """
    cut = {name: _cut(table, places[name], wanted) for name, table in vars(tables).items()}
    return [Tables(**{name: found[place] for name, found in cut.items()}) for place in range(len(wanted))]


def _cut(table: Any, places: Integers, wanted: Sequence[int]) -> list[Any]:
    order = np.argsort(places, kind="stable")
    ordered, sorted_table = places[order], table.take(order)
    starts, ends = np.searchsorted(ordered, wanted, "left"), np.searchsorted(ordered, wanted, "right")
    return [sorted_table.slice(low, high - low) for low, high in zip(starts.tolist(), ends.tolist(), strict=True)]


def _groups(tables: Tables, rows: int) -> Integers:
    """Return the connected groups of all rows, table after table, as numbers from 0 on."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    from scipy.sparse import coo_matrix  # noqa: PLC0415 - lazy: scipy is slow to import
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - lazy: scipy is slow to import

    arrays, owners, start = [pa.array([], pa.string())], [np.zeros(0, dtype=np.int64)], 0
    for name, table in vars(tables).items():
        for column in keys_of(name, table):
            arrays.append(column)
            owners.append(np.arange(start, start + table.num_rows))
        start += table.num_rows
    key = labels(pa.concat_arrays(arrays))
    blank = key.levels.index("") if "" in key.levels else -1
    row, named = np.concatenate(owners), key.codes != blank
    edges = (row[named], key.codes[named] + rows)
    size = rows + len(key.levels)
    graph = coo_matrix((np.ones(len(edges[0]), dtype=np.int8), edges), shape=(size, size))
    found = connected_components(graph, directed=False)[1][:rows]
    return np.unique(found, return_inverse=True)[1].astype(np.int64)


def _named(kind: str, column: Any) -> Any:
    """Keep the names of predictions and of reads apart from each other and from UIDs."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    return pc.if_else(pc.equal(column, ""), "", pc.binary_join_element_wise(kind, column, " "))


def _days(name: str, table: Any, zone_of: Callable[[str], str]) -> Integers:
    """Return the day of each row: local where the row tells its site, else in UTC; 0 where it has no time."""
    when = instants(texts(table, COLUMNS[name].event_time))
    if "site" in table.column_names:
        return local_days(when, labels(texts(table, "site")), zone_of)
    return np.where(np.isnat(when), 0, when.astype("datetime64[D]").astype(np.int64) + _EPOCH_ORDINAL)
