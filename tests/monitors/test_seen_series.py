"""Series of a period are looked for among those of near days alone: none is lost, wherever its site is."""

import numpy as np
import pyarrow as pa
import pytest

from monitors.engine.protocol_rows import ProtocolsSeen
from monitors.engine.seen_series import days_of, during, near
from monitors.engine.tables import Request
from registry.domain.signal import Window

ZONES = {"east": "Pacific/Kiritimati", "west": "Etc/GMT+12", "home": "UTC"}
REQUEST = Request("m", lambda site: ZONES[site], ())
PERIODS = (Window("2026-03-05", "2026-03-07"), Window("2026-01-01", "2026-01-02"))


def series(sites: str) -> pa.Table:
    """Return a series every three hours from the last days of 2025 on, at one site."""
    hours = np.arange(np.datetime64("2025-12-25"), np.datetime64("2026-03-15"), np.timedelta64(3, "h"))
    at = [f"{hour}:00:00.000000Z" for hour in np.datetime_as_string(hours, unit="h")]
    return pa.table({"acquired_at": at, "site": [sites] * len(at)})


@pytest.mark.parametrize("site", sorted(ZONES))
def test_every_series_of_a_period_is_near_it(site: str) -> None:
    table = series(site)
    inside, close = during(days_of(table, REQUEST), PERIODS), near(table, PERIODS)
    assert inside.any()
    assert not (inside & ~close).any()
    assert close.sum() <= inside.sum() + 8 * 4 * len(PERIODS)


def test_every_series_is_near_where_there_are_no_periods_and_none_without_an_instant() -> None:
    table = pa.table({"acquired_at": pa.array([None, "2026-03-05T00:00:00.000000Z"]), "site": ["home"] * 2})
    assert near(table, None).tolist() == [True, True]
    assert near(table, PERIODS).tolist() == [False, True]


def test_the_first_series_of_a_way_is_the_earliest_and_of_those_the_first_by_name() -> None:
    late, early = "2026-03-06T00:00:00.000000Z", "2026-03-05T00:00:00.000000Z"
    rows = {"acquired_at": [late, early, early, early], "series_uid": ["1", "3", "2", "0"]}
    more = {"repetition_time_ms": [500.0, 500.0, 500.0, 900.0], "modality": ["MR"] * 4, "site": ["home"] * 4}
    seen = ProtocolsSeen(REQUEST)
    seen.add(pa.table(rows | more | {"patient": ["p"] * 4}))
    assert sorted(first for _, first in seen.made.values()) == [(early, "0"), (early, "2")]
