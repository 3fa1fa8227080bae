"""Counting home day by home day, in one pass of the kernel over many days.

Every family names the site of its cells. While many days are counted together each site bears its rows' home day, by
which the cells are told apart afterwards. Where a cell has no site (a prediction whose study was never acquired) each
day is counted by itself: slower, and the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from monitors.counts import Counts, Family, Integers, derived_from, empty_family, pruned
from monitors.engine.embedded import count_tables
from monitors.engine.links import Links, parts_of
from monitors.engine.tables import Request, Tables
from registry.domain.stratum import Suspension

_MARK = "\x1e"  # between the home day and the site; no name of a site holds it
_SITE = "site"
Suspensions = Sequence[Suspension]


@dataclass(frozen=True, eq=False)
class Work:
    """Days to count from their rows.

    Attributes:
        tables: rows of these days, and perhaps of others.
        links: of exactly these tables.
        days: the home days to count, in order.
        suspended: per day the suspensions that its predictions may fall into.
        request: what is counted; its own suspensions are not used.
    """

    tables: Tables
    links: Links
    days: Sequence[int]
    suspended: Mapping[int, Suspensions]
    request: Request

    def of(self, days: Sequence[int]) -> "Work":
        """Return the work of some of the days, with their rows alone."""
        wanted = np.asarray(days, dtype=np.int64)
        rows = {name: np.flatnonzero(np.isin(home, wanted)) for name, home in self.links.home.items()}
        tables = Tables(**{name: table.take(rows[name]) for name, table in vars(self.tables).items()})
        group = {name: column[rows[name]] for name, column in self.links.group.items()}
        home = {name: column[rows[name]] for name, column in self.links.home.items()}
        return Work(tables, Links(group, home), days, {day: self.suspended[day] for day in days}, self.request)


def count_homes(work: Work) -> Iterator[tuple[int, Counts]]:
    """Yield each home day with its counts, without the families that follow from others."""
    work = work.of(work.days)
    together = _together(work)
    for place, day in enumerate(work.days):
        if together is None:
            (part,) = parts_of(work.tables, work.links.home, [day])
            yield day, _based(count_tables(part, replace(work.request, suspensions=tuple(work.suspended[day]))))
        else:
            yield day, Counts({name: cut[place] for name, cut in together.items()}, work.request.axes)


def _together(work: Work) -> dict[str, list[Family]] | None:
    """Count all days in one pass and return per family its days; None where a cell cannot be told apart."""
    if len(work.days) < 2:
        return None
    marked = Tables(**{name: _marked(table, work.links.home[name]) for name, table in vars(work.tables).items()})
    marks = tuple(replace(one, site=_mark(day, one.site)) for day in work.days for one in work.suspended[day])
    asked = replace(work.request, zone_of=lambda site: work.request.zone_of(_bare(site)), suspensions=marks)
    base = _based(count_tables(marked, asked)).families
    if any(_SITE not in family.axes or not all(map(_is_marked, family.levels[_SITE])) for family in base.values()):
        return None
    return {name: _by_home(family, work.days) for name, family in base.items()}


def _by_home(family: Family, days: Sequence[int]) -> list[Family]:
    """Cut a family by the home days that its sites bear; the cells of a day keep their order."""
    place = family.axes.index(_SITE)
    home = np.array([int(level.partition(_MARK)[0]) for level in family.levels[_SITE]] or [0], dtype=np.int64)
    levels = dict(family.levels) | {_SITE: tuple(map(_bare, family.levels[_SITE]))}
    of_cell = home[family.columns[place]]
    order = np.argsort(of_cell, kind="stable")
    columns, counts = [column[order] for column in family.columns], family.counts[order]
    cuts = np.searchsorted(of_cell[order], [*days, days[-1] + 1])
    return [
        _pruned(Family(family.name, family.axes, levels, tuple(one[low:high] for one in columns), counts[low:high]))
        for low, high in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
    ]


def _pruned(family: Family) -> Family:
    if not len(family.counts):
        return empty_family(family.name, family.axes, family.levels.keys())
    columns, kept = list(family.columns), {}
    for axis, names in family.levels.items():
        place = family.axes.index(axis)
        columns[place], kept[axis] = pruned(columns[place], names)
    return replace(family, levels=kept, columns=tuple(columns))


def _based(counts: Counts) -> Counts:
    """Leave out the families that follow from others."""
    derived = derived_from(counts.axes)
    return Counts({name: family for name, family in counts.families.items() if name not in derived}, counts.axes)


def _marked(table: Any, home: Integers) -> Any:
    if _SITE not in table.column_names:
        return table
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    site = pc.fill_null(table.column(_SITE).cast(pa.string()), "")
    marked = pc.binary_join_element_wise(pa.array(home).cast(pa.string()), site, _MARK)
    return table.set_column(table.column_names.index(_SITE), _SITE, marked)


def _mark(day: int, site: str) -> str:
    return f"{day}{_MARK}{site}"


def _bare(site: str) -> str:
    return site.rpartition(_MARK)[2]


def _is_marked(site: str) -> bool:
    return _MARK in site
