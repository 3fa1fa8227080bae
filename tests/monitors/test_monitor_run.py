"""One run of the monitors: its JSON, its bytes, and what it says about planted failures."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from planted import PLAN, VERSIONS, Hospital, only, signals
from referencing import Registry, Resource

from monitors.catalogue import CATALOGUE
from monitors.engine.embedded import count_tables
from monitors.engine.tables import Request, Tables, axes_of
from monitors.run import Occasion, monitor_json, monitor_run
from registry.domain.joining import Known
from registry.domain.plan import MonitoringPlan, plan_from

ROOT = Path(__file__).parents[2]
SCHEMAS = {
    path.name: json.loads(path.read_text()) for path in (ROOT / "docs/reference/schemas").glob("monitor-*.schema.json")
}


@pytest.fixture(scope="module")
def calm() -> dict[str, Any]:
    """Return the run of a hospital in which nothing happens."""
    return Hospital().run()


def validate(document: dict[str, Any], name: str) -> None:
    resources = [(key, Resource.from_contents(schema)) for key, schema in SCHEMAS.items()]
    validator = jsonschema.Draft202012Validator(SCHEMAS[name], registry=Registry().with_resources(resources))
    validator.validate(document)


def states(run: dict[str, Any], monitor: str) -> set[str]:
    return {signal["state"] for signal in run["signals"] if signal["monitor"] == monitor}


def test_a_run_is_valid_and_so_is_a_replay_of_runs(calm: dict[str, Any]) -> None:
    validate(json.loads(monitor_json(calm)), "monitor-run.schema.json")
    validate({"runs": [calm], "alerts": []}, "monitor-replay.schema.json")


def test_the_schema_refuses_an_alert_without_evidence_and_silence_without_a_reason(calm: dict[str, Any]) -> None:
    for change in ({"state": "alert"}, {"state": "not_assessed", "reason": None}, {"state": "fine"}, {"extra": 1}):
        wrong = calm | {"signals": [only(calm, "PRF001") | change]}
        with pytest.raises(jsonschema.ValidationError):
            validate(wrong, "monitor-run.schema.json")


def test_the_same_tables_plan_and_day_give_the_same_bytes() -> None:
    hospital = Hospital(repeat=3, days=100)
    first, second = (monitor_json(hospital.run(as_of="2026-04-10")) for _ in range(2))
    assert first == second
    assert b"NaN" not in first


def test_the_bytes_do_not_depend_on_the_order_of_rows() -> None:
    hospital = Hospital(repeat=3, days=100)
    turned = Tables(*(table.take(list(range(table.num_rows))[::-1]) for table in vars(hospital.tables()).values()))
    counts = count_tables(turned, Request("m", lambda _: "UTC", axes_of(PLAN)))
    run = monitor_run(counts, PLAN, Occasion("m", "2026-04-10", Known.RECORDED, VERSIONS))
    assert monitor_json(run) == monitor_json(hospital.run(as_of="2026-04-10"))


def test_every_number_has_twelve_significant_digits(calm: dict[str, Any]) -> None:
    for signal in calm["signals"]:
        for value in (signal["value"], signal["limit"], signal["p_value"], *(signal["interval"] or ())):
            assert value is None or value == float(f"{value:.12g}")


def test_every_code_of_the_catalogue_is_in_a_run_and_no_other(calm: dict[str, Any]) -> None:
    always = {code for code, entry in CATALOGUE.items() if not entry.only_with}
    assert {signal["code"] for signal in calm["signals"]} == always


def test_only_the_sequential_layer_raises_an_alert_and_it_has_one_cause() -> None:
    run = Hospital(shift=1.0, per_day=30).run()
    validate(json.loads(monitor_json(run)), "monitor-run.schema.json")
    assert [(alert["state"], alert["cause"]["kind"]) for alert in run["alerts"]] == [("open", "input")]
    raised = {signal["code"] for signal in run["signals"] if signal["state"] == "alert"}
    assert raised
    assert all(code.startswith("SEQ") for code in raised)


def test_nothing_planted_raises_nothing(calm: dict[str, Any]) -> None:
    assert [signal["code"] for signal in calm["signals"] if signal["state"] == "watch"] == []


def test_a_shift_of_the_scores_is_seen_by_distribution_rate_and_calibration() -> None:
    run = Hospital(shift=0.8).run()
    assert [only(run, code)["state"] for code in ("SCO001", "SCO002", "CAL001")] == ["watch"] * 3
    assert only(run, "SCO002")["value"] > only(run, "SCO002")["limit"]


def test_a_loss_of_skill_is_seen_by_the_area_against_the_reference() -> None:
    signal = only(Hospital(late_skill=1.0).run(), "PRF001")
    assert signal["state"] == "watch"
    assert signal["interval"][1] < signal["limit"]


def test_a_floor_of_the_plan_takes_the_place_of_the_reference() -> None:
    floors = {"auc_floor": 0.97, "sensitivity_floor": 0.99, "specificity_floor": "0.2"}
    run = Hospital().run(plan_from(floors))
    assert [only(run, code)["limit"] for code in ("PRF001", "PRF002", "PRF003")] == [0.97, 0.99, 0.2]
    assert [only(run, code)["state"] for code in ("PRF001", "PRF002", "PRF003")] == ["watch", "watch", "ok"]


def test_a_loss_of_skill_in_women_is_seen_in_their_group() -> None:
    run = Hospital(bad_sex=1.5, per_day=30).run()
    signal = only(run, "SUB001", **{"axis:sex": "F"})
    assert signal["state"] == "watch"
    assert signal["value"] < 0
    assert only(run, "SUB003", **{"axis:sex": "F"})["value"] < only(run, "SUB003", **{"axis:sex": "M"})["value"]


def test_a_scanner_that_lifts_scores_stands_out_in_the_funnel() -> None:
    run = Hospital(bad_scanner=2.0, per_day=30).run()
    worst = max(signals(run, "SCN001"), key=lambda signal: signal["value"])
    assert worst["subject"] == {"scanner": "s2"}
    assert worst["state"] == "watch"
    assert worst["value"] > worst["limit"]
    assert "over-dispersion" in worst["explains"]


def test_more_overrides_are_seen_and_the_four_cells_add_up() -> None:
    run = Hospital(late_overrides=0.3).run()
    rate, cells = only(run, "OVR001"), signals(run, "OVR002")
    assert rate["state"] == "watch"
    assert sum(cell["value"] for cell in cells) == pytest.approx(1.0)
    assert sum(cell["n_positive"] for cell in cells) == rate["n"]
    discordant = [cell["n_positive"] for cell in cells if cell["subject"]["cell"] in {"ai+read-", "ai-read+"}]
    assert sum(discordant) == rate["n_positive"]


def test_readers_are_never_named(calm: dict[str, Any]) -> None:
    assert only(calm, "OVR004")["subject"] == {"reader": "restricted"}
    assert b"dr1" not in monitor_json(calm)


def test_reads_in_which_the_answer_was_hidden_give_no_override_rate() -> None:
    run = Hospital(mode="shadow", shown=False).run()
    rate = only(run, "OVR001")
    assert (rate["state"], rate["reason"], rate["n"]) == ("not_assessed", "too_few", 0)
    assert "not shown" in rate["explains"]
    assert {signal["mode"] for signal in run["signals"]} == {"shadow"}


def test_reads_that_do_not_say_whether_the_answer_was_shown_are_their_own_class() -> None:
    run = Hospital(shown=None).run()
    assert only(run, "OVR003")["value"] == 1.0
    assert only(run, "OVR001")["reason"] == "too_few"


def test_synthetic_reads_say_so() -> None:
    run = Hospital(attributes='{"simulated_display":"true","synthetic":"true"}').run()
    assert "560 of the reads are synthetic" in only(run, "OVR001")["explains"]
    assert "simulated too" in only(run, "OVR001")["explains"]


def test_retrospective_predictions_are_not_monitored() -> None:
    assert Hospital(mode="retrospective").run()["signals"] == []


def test_several_sites_have_their_own_signals_and_one_of_all() -> None:
    run = Hospital(sites=("north", "south"), per_day=30).run()
    own = [only(run, "SCO001", site=site) for site in ("north", "south", None)]
    assert own[0]["n"] + own[1]["n"] == own[2]["n"]
    assert len({one["reference"]["digest"] for one in own}) == 3


def test_a_window_inside_the_reference_is_not_compared_but_shown() -> None:
    run = Hospital(days=70).run(as_of="2026-03-11")
    for code in ("SCO001", "SCO002", "PRF001", "PRF002", "OVR001"):
        signal = only(run, code)
        assert (signal["state"], signal["reason"], signal["p_value"]) == ("not_assessed", "too_few", None)
        assert "reference period" in signal["explains"]
    assert only(run, "PRF001")["value"] is not None
    assert {signal["state"] for signal in signals(run, "SUB001")} == {"ok"}


def test_a_window_without_units_is_not_green() -> None:
    run = Hospital().run(as_of="2027-01-01")
    assert states(run, "score") == states(run, "performance") == states(run, "scanner") == {"not_assessed"}


def test_a_window_can_end_at_the_last_unit_instead() -> None:
    run = Hospital().run(MonitoringPlan(window_anchor="last_unit"), as_of="2027-01-01")
    assert only(run, "SCO001")["window"] == {"start": "2026-04-03", "end": "2026-04-30"}
    assert only(run, "SCO001")["state"] == "ok"


def test_a_small_group_keeps_its_rows() -> None:
    run = Hospital(per_day=2).run()
    rows = signals(run, "SUB001")
    assert {row["subject"]["axis:sex"] for row in rows} == {"F", "M"}
    assert {(row["state"], row["reason"], row["value"]) for row in rows} == {("not_assessed", "too_few", None)}


def test_an_attribute_that_nobody_states_is_said_to_be_missing() -> None:
    run = Hospital().run(MonitoringPlan(subgroup_axes=("ethnicity",)))
    assert {signal["reason"] for signal in signals(run, "SUB001")} == {"attribute_missing"}
    assert only(run, "SUB005")["value"] == 1.0


def test_age_bands_are_groups() -> None:
    run = Hospital(per_day=40).run(MonitoringPlan(subgroup_axes=("age_band",)))
    bands = {signal["subject"]["axis:age_band"] for signal in signals(run, "SUB001")}
    assert bands == {"18-39", "40-64", "65-79", "80+"}


def test_without_outcomes_performance_is_not_assessed_but_scores_are() -> None:
    run = Hospital(labelled=0.0, late_labelled=0.0).run()
    codes = ("PRF001", "PRF002", "PRF003", "PRF004", "CAL001", "SCN002", "DAT002")
    assert {only(run, code)["reason"] for code in codes} == {"no_outcomes"}
    assert only(run, "SCO001")["state"] == "ok"


def test_labels_that_have_not_ripened_are_shown_hollow() -> None:
    run = Hospital(late_labelled=0.5, per_day=40).run()
    signal = only(run, "PRF001")
    assert (signal["state"], signal["reason"]) == ("not_assessed", "immature")
    assert signal["value"] is not None
    assert signal["interval"] is not None


def test_verification_that_depends_on_the_answer_gives_no_sensitivity() -> None:
    tables = Hospital().tables()
    import pyarrow.compute as pc

    called = tables.predictions.filter(tables.predictions["decision"])["study_uid"]
    kept = tables.outcomes.filter(pc.is_in(tables.outcomes["study_uid"], value_set=called.combine_chunks()))
    counts = count_tables(
        Tables(tables.acquisitions, tables.predictions, tables.reads, kept),
        Request("m", lambda _: "UTC", axes_of(PLAN)),
    )
    run = monitor_run(counts, PLAN, Occasion("m", "2026-04-30", Known.RECORDED, VERSIONS))
    assert {only(run, code)["reason"] for code in ("PRF001", "PRF002", "PRF003")} == {"verification"}
    assert only(run, "PRF002")["value"] is None


def test_independence_that_is_not_stated_is_said_to_be_assumed(calm: dict[str, Any]) -> None:
    assert "independence" in only(calm, "PRF002")["assumes"]


def test_importing_all_monitors_loads_no_framework() -> None:
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "monitors").rglob("[a-z]*.py")]
    heavy = "dagster mlflow sqlalchemy evidently great_expectations torch monai pandas pyarrow scipy"
    code = f"import sys, {', '.join(names)}; print([name for name in {heavy.split()} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
