"""The families of inputs, readers, work, arrivals and findings, against plain loops over the rows."""

import math
from collections import Counter
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest
from rich_tables import rich_tables
from tables_at_random import zone_of

from monitors.counts import Counts, Family
from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request, Tables
from monitors.families import MEASURED, MOMENTS, WITH_PATIENTS, further_axes, pair_axes
from monitors.value_grid import to_cells, to_numbers
from registry.domain import joining
from registry.domain.score_grid import to_grid

PAIRS = ("sex*age_band",)
REQUEST = Request("m", zone_of, ("sex", "age_band", "scanner"), pairs=PAIRS)
SEEDS = pytest.mark.parametrize("seed", range(3))


@cache
def drawn(seed: int) -> Tables:
    return rich_tables(seed)


@cache
def counted(seed: int) -> Counts:
    return count_tables(drawn(seed), REQUEST)


def cells(family: Family, *axes: str) -> Counter[tuple[Any, ...]]:
    part = family.marginal(axes)
    columns = [part.labels_of(axis) if axis in part.levels else part.codes_of(axis).tolist() for axis in axes]
    return Counter(dict(zip(zip(*columns, strict=True), part.counts.tolist(), strict=True)))


def analysed(tables: Tables) -> list[dict[str, Any]]:
    mine = [row for row in tables.predictions.to_pylist() if row["model"] == "m"]
    known = {uid for name in ("study_uid", "series_uid") for uid in tables.acquisitions[name].to_pylist()}
    rows = joining.analysed_predictions(mine).rows
    return [dict(row) for row in rows if {row["study_uid"], row.get("series_uid")} & known]


@SEEDS
def test_every_further_family_is_there_with_its_axes(seed: int) -> None:
    counts = counted(seed)
    for name, axes in further_axes(PAIRS).items():
        assert counts[name].axes == axes
    assert {name for name, axes in further_axes(PAIRS).items() if "patient" in axes} == WITH_PATIENTS
    assert sum(counts[name].total for name in ("FN:snr", "work_patients", "lesion_patients", "FF", "FE")) > 0


@SEEDS
def test_the_families_of_disjoint_studies_add_up(seed: int) -> None:
    tables = drawn(seed)
    half = pc.match_substring_regex(tables.acquisitions["study_uid"], "[02468]$")
    chosen = set(tables.acquisitions.filter(half)["study_uid"].to_pylist())
    tables = _of_known_studies(tables)
    whole, parts = (
        count_tables(tables, REQUEST),
        [count_tables(_part(tables, chosen, inside=inside), REQUEST) for inside in (True, False)],
    )
    merged = parts[0].merge(parts[1])
    assert [name for name, family in whole.families.items() if family.digest != merged[name].digest] == []


def _of_known_studies(tables: Tables) -> Tables:
    """Leave out the rows that name a unit of another study."""
    kept = {
        name: table.filter([uid != "2.25.777" for uid in table["study_uid"].to_pylist()])
        for name, table in vars(tables).items()
        if name in {"predictions", "reads", "outcomes"}
    }
    return replace(tables, **kept)


def _part(tables: Tables, chosen: set[str], *, inside: bool) -> Tables:
    def mine(table: Any) -> Any:
        return table.filter([(uid in chosen) is inside for uid in table["study_uid"].to_pylist()])

    expected = tables.expected if inside else tables.expected.slice(0, 0)
    rows = [mine(table) for table in (tables.acquisitions, tables.predictions, tables.reads, tables.outcomes)]
    return Tables(*rows, tables.findings, tables.measurements, expected)


@SEEDS
def test_a_histogram_counts_the_series_that_state_the_column(seed: int) -> None:
    tables = drawn(seed)
    rows = [row for row in tables.acquisitions.to_pylist() if row["snr"] is not None]
    expected = Counter((row["site"], row["scanner"] or "", int(to_cells(np.array([row["snr"]]))[0])) for row in rows)
    assert cells(counted(seed)["FN:snr"], "site", "scanner", "cell") == expected
    named = Counter((row["protocol_name"],) for row in tables.acquisitions.to_pylist() if row["protocol_name"])
    assert cells(counted(seed)["FK:protocol_name"], "level") == named


