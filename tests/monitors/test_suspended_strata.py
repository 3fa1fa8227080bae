"""Results of a suspended stratum are counted apart from the moment of the suspension, and nothing else changes."""

from typing import Any

import numpy as np
import pytest
from planted import PLAN, VERSIONS, Hospital, only

from monitors.counts import Counts, day_number
from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request, axes_of
from monitors.run import Occasion, monitor_run
from registry.domain.joining import Known
from registry.domain.stratum import Stratum, Suspension

SINCE, UNTIL = "2026-04-11T00:00:00.000000Z", "2026-04-21T00:00:00.000000Z"
HOSPITAL = Hospital(per_day=10)


def suspension(stratum: Stratum, until: str | None = None, version: str = "1", site: str = "north") -> Suspension:
    return Suspension("d", "m", version, site, stratum, "read without AI", SINCE, until, 7)


def counts(*suspensions: Suspension) -> Counts:
    request = Request("m", lambda _: "UTC", axes_of(PLAN), None, suspensions)
    return count_tables(HOSPITAL.tables(), request)


def run(*suspensions: Suspension) -> dict[str, Any]:
    return monitor_run(counts(*suspensions), PLAN, Occasion("m", "2026-04-30", Known.RECORDED, VERSIONS))


@pytest.fixture(scope="module")
def before() -> Counts:
    return counts()


@pytest.mark.parametrize(
    "stratum", [Stratum("scanner", "s2"), Stratum("sex", "F"), Stratum("age_band", "65-79")], ids=lambda one: one.axis
)
@pytest.mark.parametrize("until", [None, UNTIL])
def test_exactly_the_stratum_in_its_time_is_left_out(before: Counts, stratum: Stratum, until: str | None) -> None:
    tables = HOSPITAL.tables()
    acquired = np.array(tables.acquisitions["acquired_at"].to_pylist())
    axis = {"age_band": "age_years"}.get(stratum.axis, stratum.axis)
    values = np.array(tables.acquisitions[axis].to_pylist())
    hit = (values >= 65) & (values < 80) if axis == "age_years" else values == stratum.value
    hit &= (acquired > SINCE) & (acquired < (until or "9"))
    found = counts(suspension(stratum, until))
    assert found["FQ"].where(finding="outside_envelope").total == int(hit.sum()) > 0
    assert found["F0"].total == before["F0"].total - int(hit.sum())
    assert found["FR"].digest == before["FR"].digest
    days = found["FQ"].where(finding="outside_envelope").codes_of("day")
    assert days.min() >= day_number("2026-04-11")


@pytest.mark.parametrize(
    "other",
    [{"version": "2"}, {"site": "south"}, {"stratum": Stratum("scanner", "s9")}],
    ids=lambda one: next(iter(one)),
)
def test_another_version_site_or_stratum_changes_nothing(before: Counts, other: dict[str, Any]) -> None:
    found = counts(suspension(**({"stratum": Stratum("scanner", "s2")} | other)))
    assert {name: family.digest for name, family in found.families.items()} == {
        name: family.digest for name, family in before.families.items()
    }


def test_a_signal_says_how_many_and_the_share_that_was_scored_stays() -> None:
    calm, found = run(), run(suspension(Stratum("scanner", "s2")))
    assert only(calm, "COV002")["state"] == "ok"
    signal = only(found, "COV002")
    assert signal["state"] == "watch"
    assert f"{round(signal['value'] * signal['n'])} of {signal['n']} units" in signal["explains"]
    assert only(found, "COV001")["value"] == only(calm, "COV001")["value"] == 1.0
    assert only(found, "DAT001")["n"] == only(calm, "DAT001")["n"]
    assert only(found, "PRF001")["n"] < only(calm, "PRF001")["n"]
