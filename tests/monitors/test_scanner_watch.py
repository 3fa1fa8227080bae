"""Scanners: how much they differ, image quality, silence, and what the reference never held."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from drawn_rows import run_of, study_days, tables_of
from planted import only, signals

from monitors.counts import Labels, count
from monitors.daily_blocks import between_members, day_change, day_mean

DAY, LATE = study_days(30)
N = len(DAY)
CODES = ("SCN003", "SCN004", "SCN005", "SCN006", "SCN007", "COV003")


def hospital(seed: int = 0, spread: float = 0.0, **planted: Any) -> Any:
    """Return tables of six scanners whose sensitivities differ by `spread` on the logit scale."""
    rng = np.random.default_rng(seed)
    scanner, truth = rng.integers(0, 6, N), rng.random(N) < 0.5
    logit = 2.0 + spread * np.array([-1.2, 0.9, 0.3, -0.8, 1.3, -0.5])[scanner]
    found = rng.random(N) < 1 / (1 + np.exp(-logit))
    decision = np.where(truth, found, rng.random(N) < 0.1)
    names = np.array([f"s{one}" for one in range(6)])[scanner]
    columns = {"scanner": names, "truth": truth, "decision": decision, "score": np.where(decision, 0.8, 0.2)}
    return tables_of(DAY, **(columns | planted))


@pytest.fixture(scope="module")
def calm() -> dict[str, Any]:
    """Return a run of scanners that are alike and stay as they are."""
    rng = np.random.default_rng(1)
    return run_of(hospital(snr=rng.normal(20, 3, N), software_versions=["v1"] * N, protocol_name=["head"] * N))


def test_scanners_that_stay_as_they_are_raise_nothing(calm: dict[str, Any]) -> None:
    found = [signal for signal in calm["signals"] if signal["code"] in CODES]
    assert {signal["code"] for signal in found} == set(CODES)
    assert [signal["code"] for signal in found if signal["state"] != "ok"] == []


def test_scanners_that_differ_in_sensitivity_are_seen_with_their_spread(calm: dict[str, Any]) -> None:
    apart = only(run_of(hospital(spread=1.0)), "SCN004")
    assert apart["state"] == "watch"
    assert apart["interval"][0] < 1.07 < apart["interval"][1]
    assert "of the latent variance lies between them" in apart["explains"]
    assert only(calm, "SCN004")["interval"][0] == 0.0


def test_a_scanner_whose_quality_declines_is_seen_and_no_other() -> None:
    rng = np.random.default_rng(2)
    worn = LATE & (np.arange(N) % 3 == 1)
    snr = rng.normal(20, 3, N) - 2.0 * worn
    run = run_of(tables_of(DAY, snr=snr, noise=rng.normal(5, 1, N)))
    states = {(one["subject"]["scanner"], one["subject"]["quality"]): one["state"] for one in signals(run, "SCN005")}
    assert {key for key, state in states.items() if state == "watch"} == {("s1", "snr")}
    worst = only(run, "SCN005", scanner="s1", quality="snr")
    assert worst["interval"][0] < -2 / 3 < worst["interval"][1]
    assert "The mean went from 19.9 to 18.2." in worst["explains"]


def test_quality_that_betrays_the_scanner_has_a_large_share_between() -> None:
    rng = np.random.default_rng(3)
    unlike = rng.normal(20, 3, N) + 6.0 * (np.arange(N) % 3)
    signal = only(run_of(tables_of(DAY, snr=unlike)), "SCN006", quality="snr")
    assert signal["interval"][0] > 0.5
    alike = only(run_of(tables_of(DAY, snr=rng.normal(20, 3, N))), "SCN006", quality="snr")
    assert alike["value"] < 0.3


def test_a_scanner_that_falls_silent_while_the_others_work_is_seen() -> None:
    kept = ~((np.arange(N) % 3 == 2) & (DAY >= 113))
    tables = tables_of(DAY)
    quiet = replace(tables, acquisitions=tables.acquisitions.filter(kept.tolist()))
    run = run_of(quiet)
    assert {one["subject"]["scanner"]: one["state"] for one in signals(run, "SCN007")} == {
        "s0": "ok",
        "s1": "ok",
        "s2": "watch",
    }
    assert only(run, "SCN007", scanner="s2")["value"] == 7.0


def test_a_scanner_that_never_works_at_weekends_is_not_silent_on_a_sunday() -> None:
    weekend = (DAY + 3) % 7 >= 5  # 1 January 2026 is a Thursday
    tables = tables_of(DAY)
    kept = ~((np.arange(N) % 3 == 2) & weekend)
    run = run_of(replace(tables, acquisitions=tables.acquisitions.filter(kept.tolist())), as_of="2026-04-26")
    assert only(run, "SCN007", scanner="s2")["state"] == "ok"
    assert only(run, "SCN007", scanner="s2")["value"] == 2.0


def test_what_the_reference_never_held_is_named() -> None:
    versions = np.where(LATE & (np.arange(N) % 3 == 0), "v2", "v1")
    protocol = np.where((DAY >= 110), "chest low dose", "chest")
    run = run_of(tables_of(DAY, software_versions=versions, protocol_name=protocol))
    said = {one["subject"]["stratum"]: one for one in signals(run, "COV003")}
    assert {name: one["state"] for name, one in said.items()} == {
        "scanner": "ok",
        "software": "watch",
        "protocol": "watch",
    }
    assert "Unseen: s0 v2." in said["software"]["explains"]
    assert said["protocol"]["value"] == pytest.approx(10 / 28, abs=1e-9)


def test_a_software_version_is_known_only_on_the_scanner_that_bore_it() -> None:
    scanner = np.arange(N) % 3
    versions = np.where((scanner == 1) | (LATE & (scanner == 0)), "v2", "v1")
    said = only(run_of(tables_of(DAY, software_versions=versions)), "COV003", stratum="software")
    assert (said["state"], "Unseen: s0 v2." in said["explains"]) == ("watch", True)


def test_without_measures_of_quality_it_is_said() -> None:
    run = run_of(tables_of(DAY))
    assert {only(run, code)["reason"] for code in ("SCN005", "SCN006")} == {"attribute_missing"}


def daily(values: Any, days: Any) -> Any:
    family = count(
        "FN:x", {"day": np.asarray(days), "cell": np.arange(len(days)), "s": Labels(np.zeros(len(days), int), ("a",))}
    )
    assert len(family.counts) == len(days)
    order = np.lexsort((np.arange(len(days)), np.asarray(days)))
    return family, np.asarray(values, dtype=float)[order]


def test_a_change_between_days_keeps_its_error_where_rows_of_a_day_are_alike() -> None:
    """Days shift by a common amount: over 300 draws without a change the 5 % test rejects about 5 %."""
    rng, rejected = np.random.default_rng(4), 0
    for _ in range(300):
        means = []
        for days in (60, 28):
            day = np.repeat(np.arange(days), 10)
            mean = day_mean(*daily(rng.normal(size=len(day)) + np.repeat(rng.normal(0, 1, days), 10), day))
            assert mean is not None
            means.append(mean)
        change = day_change(means[1], means[0])
        assert change is not None
        rejected += change.p_value < 0.05
    assert 0.02 <= rejected / 300 <= 0.09


def test_the_share_between_members_covers_the_truth() -> None:
    """Six members of unequal length, true share 0.5: 95 % intervals, 400 draws."""
    rng, hits = np.random.default_rng(5), 0
    for _ in range(400):
        found = between_members([rng.normal(rng.normal(), 1, days) for days in (12, 20, 28, 28, 28, 15)])
        assert found is not None
        hits += found.bounds.low <= 0.5 <= found.bounds.high
    assert 0.92 <= hits / 400 <= 0.98
    assert between_members([np.ones(20)] * 3) is None
