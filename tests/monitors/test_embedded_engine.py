"""The embedded engine against the pure joining rules, on random tables."""

from collections import Counter
from datetime import date
from typing import Any

import numpy as np
import pytest
from tables_at_random import RandomRows, random_rows, zone_of

from monitors.counts import Family, day_number, family_axes
from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request
from registry.domain import joining
from registry.domain.score_grid import to_grid
from registry.domain.vocabulary import age_band

AXES = ("sex", "age_band", "scanner")
SIGN = {True: "pos", False: "neg", None: "none"}
REQUEST = Request("m", zone_of, AXES)
Row = dict[str, Any]


def rows_of(family: Family, axes: tuple[str, ...]) -> Counter[tuple[Any, ...]]:
    """Return a family as a counter of plain tuples."""
    part = family.marginal(axes)
    columns = [part.labels_of(axis) if axis in part.levels else part.codes_of(axis).tolist() for axis in axes]
    return Counter(dict(zip(zip(*columns, strict=True), part.counts.tolist(), strict=True)))


def acquisition_of(row: Row, rows: RandomRows) -> Row | None:
    own = [a for a in rows.acquisitions if a["series_uid"] == row.get("series_uid")]
    study = [a for a in rows.acquisitions if a["study_uid"] == row["study_uid"]]
    return (own or sorted(study, key=lambda a: (a["acquired_at"], a["series_uid"])) or [None])[0]


def outcome_by_subject(rows: RandomRows) -> dict[tuple[Any, ...], Row]:
    found, _ = joining.analysed_outcomes(rows.outcomes)
    return {(row["unit"], row["unit_uid"], row["target"]): dict(row) for row in found}


def read_by_subject(rows: RandomRows) -> dict[tuple[Any, ...], Row]:
    return {(row["unit"], row["unit_uid"], row["target"]): dict(row) for row in joining.analysed_reads(rows.reads)}


def scope(row: Row, acquisition: Row, instant: str) -> tuple[Any, ...]:
    site = acquisition["site"]
    day = joining.day_of(instant, zone_of(site)).toordinal()
    return (day, "m", row["version"], row["target"], site, row["mode"])


def independence_text(outcome: Row | None, read: Row | None) -> str:
    if outcome is None:
        return "none"
    found = joining.independence(outcome, read)
    return "no" if not found.independent else "assumed" if found.assumed else "stated"


def expected_units(rows: RandomRows) -> Counter[tuple[Any, ...]]:
    """Count the analysed predictions one by one, by the reference rules."""
    outcomes, reads = outcome_by_subject(rows), read_by_subject(rows)
    mine = [row for row in rows.predictions if row["model"] == "m"]
    found: Counter[tuple[Any, ...]] = Counter()
    for row in joining.analysed_predictions(mine).rows:
        acquisition = acquisition_of(dict(row), rows)
        if acquisition is None:
            continue
        subject = (row["unit"], row["unit_uid"], row["target"])
        outcome = outcomes.get(subject)
        kind = independence_text(outcome, reads.get(subject))
        truth = SIGN[outcome["truth"]] if outcome and kind in {"stated", "assumed"} else "none"
        study = [a for a in rows.acquisitions if a["study_uid"] == row["study_uid"]]
        own = [a for a in rows.acquisitions if a["series_uid"] == row.get("series_uid")]
        scanner = joining.scanner_of_study(own + study, row.get("series_uid")) or ""
        axes = (acquisition["sex"] or "", age_band(acquisition["age_years"]) or "", scanner)
        key = (*scope(dict(row), acquisition, acquisition["acquired_at"]), to_grid(row["score"]), truth)
        found[(*key, SIGN[row["decision"]], *axes, acquisition["patient"])] += 1
    return found


def expected_reads(rows: RandomRows) -> Counter[tuple[Any, ...]]:
    """Count the analysed reads one by one, by the reference rules."""
    outcomes = outcome_by_subject(rows)
    mine = [row for row in rows.predictions if row["model"] == "m" and row["status"] == "scored"]
    found: Counter[tuple[Any, ...]] = Counter()
    for read in joining.analysed_reads(rows.reads):
        prediction = joining.prediction_of_read(read, mine)
        acquisition = acquisition_of(dict(prediction), rows) if prediction else None
        if prediction is None or acquisition is None:
            continue
        outcome = outcomes.get((read["unit"], read["unit_uid"], read["target"]))
        shown = {True: "yes", False: "no", None: "unknown"}[read["ai_shown"]]
        ai = SIGN[prediction["decision"]] if prediction["predicted_at"] <= read["read_at"] else "none"
        key = scope(dict(prediction), acquisition, read["read_at"])
        truth = SIGN[outcome["truth"] if outcome else None]
        read_key = (read["reader"], shown, ai, SIGN[read["decision"]], truth, independence_text(outcome, dict(read)))
        found[(*key, *read_key, acquisition["patient"])] += 1
    return found


