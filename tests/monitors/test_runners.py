"""Every engine gives the same bytes: in this process, in threads, in processes, on Spark, on Dask."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.util import find_spec

import pyarrow.compute as pc
import pytest
from rich_tables import rich_tables
from services import absent
from tables_at_random import zone_of

from monitors.counts import Counts, summed
from monitors.engine.embedded import count_tables
from monitors.engine.homes import Work
from monitors.engine.links import links_of
from monitors.engine.runners import Embedded, Processes, Runner, Threads, split
from monitors.engine.tables import Request, Tables
from registry.domain.stratum import Stratum, Suspension

SINCE = "2026-02-10T00:00:00.000000Z"
HELD = Suspension("d", "m", "1", "north", Stratum("sex", "F"), "read without", SINCE, None, 1)
REQUEST = Request("m", zone_of, ("sex", "age_band", "scanner"), None, (HELD,), ("sex*age_band",))


def on_spark() -> Runner:
    if find_spec("pyspark") is None or shutil.which("java") is None:
        absent("the extra 'spark' or Java is not installed")
    from monitors.engine.on_spark import Spark

    return Spark("local-cluster[2,1,1024]")


def on_dask() -> Runner:
    if find_spec("distributed") is None:
        absent("the extra 'dask' is not installed")
    from monitors.engine.on_dask import Dask

    return Dask()


RUNNERS = [
    pytest.param(Embedded, id="embedded"),
    pytest.param(lambda: Threads(2), id="threads"),
    pytest.param(lambda: Threads(5), id="more threads"),
    pytest.param(lambda: Processes(2), id="processes"),
    pytest.param(on_dask, id="dask", marks=pytest.mark.dask),
    pytest.param(on_spark, id="spark", marks=pytest.mark.spark),
]


def tables_of(seed: int, *, unjoined: bool) -> Tables:
    """Draw all tables; without studies that were never acquired many days are counted in one pass."""
    tables = rich_tables(seed)
    if unjoined:
        return tables
    known = pc.is_in(tables.predictions["study_uid"], value_set=tables.acquisitions["study_uid"].combine_chunks())
    return replace(tables, predictions=tables.predictions.filter(known))


def work(tables: Tables) -> Work:
    links = links_of(tables, zone_of)
    return Work(tables, links, links.days, dict.fromkeys(links.days, (HELD,)), REQUEST)


def digests(counts: Counts) -> Mapping[str, str]:
    return {name: family.digest for name, family in counts.families.items()}


@pytest.mark.parametrize("make", RUNNERS)
def test_every_engine_gives_the_bytes_of_one_pass_over_every_row(make: Callable[[], Runner]) -> None:
    runner = make()
    tables = tables_of(3, unjoined=False)
    days = dict(runner.count(work(tables)))
    assert sorted(days) == list(work(tables).days)
    assert digests(summed(list(days.values()))) == digests(count_tables(tables, REQUEST))


@pytest.mark.parametrize("unjoined", [True, False])
@pytest.mark.parametrize("seed", range(2))
def test_a_day_counted_among_others_is_that_day_counted_alone(seed: int, unjoined: bool) -> None:  # noqa: FBT001
    whole = work(tables_of(seed, unjoined=unjoined))
    together = dict(Embedded().count(whole))
    for day in whole.days:
        ((_, alone),) = Embedded().count(whole.of([day]))
        assert digests(together[day]) == digests(alone)


@pytest.mark.parametrize("shards", [1, 2, 3, 50])
def test_shards_hold_every_day_once_and_no_group_twice(shards: int) -> None:
    whole = work(tables_of(5, unjoined=True))
    parts = split(whole, shards)
    assert [day for part in parts for day in part.days] == list(whole.days)
    assert len(parts) <= shards
    groups = [{int(group) for column in part.links.group.values() for group in column} for part in parts]
    assert sum(map(len, groups)) == len(set().union(*groups))
