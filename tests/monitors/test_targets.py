"""Segmentation, detection and triage: what speaks, what stays quiet, and what stays silent."""

from typing import Any

import numpy as np
import pytest
from drawn_rows import run_of, study_days, tables_of
from planted import only, signals

from monitors.catalogue import CATALOGUE

DAY, LATE = study_days(12)
N = len(DAY)
CODES = ("SEG001", "SEG002", "SEG003", "SEG004", "SEG005", "DET001", "DET002", "TRI001")
UNITS = {"volume": "mL", "components": "1", "dice": "1", "hd95": "mm", "notification_seconds": "s"}


def measured(**values: Any) -> list[dict[str, Any]]:
    """Return measurements of every study by name; NaN is none."""
    return [
        {"subject_id": f"a{row}", "name": name, "value": float(column[row]), "unit": UNITS[name]}
        for name, column in values.items()
        for row in range(N)
        if np.isfinite(column[row])
    ]


def segmented(seed: int, **worse: float) -> dict[str, Any]:
    """Return a run of a segmentation model; from the window on each named measurement is so many times the usual."""
    rng = np.random.default_rng(seed)
    factor = {name: np.where(LATE, worse.get(name, 1.0), 1.0) for name in (*UNITS, "empty")}
    empty = rng.random(N) < 0.05 * factor["empty"]
    audited = rng.random(N) < 0.4
    columns = {
        "volume": np.where(empty, 0.0, rng.lognormal(2, 0.5, N)) * factor["volume"],
        "components": rng.poisson(1.5 * factor["components"], N).astype(float),
        "dice": np.where(audited, np.clip(rng.normal(0.85, 0.05, N) * factor["dice"], 0, 1), np.nan),
        "hd95": np.where(audited, rng.gamma(4, 1, N) * factor["hd95"], np.nan),
        "notification_seconds": rng.lognormal(5, 0.6, N) * factor["notification_seconds"],
    }
    return run_of(tables_of(DAY, measurements=measured(**columns)))


def detected(seed: int, *, late_met: float = 0.85, late_extra: float = 1.0, lesion: float = 0.5) -> dict[str, Any]:
    """Return a run of a detection model: a lesion in every positive study, met or not, and false marks."""
    rng = np.random.default_rng(seed)
    truth = rng.random(N) < lesion
    found = []
    for row in range(N):
        met = truth[row] and rng.random() < (late_met if LATE[row] else 0.85)
        marks = [(0.0, float(rng.uniform(0.5, 1)))] if met else []
        marks += [(100.0, float(rng.uniform(0, 0.6))) for _ in range(rng.poisson(late_extra if LATE[row] else 1.0))]
        found += [_mark(f"f{row}-{place}", row, x, q) for place, (x, q) in enumerate(marks)]
        if truth[row]:
            found.append(_mark(f"l{row}", row, 3.0, None) | {"prediction_id": None, "outcome_key": "known"})
    return run_of(tables_of(DAY, truth=truth, findings=found))


def _mark(name: str, row: int, x: float, q: float | None) -> dict[str, Any]:
    place = {"x_mm": x, "y_mm": 0.0, "z_mm": 0.0, "diameter_mm": 8.0, "unit": "study", "unit_uid": f"2.25.{row}"}
    return {"finding_id": name, "prediction_id": f"a{row}", "label": "nodule", "score": q, **place}


def states(run: dict[str, Any]) -> dict[str, str]:
    return {one["code"]: one["state"] for one in run["signals"] if one["code"] in CODES}


def test_a_model_that_does_as_before_raises_nothing() -> None:
    assert set(states(segmented(0)).values()) == {"ok"}
    assert set(states(segmented(0))) == {code for code in CODES if not code.startswith("DET")}
    assert states(detected(1)) == {"DET001": "ok", "DET002": "ok"}


@pytest.mark.parametrize(
    ("code", "worse"),
    [
        ("SEG001", {"empty": 4.0}),
        ("SEG002", {"components": 1.5}),
        ("SEG003", {"volume": 1.3}),
        ("SEG004", {"dice": 0.95}),
        ("SEG005", {"hd95": 1.4}),
        ("TRI001", {"notification_seconds": 1.5}),
    ],
)
def test_a_decline_is_seen_where_it_is(code: str, worse: dict[str, float]) -> None:
    found = states(segmented(2, **worse))
    assert found[code] == "watch"
    assert {state for other, state in found.items() if other[:3] == "TRI" != code[:3]} <= {"ok"}


def test_a_gain_is_no_decline() -> None:
    found = states(segmented(3, dice=1.05, hd95=0.7, notification_seconds=0.6))
    assert [found[code] for code in ("SEG004", "SEG005", "TRI001")] == ["ok"] * 3


def test_a_ratio_covers_what_was_planted() -> None:
    signal = only(segmented(4, volume=1.3), "SEG003")
    assert signal["interval"][0] < 1.3 < signal["interval"][1]
    assert signal["limit"] == 1.0


def test_lesions_that_are_no_longer_met_are_seen() -> None:
    run = detected(5, late_met=0.6)
    signal = only(run, "DET002", label="nodule")
    assert signal["state"] == "watch"
    assert signal["interval"][0] < 0.6 < signal["interval"][1]
    assert "false positives a scan" in signal["explains"]
    assert states(run)["DET001"] == "ok"


def test_the_froc_curve_rises_through_the_judged_point() -> None:
    run = detected(5)
    points = {float(one["subject"]["false_positives"]): one for one in signals(run, "DET003", label="nodule")}
    assert sorted(points) == [0.125, 0.25, 0.5, 2.0, 4.0, 8.0]
    met = [points[rate]["value"] for rate in (0.125, 0.25, 0.5)] + [only(run, "DET002")["value"]]
    met += [points[rate]["value"] for rate in (2.0, 4.0, 8.0)]
    assert met == sorted(met)
    assert all(one["state"] == "ok" and one["interval"] for one in points.values())
    assert "were met with 0.125 false positives (nodule) a scan" in points[0.125]["explains"]


def test_more_marks_a_unit_are_seen_and_do_not_make_a_better_detector() -> None:
    """Thrice the false marks: counted, and at one false positive a scan the sensitivity is not raised by them."""
    run = detected(6, late_extra=3.0)
    assert states(run)["DET001"] == "watch"
    signal = only(run, "DET002")
    assert signal["value"] <= signal["limit"] + 0.1
    assert float(signal["explains"].split("At ")[1].split(" ")[0]) <= 1.0


def test_a_model_that_only_classifies_has_none_of_these_signals() -> None:
    run = run_of(tables_of(DAY))
    assert states(run) == {}
    assert all(CATALOGUE[code].only_with for code in CODES)


def test_measurements_that_stop_are_not_green() -> None:
    rng = np.random.default_rng(7)
    volume = np.where(LATE, np.nan, rng.lognormal(2, 0.5, N))
    run = run_of(tables_of(DAY, measurements=measured(volume=volume)))
    assert {one["reason"] for code in ("SEG001", "SEG003") for one in signals(run, code)} == {"too_few"}
