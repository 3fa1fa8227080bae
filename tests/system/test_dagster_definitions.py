"""What Dagster automates is reviewed: every change of it shows up in `definitions.json`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from definition_snapshot import snapshot, text_of
from fakes import FakeClock
from monitored import MODEL, monitored_workspace

from pipelines.bootstrap import open_workspace
from pipelines.defs.retries import PATIENCE, final_unless_passing
from pipelines.defs.verdicts import SIGNAL_SEVERITY, signal_check
from pipelines.settings import FILE_NAME
from pipelines.usecases.dagster_home import MARK, SETTINGS, prepare_home
from registry.domain.errors import NotAllowedError, ServiceUnreachableError
from registry.domain.person import UNAUTHENTICATED
from registry.domain.schedule import WorkKind
from registry.domain.vocabulary import SignalState

GOLDEN = Path(__file__).with_name("definitions.json")
ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


@pytest.fixture(scope="module")
def automated() -> dict[str, Any]:
    """Return the snapshot of the code location."""
    from pipelines.definitions import defs

    return snapshot(defs)


def test_what_is_automated_is_what_was_reviewed(automated: dict[str, Any]) -> None:
    assert text_of(automated) == GOLDEN.read_text(), "renew it: python tests/system/definition_snapshot.py > ….json"


def test_every_sensor_runs_by_itself_and_nothing_else_does(automated: dict[str, Any]) -> None:
    assert {sensor["status"] for sensor in automated["sensors"].values()} == {"RUNNING"}
    assert automated["schedules"] == [], "schedules are on record, and one sensor runs them"


def test_ranges_of_days_and_months_are_one_run(automated: dict[str, Any]) -> None:
    for asset in automated["assets"].values():
        assert (asset["partitions"] is None) is (asset["backfill"] is None)
        assert asset["backfill"] in {None, "SINGLE_RUN"}


def test_what_computes_on_the_gpu_waits_in_one_pool(automated: dict[str, Any]) -> None:
    pooled = {name for name, asset in automated["assets"].items() if asset["pool"] == "gpu"}
    assert pooled == {"model_version", "evaluations", "predictions"}


@pytest.mark.parametrize(
    ("state", "passed", "severity"),
    [
        (SignalState.OK, True, WARN),
        (SignalState.WATCH, False, WARN),
        (SignalState.NOT_ASSESSED, False, WARN),
        (SignalState.ALERT, False, ERROR),
    ],
)
def test_only_an_alert_is_an_error_and_only_ok_passes(
    state: SignalState, *, passed: bool, severity: dg.AssetCheckSeverity
) -> None:
    check = signal_check("monitor_run", "score", state, "why")
    assert (check.passed, check.severity) == (passed, severity)
    assert set(SIGNAL_SEVERITY) == set(SignalState)


def test_every_sensor_looks_at_the_workspace_and_a_due_tick_asks_for_one_run(tmp_path: Path) -> None:
    from pipelines.definitions import defs
    from pipelines.defs.resources import WorkspaceResource

    monitored_workspace(tmp_path / "workspace", days=3, per_day=1).engine.dispose()
    workspace = open_workspace(tmp_path / "workspace", FakeClock(datetime.now(UTC) - timedelta(minutes=2)))
    workspace.schedules.set(WorkKind.MONITOR, MODEL, "* * * * *", "UTC", UNAUTHENTICATED)
    resources = {"workspace": WorkspaceResource(root=str(workspace.root))}
    with dg.DagsterInstance.ephemeral() as instance:
        looks = {
            sensor.name: sensor.evaluate_tick(
                dg.build_sensor_context(instance=instance, resources=resources, definitions=defs)
            )
            for sensor in defs.sensors or ()
            if isinstance(sensor, dg.SensorDefinition)
        }
    assert [request.job_name for request in looks["scheduled_work"].run_requests or ()] == ["daily"]
    (checked,) = looks["mlflow_reconciliation"].asset_events
    assert isinstance(checked, dg.AssetCheckEvaluation)
    assert (checked.passed, checked.check_name) == (True, "mlflow_matches_ledger")
    said = {name: look.skip_message for name, look in looks.items() if not (look.run_requests or look.asset_events)}
    assert said == {
        "alerts_ask_for_retraining": "nothing new asks for work",
        "unseen_asks_for_revalidation": "nothing new asks for work",
        "done_work_is_closed": "0 tasks closed",
        "approvals_at_their_end": "no approval is at its end",
    }


DAYS = dg.DailyPartitionsDefinition("2026-01-01")


@pytest.mark.parametrize(
    ("tags", "days"),
    [
        ({"dagster/partition": "2026-02-03"}, ["2026-02-03"]),
        (
            {
                "dagster/asset_partition_range_start": "2026-02-27",
                "dagster/asset_partition_range_end": "2026-03-01",
            },
            ["2026-02-27", "2026-02-28", "2026-03-01"],
        ),
    ],
)
def test_a_run_is_for_its_day_or_its_range(tags: dict[str, str], days: list[str]) -> None:
    from pipelines.defs.partitions import days_of

    seen: list[str] = []

    @dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
    def observed(context: dg.AssetExecutionContext) -> None:
        seen.extend(day.isoformat() for day in days_of(context))

    job = dg.Definitions([observed], jobs=[dg.define_asset_job("job", [observed])]).resolve_job_def("job")
    assert job.execute_in_process(tags=tags, partition_key=tags.get("dagster/partition")).success
    assert seen == days


def failing(error: Exception) -> tuple[int, bool]:
    """Run an asset that fails with an error, and return how often it was tried and whether the run succeeded."""
    tries = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=PATIENCE.max_retries, delay=0))
    def fragile() -> None:
        tries.append(1)
        with final_unless_passing():
            raise error

    done = dg.materialize([fragile], raise_on_error=False, instance=dg.DagsterInstance.ephemeral())
    return len(tries), done.success


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (ServiceUnreachableError("the database does not answer"), 1 + PATIENCE.max_retries),
        (ConnectionResetError(), 1 + PATIENCE.max_retries),
        (NotAllowedError("not deployed there"), 1),
        (KeyError("a slip of ours"), 1),
    ],
)
def test_only_services_that_do_not_answer_are_tried_again(error: Exception, tries: int) -> None:
    assert failing(error) == (tries, False)


def test_the_home_has_one_place_in_each_pool_and_retries_dead_workers(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("")
    home = prepare_home(tmp_path)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_settings["free_slots_after_run_end_seconds"]
        assert instance.run_retries_enabled
        assert instance.get_concurrency_config().pool_config.default_pool_limit == 1
        assert not instance.telemetry_enabled


def test_a_home_that_overread_wrote_is_brought_up_to_date_and_another_kept(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("")
    place = prepare_home(tmp_path) / "dagster.yaml"
    place.write_text(f"{MARK} long ago\n")
    prepare_home(tmp_path)
    assert place.read_text() == SETTINGS
    place.write_text("# ours\n")
    prepare_home(tmp_path)
    assert place.read_text() == "# ours\n"
