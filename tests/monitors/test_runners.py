"""Every engine gives the same bytes: in this process, in threads, in processes, on Spark, on Dask."""

import shutil
from collections.abc import Callable, Mapping
from importlib.util import find_spec

import pytest
from services import absent
from tables_at_random import RandomRows, random_rows, zone_of

from monitors.counts import Counts, summed
from monitors.engine.embedded import count_tables
from monitors.engine.homes import Work
from monitors.engine.links import links_of
from monitors.engine.runners import Embedded, Processes, Runner, Threads, split
from monitors.engine.tables import Request
from registry.domain.stratum import Stratum, Suspension

SINCE = "2026-02-10T00:00:00.000000Z"
HELD = Suspension("d", "m", "1", "north", Stratum("sex", "F"), "read without", SINCE, None, 1)
REQUEST = Request("m", zone_of, ("sex", "age_band", "scanner"), None, (HELD,))


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


def joined_rows(seed: int, *, unjoined: bool) -> RandomRows:
    """Draw rows; without studies that were never acquired many days are counted in one pass."""
    rows = random_rows(seed)
    if unjoined:
        return rows
    known = {row["study_uid"] for row in rows.acquisitions}
    predictions = [row for row in rows.predictions if row["study_uid"] in known]
    return RandomRows(rows.acquisitions, predictions, rows.reads, rows.outcomes)


def work(rows: RandomRows) -> Work:
    tables = rows.tables()
    links = links_of(tables, zone_of)
    return Work(tables, links, links.days, dict.fromkeys(links.days, (HELD,)), REQUEST)


def digests(counts: Counts) -> Mapping[str, str]:
    return {name: family.digest for name, family in counts.families.items()}


@pytest.mark.parametrize("make", RUNNERS)
def test_every_engine_gives_the_bytes_of_one_pass_over_every_row(make: Callable[[], Runner]) -> None:
    runner = make()
    rows = joined_rows(3, unjoined=False)
    days = dict(runner.count(work(rows)))
    assert sorted(days) == list(work(rows).days)
    assert digests(summed(list(days.values()))) == digests(count_tables(rows.tables(), REQUEST))


@pytest.mark.parametrize("unjoined", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_a_day_counted_among_others_is_that_day_counted_alone(seed: int, unjoined: bool) -> None:  # noqa: FBT001
    whole = work(joined_rows(seed, unjoined=unjoined))
    together = dict(Embedded().count(whole))
    for day in whole.days:
        ((_, alone),) = Embedded().count(whole.of([day]))
        assert digests(together[day]) == digests(alone)


@pytest.mark.parametrize("shards", [1, 2, 3, 50])
def test_shards_hold_every_day_once_and_no_group_twice(shards: int) -> None:
    whole = work(joined_rows(5, unjoined=True))
    parts = split(whole, shards)
    assert [day for part in parts for day in part.days] == list(whole.days)
    assert len(parts) <= shards
    groups = [{int(group) for column in part.links.group.values() for group in column} for part in parts]
    assert sum(map(len, groups)) == len(set().union(*groups))