@SEEDS
def test_a_pair_is_the_marginal_of_all_axes(seed: int) -> None:
    counts = counted(seed)
    axes = further_axes(PAIRS)["F2:sex*age_band"]
    assert counts["F2:sex*age_band"].counts.tolist() == counts["patients"].marginal(axes).counts.tolist()


@SEEDS
def test_sums_are_those_of_the_values(seed: int) -> None:
    counts = counted(seed)
    sums, work = cells(counts["FS"], "measure", "moment"), counts["work_patients"]
    for measure in ("dose", "contrast", "turnaround", "read_time"):
        part = work.where(measure=measure)
        values = np.repeat(part.codes_of("value"), part.counts)
        assert [sums[measure, moment] for moment in MOMENTS] == [len(values), values.sum(), (values**2).sum()]


@SEEDS
def test_a_study_has_its_largest_dose_once_and_is_repeated_or_not(seed: int) -> None:
    tables = drawn(seed)
    doses: dict[str, list[float]] = {}
    for row in tables.acquisitions.to_pylist():
        if row["dlp_mgy_cm"] is not None:
            doses.setdefault(row["study_uid"], []).append(row["dlp_mgy_cm"])
    repeated = {row["study_uid"] for row in tables.acquisitions.to_pylist() if row["repeat_of"]}
    keys = {(row["study_uid"], row["version"], row["target"], row["mode"]) for row in analysed(tables)}
    expected = Counter(min(round(max(doses[key[0]])), 20_000) for key in keys if key[0] in doses)
    work = counted(seed)["work_patients"]
    assert cells(work.where(measure="dose"), "value") == Counter({(key,): n for key, n in expected.items()})
    assert work.where(measure="repeats").total == sum(key[0] in repeated for key in keys)


@SEEDS
def test_second_reads_stand_beside_final_ones(seed: int) -> None:
    tables = drawn(seed)
    by_id = {row["prediction_id"] for row in tables.predictions.to_pylist() if row["status"] == "scored"}
    named = [row for row in tables.reads.to_pylist() if row["stage"] == "second" and row["prediction_id"] in by_id]
    reactions = counted(seed)["reactions"]
    assert reactions.where(stage="second").total <= len(
        {(row["unit"], row["unit_uid"], row["target"], row["reader"]) for row in named} | {()}
    ) + sum(row["stage"] == "second" and not row["prediction_id"] for row in tables.reads.to_pylist())
    assert reactions.where(stage="final").total == counted(seed)["FR"].total


@SEEDS
def test_measurements_count_under_their_registered_unit_only(seed: int) -> None:
    tables = drawn(seed)
    ids = {row["prediction_id"] for row in analysed(tables)}
    expected = Counter(
        (row["name"].casefold(), int(to_cells(np.array([row["value"]]))[0]))
        for row in tables.measurements.to_pylist()
        if row["subject_id"] in ids and MEASURED.get(row["name"].casefold()) == row["unit"]
    )
    assert cells(counted(seed)["measure_patients"], "name", "cell") == expected


@SEEDS
def test_findings_are_counted_by_label_and_by_unit(seed: int) -> None:
    tables = drawn(seed)
    ids = {row["prediction_id"] for row in analysed(tables)}
    mine = [row for row in tables.findings.to_pylist() if row["prediction_id"] in ids]
    said = {True: "yes", False: "no", None: "unknown"}
    expected = Counter((row["label"], said[row["accepted"]]) for row in mine)
    counts = counted(seed)
    assert cells(counts["FF"], "label", "accepted") == expected
    sizes = Counter((n,) for n in Counter(row["prediction_id"] for row in mine).values())
    assert cells(counts["found_patients"], "found") == sizes


