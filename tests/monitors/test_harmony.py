"""Harmonisation check: fitted on the reference, seen to hold or to fail in the window, unseen scanners told apart."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from planted import PLAN, VERSIONS, Hospital, only, signals
from seen import kept_of

from monitors.beside import Beside
from monitors.engine.embedded import count_tables
from monitors.engine.quality_rows import QualitySeen
from monitors.engine.tables import Request, Tables, axes_of
from monitors.harmony import share_between
from monitors.run import Occasion, monitor_run
from registry.domain.joining import Known

REQUEST = Request("m", lambda _: "UTC", axes_of(PLAN))
LATE = 92 * 20  # rows of the hospital before its window


def measured(moved: float = 0.0, unseen: int = 0) -> Tables:
    """Give series two measures with a scanner's own level and spread; scanner s2 moves in the window."""
    tables = Hospital().tables()
    scanner = np.array(tables.acquisitions["scanner"].to_pylist())
    code = np.array([int(name[1:]) for name in scanner])
    late = np.arange(len(code)) >= LATE
    rng = np.random.default_rng(5)
    columns = {}
    for place, name in enumerate(("snr", "cnr")):
        noise = rng.normal(size=len(code)) * (1 + 0.5 * code)
        columns[name] = pa.array(20 + 3 * code * (1 + place) + noise + moved * (late & (code == 2)))
    names = [("s9" if row >= len(scanner) - unseen else one) for row, one in enumerate(scanner.tolist())]
    table = tables.acquisitions.set_column(tables.acquisitions.column_names.index("scanner"), "scanner", [names])
    for name, column in columns.items():
        table = table.append_column(name, column)
    return replace(tables, acquisitions=table)


def run(tables: Tables) -> dict[str, Any]:
    occasion = Occasion("m", "2026-04-30", Known.RECORDED, VERSIONS)
    beside = Beside((), kept_of(QualitySeen(REQUEST), tables.acquisitions))
    return monitor_run(count_tables(tables, REQUEST), PLAN, occasion, beside=beside)


def test_a_harmonisation_that_still_fits_leaves_no_scanner_effect() -> None:
    found = run(measured())
    for name, between in (("snr", 0.75), ("cnr", 0.92)):
        signal = only(found, "SCN009", quality=name)
        assert signal["value"] < 0.02
        before = float(signal["explains"].split("harmonisation it is ")[1].split(" %")[0]) / 100
        assert before == pytest.approx(between, abs=0.08)
        assert " times the smallest before and 1.0" in signal["explains"] or "and 1.1" in signal["explains"]
    assert (only(found, "SCN010")["state"], only(found, "SCN010")["value"]) == ("ok", 0.0)


def test_a_scanner_that_moved_since_the_reference_is_not_harmonised_away() -> None:
    signal = only(run(measured(moved=6.0)), "SCN009", quality="snr")
    assert signal["value"] > 0.3
    assert signal["interval"][0] > 0.2


def test_a_scanner_that_the_reference_does_not_hold_is_flagged_and_left_out() -> None:
    found = run(measured(unseen=40))
    signal = only(found, "SCN010")
    assert (signal["state"], round(signal["value"] * signal["n"])) == ("watch", 40)
    assert "s9" in signal["explains"]
    assert only(found, "SCN009", quality="snr")["n"] == signal["n"] - 40


def test_series_without_two_measures_have_no_check() -> None:
    tables = measured()
    assert kept_of(QualitySeen(REQUEST), tables.acquisitions.drop_columns("cnr")) is None
    assert signals(run(Hospital().tables()), "SCN009") == []


def test_the_share_between_scanners_is_that_of_a_one_way_analysis_of_variance() -> None:
    """Shrout and Fleiss's ICC(1) by hand: three groups of four."""
    values = np.array([1.0, 2.0, 3.0, 2.0, 5.0, 6.0, 7.0, 6.0, 4.0, 4.0, 5.0, 3.0])
    code = np.repeat(np.arange(3), 4)
    means = values.reshape(3, 4).mean(axis=1)
    among = 4 * ((means - values.mean()) ** 2).sum() / 2
    within = ((values.reshape(3, 4) - means[:, None]) ** 2).sum() / 9
    assert share_between(values, code, np.ones(12)) == pytest.approx((among - within) / (among + 3 * within))
