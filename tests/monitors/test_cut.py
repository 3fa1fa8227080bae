"""A run from stored days, cut to what it reads, is to the byte the run from every row."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from planted import VERSIONS, Hospital
from rich_tables import rich_tables
from tables_at_random import zone_of

from monitors.counts import PATIENTS, Family
from monitors.cut import Cut, cut_of
from monitors.daily import daily_records, daily_series
from monitors.engine.embedded import count_tables
from monitors.engine.homes import Work, count_homes
from monitors.engine.links import links_of
from monitors.engine.tables import Request, Tables, axes_of
from monitors.every_day import LONG, every_day_from, every_day_of, joined
from monitors.packing import pack_counts
from monitors.run import Occasion, monitor_json, monitor_run
from monitors.shelved import Part
from registry.domain.joining import Known
from registry.domain.plan import MonitoringPlan

SHORT = MonitoringPlan(window_days=7, reference_days=10, min_units=5, min_auc_class=3)
Days = Mapping[str, bytes]


def stored(tables: Tables, request: Request) -> Days:
    links = links_of(tables, request.zone_of)
    work = Work(tables, links, links.days, dict.fromkeys(links.days, ()), request)
    return {str(day): pack_counts(counts) for day, counts in count_homes(work)}


def cut(days: Days, plan: MonitoringPlan, as_of: str) -> Cut:
    names = list(days)
    parts = (every_day_of(names[at : at + 4], days.__getitem__) for at in range(0, len(names), 4))
    return cut_of(joined(parts), days.__getitem__, plan, as_of)


def hold(tables: Tables, plan: MonitoringPlan, zones: Any, as_of: str) -> None:
    """Hold a run and its daily series against those of the whole counts."""
    request = Request("m", zones, axes_of(plan))
    days, whole = stored(tables, request), count_tables(tables, request)
    occasion, found = Occasion("m", as_of, Known.RECORDED, VERSIONS), cut(days, plan, as_of)
    run, full = (monitor_run(counts, plan, occasion) for counts in (found.counts, whole))
    assert monitor_json(run) == monitor_json(full)
    assert daily_records(found.units, found.grid, as_of) == daily_series(whole, as_of)


@pytest.mark.parametrize("seed", [0, 3])
def test_hostile_rows_give_the_same_run(seed: int) -> None:
    hold(rich_tables(seed), SHORT, zone_of, "2026-02-14")


@pytest.mark.parametrize(("anchor", "as_of"), [("as_of", "2026-02-20"), ("last_unit", "2026-05-30")])
def test_a_hospital_gives_the_same_run_whatever_the_window_ends_at(anchor: str, as_of: str) -> None:
    hospital = Hospital(days=45, per_day=6, repeat=3, bad_scanner=1.0)
    hold(hospital.tables(), replace(SHORT, window_anchor=anchor), lambda _: "UTC", as_of)


def test_days_outside_the_window_and_the_reference_are_not_kept_by_patient() -> None:
    hospital = Hospital(days=60, per_day=8)
    days = stored(hospital.tables(), Request("m", lambda _: "UTC", axes_of(SHORT)))
    found = cut(days, SHORT, "2026-02-28")
    assert len(set(found.counts[PATIENTS].codes_of("day").tolist())) == SHORT.window_days + SHORT.reference_days
    assert len(set(found.units.codes_of("day").tolist())) == 60


def test_a_day_that_no_period_touches_is_read_once_and_the_others_thrice() -> None:
    hospital, told = Hospital(days=60, per_day=8), list[str]()
    days = stored(hospital.tables(), Request("m", lambda _: "UTC", axes_of(SHORT)))

    def read(day: str) -> bytes:
        told.append(day)
        return days[day]

    every = joined([every_day_of(list(days), read)])
    told.clear()
    cut_of(every, read, SHORT, "2026-02-28")
    assert set(Counter(told).values()) == {2}  # their patients first, then their cells
    assert len(set(told)) == SHORT.window_days + SHORT.reference_days


def test_stretches_that_are_stored_and_joined_in_any_order_are_every_day() -> None:
    days = stored(rich_tables(1), Request("m", zone_of, axes_of(SHORT)))
    names = list(days)
    whole = every_day_of(names, days.__getitem__)
    parts = [every_day_of(names[at : at + 3], days.__getitem__) for at in range(0, len(names), 3)]
    back = joined(every_day_from(part.data) for part in parts[::-1])
    shelved = {name: one.chosen(every_cell) for name, one in back.shelved.items()}
    assert set(shelved) == set(LONG)
    assert digests(dict(back.families) | shelved) == digests(whole.families)
    assert {day: speaks.tolist() for day, speaks in back.speaks.items()} == {
        day: speaks.tolist() for day, speaks in whole.speaks.items()
    }


def test_bytes_that_are_no_stretch_are_refused() -> None:
    day = next(iter(stored(rich_tables(1), Request("m", zone_of, axes_of(SHORT))).values()))
    with pytest.raises(ValueError, match="not a stretch"):
        every_day_from(day)


def digests(families: Mapping[str, Family]) -> Mapping[str, str]:
    return {name: family.digest for name, family in families.items()}


def every_cell(part: Part) -> Any:
    return np.ones(len(part.counts), dtype=np.bool_)