@SEEDS
def test_lesions_are_met_by_the_best_candidate_within_their_radius(seed: int) -> None:
    """Every pair by a loop: the same label, the centre within the radius of the lesion."""
    tables = drawn(seed)
    truth = {(row["unit"], row["unit_uid"], row["target"]): row for row in joining.analysed_outcomes(_rows(tables))[0]}
    reads = {
        (row["unit"], row["unit_uid"], row["target"]): row for row in joining.analysed_reads(tables.reads.to_pylist())
    }
    expected: Counter[tuple[str, int]] = Counter()
    for row in analysed(tables):
        subject = (row["unit"], row["unit_uid"], row["target"])
        outcome = truth.get(subject)
        if outcome is None or not joining.independence(outcome, reads.get(subject)).independent:
            continue
        candidates = [f for f in tables.findings.to_pylist() if f["prediction_id"] == row["prediction_id"]]
        about = [f for f in tables.findings.to_pylist() if f["outcome_key"] and f["unit_uid"] == row["unit_uid"]]
        lesions = [f for f in about if outcome["truth"] and f["unit"] == row["unit"]]
        for lesion in lesions:
            best = max((_q(c) for c in candidates if _meets(c, lesion)), default=-1)
            kind = "unsized" if _radius(lesion) is None or lesion["z_mm"] is None else "lesion"
            expected[kind, best] += 1
        for one in candidates:
            if not any(_meets(one, lesion) for lesion in lesions):
                expected["false_positive", _q(one)] += 1
    assert cells(counted(seed)["lesion_patients"], "kind", "q") == expected


def _rows(tables: Tables) -> list[dict[str, Any]]:
    return list(tables.outcomes.to_pylist())


def _q(finding: dict[str, Any]) -> int:
    return to_grid(1.0 if finding["score"] is None else finding["score"])


def _radius(lesion: dict[str, Any]) -> float | None:
    if lesion["diameter_mm"] is not None:
        return float(lesion["diameter_mm"]) / 2
    return None if lesion["volume_ml"] is None else float(math.cbrt(lesion["volume_ml"] * 750 / math.pi))


def _meets(one: dict[str, Any], lesion: dict[str, Any]) -> bool:
    radius, places = _radius(lesion), [(one[axis], lesion[axis]) for axis in ("x_mm", "y_mm", "z_mm")]
    if radius is None or one["label"] != lesion["label"] or any(None in pair for pair in places):
        return False
    return math.dist(*zip(*places, strict=True)) <= radius


@SEEDS
def test_arrivals_are_counted_by_the_hour_of_the_first_series(seed: int) -> None:
    tables = drawn(seed)
    first: dict[tuple[str, str], str] = {}
    for row in tables.acquisitions.to_pylist():
        key = (row["study_uid"], row["modality"])
        first[key] = min(first.get(key, row["acquired_at"]), row["acquired_at"])
    hours = Counter((int(datetime.fromisoformat(at).timestamp() // 3600),) for at in first.values())
    counts = counted(seed)
    assert cells(counts["FH"], "hour") == hours
    assert counts["FE"].total == sum(round(row["n"]) for row in tables.expected.to_pylist())


def test_a_cell_of_the_grid_is_narrow_and_keeps_order() -> None:
    values = np.sort(np.concatenate([[0.0, 1.0, -1.0, 5e-324, 1e60], np.random.default_rng(0).normal(0, 1e3, 500)]))
    found = to_cells(values)
    assert (np.diff(found) >= 0).all()
    assert to_numbers(found) == pytest.approx(values, rel=0.004, abs=1e-300)
    with pytest.raises(ValueError, match="finite"):
        to_cells(np.array([np.nan]))


@pytest.mark.parametrize("pair", ["sex", "sex*sex", "*", "a*b*c"])
def test_a_pair_names_two_axes(pair: str) -> None:
    with pytest.raises(ValueError, match="two different axes"):
        pair_axes(pair)
