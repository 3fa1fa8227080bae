"""Running the monitors: what is counted, stored and put on record."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeClock, NoProgress
from monitored import MODEL, NOW, acquisitions, monitored_workspace, outcomes, predictions, take
from sqlalchemy import select

from pipelines.bootstrap import Workspace, init_workspace
from pipelines.usecases.monitoring_plan import earlier_plans, read_plan
from pipelines.usecases.run_monitors import MonitorRun, run_monitors, stored_run
from registry.database import reading
from registry.domain.errors import IncompleteError, UnknownNameError, UnreadableFileError, UsageError
from registry.domain.instants import instant_text
from registry.domain.joining import Known
from registry.domain.plan import MonitoringPlan
from registry.schema import MonitorRunRow


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return monitored_workspace(tmp_path / "workspace")


def run(workspace: Workspace, **options: object) -> MonitorRun:
    return run_monitors(workspace, MODEL, progress=NoProgress(), **options)  # type: ignore[arg-type]


def rows(workspace: Workspace) -> list[MonitorRunRow]:
    with reading(workspace.engine) as session:
        return list(session.scalars(select(MonitorRunRow)))


def types(workspace: Workspace) -> list[str]:
    return [event.record["type"] for event in workspace.ledger.events(100)]


def test_a_run_is_stored_by_its_digest_and_put_on_record_with_its_plan(workspace: Workspace) -> None:
    done = run(workspace)
    assert workspace.objects.get(done.digest) == done.data
    assert json.loads(done.data) == done.json
    assert done.json["as_of"] == "2026-06-01"
    assert done.json["plan"] == MonitoringPlan().digest
    assert done.json["tables"]["predictions"]["version"] == 1
    assert types(workspace)[:2] == ["monitor.completed", "plan.adopted"]
    assert {signal["state"] for signal in done.json["signals"]} >= {"ok", "not_assessed"}


@pytest.mark.parametrize("known", [Known.RECORDED, Known.ASSUMED])
def test_fixed_windows_judge_labels_by_the_day_on_which_they_were_known(tmp_path: Path, known: Known) -> None:
    """An outcome that was established in the window and heard of after it is in no signal before that day."""
    workspace = init_workspace(tmp_path / "workspace", FakeClock(NOW))
    take(workspace, "acquisitions", [row | {"available_at": row["acquired_at"]} for row in acquisitions(100, 6)])
    take(workspace, "predictions", [row | {"available_at": row["predicted_at"]} for row in predictions(100, 6, "live")])
    late = instant_text(NOW - timedelta(days=2))
    take(workspace, "outcomes", [row | {"available_at": late} for row in outcomes(100, 6)])
    days = [(NOW - timedelta(days=back)).date().isoformat() for back in (3, 2)]
    before, after = (
        {one["code"]: one for one in run(workspace, as_of=day, known=known).json["signals"] if one["code"] == "PRF003"}
        for day in days
    )
    assert (before["PRF003"]["reason"], before["PRF003"]["n"]) == ("no_outcomes", 0)
    assert after["PRF003"]["n"] > 30


def test_findings_measurements_and_what_was_expected_reach_the_monitors(workspace: Workspace) -> None:
    n = 600
    volumes = [{"subject_id": f"a{row}", "name": "volume", "value": row % 7 / 2, "unit": "mL"} for row in range(n)]
    take(workspace, "measurements", volumes)
    found = [{"finding_id": f"f{row}", "prediction_id": f"a{row}", "label": "nodule", "score": 0.5} for row in range(n)]
    take(workspace, "findings", found)
    hours = [instant_text(NOW - timedelta(days=day, hours=9)) for day in range(1, 101)]
    take(workspace, "expected", [{"site": "general", "modality": "MR", "hour": hour, "n": 6.0} for hour in hours])
    said = {signal["code"]: signal for signal in run(workspace).json["signals"]}
    assert said["SEG001"]["n"] == said["DET001"]["n"] == said["SCO002"]["n"]
    assert said["SEG001"]["value"] == pytest.approx(1 / 7, abs=0.01)
    assert said["DET001"]["value"] == 1.0
    assert said["RTG001"]["value"] == 1.0
    assert {"findings", "measurements", "expected"} <= set(run(workspace).json["tables"])


def test_the_same_content_twice_is_one_run(workspace: Workspace) -> None:
    first, second = run(workspace), run(workspace)
    assert (first.data, first.fresh, second.data, second.fresh) == (first.data, True, first.data, False)
    assert len(rows(workspace)) == 1
    assert types(workspace).count("monitor.completed") == 1


def test_a_plan_is_adopted_once_for_all_its_runs(workspace: Workspace) -> None:
    run(workspace)
    run(workspace, as_of="2026-06-02")
    run(workspace, plan=MonitoringPlan(window_days=14))
    assert len(rows(workspace)) == 3
    assert types(workspace).count("plan.adopted") == 2


def test_a_changed_plan_of_the_workspace_holds_from_the_day_of_its_first_run(workspace: Workspace) -> None:
    def periods(changed: Workspace, plan: MonitoringPlan, day: str) -> list[tuple[int, str]]:
        with reading(changed.engine) as session:
            return [(one.plan.number, one.last) for one in earlier_plans(session, MODEL, plan, day)]

    def under(number: int, day: str) -> MonitorRun:
        settings = replace(workspace.settings, monitoring={"number": number})
        return run_monitors(
            replace(workspace, settings=settings), MODEL, as_of=day, known=Known.ASSUMED, progress=NoProgress()
        )

    plans = {number: MonitoringPlan(number=number) for number in (1, 2, 3)}
    under(1, "2026-05-20")
    under(2, "2026-05-25")
    under(2, "2026-05-26")
    assert types(workspace).count("plan.adopted") == 2
    assert periods(workspace, plans[2], "2026-05-30") == [(1, "2026-05-24")]
    assert periods(workspace, plans[3], "2026-05-30") == [(1, "2026-05-24"), (2, "2026-05-29")]
    assert periods(workspace, plans[1], "2026-05-20") == []
    assert periods(workspace, plans[2], "2026-05-20") == [(1, "2026-05-19")]
    under(1, "2026-05-25")
    assert periods(workspace, plans[1], "2026-06-01") == []
    assert types(workspace).count("plan.adopted") == 3


def test_a_plan_that_is_given_to_one_run_holds_for_all_its_days(workspace: Workspace) -> None:
    run(workspace, as_of="2026-05-20", known=Known.ASSUMED)
    run(workspace, plan=MonitoringPlan(number=7), as_of="2026-05-25", known=Known.ASSUMED)
    with reading(workspace.engine) as session:
        assert earlier_plans(session, MODEL, MonitoringPlan(), "2026-05-30") == ()


def test_the_daily_series_is_stored_beside_the_run(workspace: Workspace) -> None:
    run(workspace)
    document, series = stored_run(workspace, rows(workspace)[0])
    assert document["model"] == MODEL
    assert len(series["days"]) == 100
    assert {day["n"] for day in series["days"]} == {6}
    assert series["days"][0] == {
        "version": "1",
        "mode": "live",
        "target": MODEL,
        "day": "2026-02-21",
        "n": 6,
        "n_positive": series["days"][0]["n_positive"],
        "mean_score": series["days"][0]["mean_score"],
    }


def test_rows_that_became_known_later_do_not_count(workspace: Workspace) -> None:
    before = run(workspace).data
    assert isinstance(workspace.clock, FakeClock)
    workspace.clock.advance(days=3)
    again = [
        {**row, "prediction_id": f"b{n}", "version": "2"} for n, row in enumerate(predictions(100, 6, "live")[:60])
    ]
    take(workspace, "predictions", again)
    versions = {signal["version"] for signal in run(workspace, as_of="2026-06-01").json["signals"]}
    assert versions == {signal["version"] for signal in json.loads(before)["signals"]} == {"1"}
    assert {signal["version"] for signal in run(workspace).json["signals"]} == {"1", "2"}


def test_a_day_before_anything_was_known_is_incomplete_and_says_so(workspace: Workspace) -> None:
    with pytest.raises(IncompleteError, match="became known later"):
        run(workspace, as_of="2026-05-31")
    assert rows(workspace) == []


def test_a_model_that_nobody_knows_is_named_with_the_nearest(workspace: Workspace) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'nodule'"):
        run_monitors(workspace, "nodul", progress=NoProgress())


def test_an_empty_workspace_knows_no_model(tmp_path: Path) -> None:
    empty = init_workspace(tmp_path / "empty", FakeClock(NOW))
    with pytest.raises(UnknownNameError):
        run(empty)


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "2030-01-01"])
def test_a_day_that_is_none_or_lies_ahead_is_refused(workspace: Workspace, day: str) -> None:
    with pytest.raises(UsageError):
        run(workspace, as_of=day)


def test_a_target_that_the_model_never_answered_is_unknown(workspace: Workspace) -> None:
    with pytest.raises(UnknownNameError, match="target 'another-question'"):
        run(workspace, target="another-question")


def test_a_plan_is_read_from_toml(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text('window_days = 14\nauc_floor = 0.8\nsubgroup_axes = ["sex", "age_band"]\n')
    plan = read_plan(workspace, file)
    assert (plan.window_days, plan.auc_floor, plan.subgroup_axes) == (14, "0.8", ("sex", "age_band"))
    assert plan.digest.startswith("sha256:")
    assert read_plan(workspace, None) == MonitoringPlan()


@pytest.mark.parametrize(
    "text",
    [
        "window_dayz = 14",
        "window_days = 0",
        "window_days = true",
        'window_days = "28"',
        "auc_floor = 1.5",
        'auc_floor = "high"',
        'q_limit = ""',
        'window_anchor = "tomorrow"',
        'subgroup_axes = "sex"',
        "subgroup_axes = []",
        "[actions]\nscore = ''",
    ],
)
def test_a_bad_plan_is_refused_in_one_line(workspace: Workspace, tmp_path: Path, text: str) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"plan\.toml"):
        read_plan(workspace, file)


def test_a_plan_that_is_no_toml_or_no_file_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("window_days =")
    for name in ("broken.toml", "absent.toml"):
        with pytest.raises(UnreadableFileError):
            read_plan(workspace, tmp_path / name)


def test_the_day_is_that_of_the_clock_unless_given(workspace: Workspace) -> None:
    assert isinstance(workspace.clock, FakeClock)
    workspace.clock.at += timedelta(days=2)
    assert run(workspace).json["as_of"] == "2026-06-03"


def test_embeddings_are_read_where_predictions_carry_them(tmp_path: Path) -> None:
    workspace = init_workspace(tmp_path / "workspace", FakeClock(NOW))
    vectors = np.random.default_rng(3).normal(size=(600, 4))
    vectors[-28 * 6 :] += 1.0  # the window's
    take(workspace, "acquisitions", acquisitions(100, 6))
    scored = predictions(100, 6, "live")
    take(workspace, "predictions", [row | {"embedding": at} for row, at in zip(scored, vectors.tolist(), strict=True)])
    (signal,) = [one for one in run(workspace).json["signals"] if one["code"] == "INP004"]
    assert (signal["state"], signal["n"]) == ("watch", 27 * 6)  # the last day has none yet
