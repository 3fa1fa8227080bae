"""Counts from expressions inside a database are, to the byte, those of the kernel."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from services import absent
from tables_at_random import RandomRows, random_rows, zone_of

from monitors.engine.days import offset_changes
from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request
from registry.domain.stratum import Stratum, Suspension

SINCE, UNTIL = "2026-02-10T00:00:00.000000Z", "2026-04-01T00:00:00.000000Z"
HELD = Suspension("d", "m", "1", "north", Stratum("sex", "F"), "read without", SINCE, UNTIL, 1)
AXES = ("sex", "age_band", "scanner", "software_versions")
PAIRS = ("sex*age_band", "scanner*sex")
REQUEST = Request("m", zone_of, AXES, None, (HELD,), PAIRS)
EMPTY = RandomRows([], [], [], [])


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Return a connection to an empty database."""
    if find_spec("ibis") is None:
        absent("the extra 'sql' is not installed")
    import ibis

    if request.param == "duckdb":
        found = ibis.duckdb.connect()
    else:
        parts = urlsplit(request.getfixturevalue("postgres_url"))
        found = ibis.postgres.connect(
            host=parts.hostname, port=parts.port, user=parts.username, database=parts.path.strip("/")
        )
    yield found
    found.disconnect()


def fill(database: Any, rows: RandomRows) -> None:
    """Put the tables into a database."""
    for name in ("acquisitions", "predictions", "reads", "outcomes"):
        table = getattr(rows.tables(), name)
        if database.name == "duckdb":
            database.con.register("arriving", table)
            database.con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM arriving")
        else:
            database.create_table(name, table, overwrite=True)


@pytest.mark.sql
def test_expressions_give_the_kernels_bytes(database: Any) -> None:
    from monitors.engine.in_database import count_in_database

    for seed in range(1):
        for request in (REQUEST, Request("m", zone_of, ("scanner",), "t")):
            rows = random_rows(seed, studies=60)
            fill(database, rows)
            found, whole = count_in_database(database, request), count_tables(rows.tables(), request)
            more = {*(f"F1:{axis}" for axis in request.axes), *(f"F2:{pair}" for pair in request.pairs)}
            assert set(found) == {"F0", "FR", "FA", *more}
            assert {name: family.digest for name, family in found.items()} == {
                name: whole[name].digest for name in found
            }
            assert found["F0"].total
            assert found["FR"].total


@pytest.mark.sql
def test_empty_tables_give_empty_families_in_a_database(database: Any) -> None:
    from monitors.engine.in_database import count_in_database

    fill(database, EMPTY)
    whole = count_tables(EMPTY.tables(), REQUEST)
    for name, family in count_in_database(database, REQUEST).items():
        assert family.digest == whole[name].digest


@pytest.mark.parametrize("zone", ["Europe/Vienna", "Pacific/Auckland", "America/St_Johns", "UTC", "Africa/Casablanca"])
def test_offsets_by_their_changes_are_those_of_the_zone(zone: str) -> None:
    from datetime import UTC, datetime

    first, last = "2025-01-10T03:04:05.000000Z", "2026-12-20T00:00:00.000000Z"
    changes = offset_changes(zone, first, last)
    rng = np.random.default_rng(0)
    moments = np.datetime64(first[:19], "s") + rng.integers(0, 61_000_000, 400).astype("timedelta64[s]")
    for text in [f"{moment}.000000Z" for moment in moments if f"{moment}" < last[:19]]:
        (offset,) = [offset for low, high, offset in changes if low <= text < high]
        expected = datetime.fromisoformat(text[:19]).replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset()
        assert expected is not None
        assert offset == expected.total_seconds()
