"""Cron expressions: what is read, what is refused, when it is due; Dagster's own iterator is the oracle."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from registry.domain.cron import Cron

START = datetime(2026, 1, 30, 22, 17, tzinfo=UTC)


def ticks(text: str, n: int, zone: str = "UTC", start: datetime = START) -> list[str]:
    """Return the first ticks after an instant, in UTC."""
    found = Cron.parse(text).due(start, start + timedelta(days=4000), zone)
    return [f"{tick:%Y-%m-%dT%H:%M}" for tick in islice(found, n)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/20 * * * *", ["2026-01-30T22:20", "2026-01-30T22:40", "2026-01-30T23:00"]),
        ("0 6 * * *", ["2026-01-31T06:00", "2026-02-01T06:00"]),
        ("30 4 1 * *", ["2026-02-01T04:30", "2026-03-01T04:30"]),
        ("0 0 31 * *", ["2026-01-31T00:00", "2026-03-31T00:00"]),
        ("0 0 29 2 *", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("0 7 * * mon-fri", ["2026-02-02T07:00", "2026-02-03T07:00"]),
        ("0 7 * * 7", ["2026-02-01T07:00", "2026-02-08T07:00"]),
        ("0 5 1 JAN,apr,7,10 *", ["2026-04-01T05:00", "2026-07-01T05:00"]),
        ("0 0 13 * 5", ["2026-02-06T00:00", "2026-02-13T00:00", "2026-02-20T00:00"]),
    ],
)
def test_an_expression_is_due_when_it_says(text: str, expected: list[str]) -> None:
    assert ticks(text, len(expected)) == expected


def test_the_time_zone_counts_and_follows_the_clocks() -> None:
    assert ticks("0 6 * * *", 1, "Europe/Vienna", datetime(2026, 3, 27, tzinfo=UTC)) == ["2026-03-27T05:00"]
    assert ticks("0 6 * * *", 1, "Europe/Vienna", datetime(2026, 3, 30, tzinfo=UTC)) == ["2026-03-30T04:00"]


def test_a_skipped_time_is_due_once_and_later_and_a_doubled_one_once() -> None:
    assert ticks("30 2 * * *", 2, "Europe/Vienna", datetime(2026, 3, 28, 12, tzinfo=UTC)) == [
        "2026-03-29T01:30",
        "2026-03-30T00:30",
    ]
    assert ticks("30 2 * * *", 2, "Europe/Vienna", datetime(2026, 10, 24, 12, tzinfo=UTC)) == [
        "2026-10-25T00:30",
        "2026-10-26T01:30",
    ]


def test_an_hourly_expression_is_due_each_hour_of_a_doubled_one() -> None:
    start = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert ticks("0 * * * *", 3, "Europe/Vienna", start) == [
        "2026-10-25T00:00",
        "2026-10-25T01:00",
        "2026-10-25T02:00",
    ]


def test_the_end_counts_and_the_start_does_not() -> None:
    noon = datetime(2026, 2, 1, 12, tzinfo=UTC)
    daily = Cron.parse("0 12 * * *")
    assert list(daily.due(noon, noon + timedelta(days=1), "UTC")) == [noon + timedelta(days=1)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "*-3 * * * *",
        "a * * * *",
        "1,,2 * * * *",
        "-1 * * * *",
        "0 0 30 2 *",
        "0 0 31 4,6 *",
        "@daily",
        "٣ * * * *",
        "0 0 1 1 1 " + "x" * 200,
    ],
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Cron.parse(text)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("text", ["*/7 3-5 * * *", "15 0 */2 * *", "0 12 1-7 * mon", "5 4 * 2-11/3 sun,wed"])
def test_dagster_reads_the_expression_alike(text: str, zone: str) -> None:
    from dagster._utils.schedules import cron_string_iterator

    theirs = cron_string_iterator(START.timestamp(), text, zone)
    mine = Cron.parse(text).due(START, START + timedelta(days=4000), zone)
    assert [tick.timestamp() for tick in islice(mine, 60)] == [tick.timestamp() for tick in islice(theirs, 60)]