@pytest.mark.parametrize("seed", range(12))
def test_analysed_predictions_are_those_of_the_joining_rules(seed: int) -> None:
    rows = random_rows(seed)
    counts = count_tables(rows.tables(), REQUEST)
    assert rows_of(counts["patients"], family_axes(AXES)["patients"]) == expected_units(rows)


@pytest.mark.parametrize("seed", range(12))
def test_analysed_reads_are_those_of_the_joining_rules(seed: int) -> None:
    rows = random_rows(seed)
    counts = count_tables(rows.tables(), REQUEST)
    assert rows_of(counts["read_patients"], family_axes(AXES)["read_patients"]) == expected_reads(rows)


@pytest.mark.parametrize("seed", range(4))
def test_overrides_counted_from_the_family_are_those_of_the_joining_rules(seed: int) -> None:
    rows = random_rows(seed)
    mine = [row for row in rows.predictions if row["model"] == "m" and row["status"] == "scored"]
    judged = []
    for read in joining.analysed_reads(rows.reads):
        prediction = joining.prediction_of_read(read, mine)
        if prediction and acquisition_of(dict(prediction), rows):
            judged.append(joining.override_of(read, prediction))
    family = count_tables(rows.tables(), REQUEST)["FR"].where(ai_shown="yes")
    compared = family.select(~family.is_level("ai_decision", "none"))
    ai, final = compared.labels_of("ai_decision"), compared.labels_of("read_decision")
    overridden = sum(int(n) for a, f, n in zip(ai, final, compared.counts, strict=True) if a != f)
    assert overridden == sum(one.overridden is True for one in judged)
    assert compared.total == sum(one.overridden is not None for one in judged)


@pytest.mark.parametrize("seed", range(4))
def test_findings_count_every_prediction_once_as_what_became_of_it(seed: int) -> None:
    rows = random_rows(seed)
    family = count_tables(rows.tables(), REQUEST)["FQ"]
    fates = ("analysed", "rerun", "skipped", "failed", "unjoined")
    assert sum(family.where(finding=fate).total for fate in fates) == sum(r["model"] == "m" for r in rows.predictions)


def test_every_family_is_a_marginal_of_the_patients_family() -> None:
    counts = count_tables(random_rows(3).tables(), REQUEST)
    for name, axes in family_axes(AXES).items():
        if name == "F0" or name.startswith("F1:"):
            assert counts["patients"].marginal(axes, name).digest == counts[name].digest


def test_empty_tables_give_empty_families() -> None:
    rows = RandomRows([], [], [], [])
    counts = count_tables(rows.tables(), REQUEST)
    assert {family.total for family in counts.families.values()} == {0}


def test_counting_two_halves_and_adding_is_counting_the_whole() -> None:
    rows = random_rows(5, studies=60)
    sites = [
        {row["study_uid"] for row in rows.acquisitions if (row["site"] == "north") is side} for side in (True, False)
    ]
    parts = [_of_studies(rows, studies) for studies in sites]
    known = sites[0] | sites[1]
    whole = _of_studies(rows, known)
    merged = count_tables(parts[0].tables(), REQUEST).merge(count_tables(parts[1].tables(), REQUEST))
    for name, family in count_tables(whole.tables(), REQUEST).families.items():
        assert merged[name].digest == family.digest


def _of_studies(rows: RandomRows, studies: set[str]) -> RandomRows:
    parts = (rows.acquisitions, rows.predictions, rows.reads, rows.outcomes)
    return RandomRows(*([row for row in part if row["study_uid"] in studies] for part in parts))


def test_the_day_is_the_site_local_one_even_when_the_clock_changes() -> None:
    rows = random_rows(8)
    family = count_tables(rows.tables(), REQUEST)["FA"]
    expected = Counter(joining.day_of(a["acquired_at"], zone_of(a["site"])) for a in rows.acquisitions)
    days = family.marginal(("day",))
    found = dict(zip(days.codes_of("day").tolist(), days.counts.tolist(), strict=True))
    assert found == {day.toordinal(): n for day, n in expected.items()}
    assert day_number("1970-01-01") == date(1970, 1, 1).toordinal() == 719_163


def test_scores_at_the_edges_fall_into_the_first_and_last_cell() -> None:
    cells = {0.0: 0, 1.0: 65535, 0.5: 32768, float(np.nextafter(0.5, 0)): 32767}
    rows = random_rows(1)
    for score, q in cells.items():
        one = {**rows.predictions[0], "model": "m", "status": "scored", "score": score, "decision": True}
        one["study_uid"] = rows.acquisitions[0]["study_uid"]
        only = RandomRows(rows.acquisitions, [one], [], [])
        assert count_tables(only.tables(), REQUEST)["F0"].codes_of("q").tolist() == [q]
