"""The same path as a Dagster job: same use cases, checks from contracts and verdicts."""

import dagster as dg
import pytest
from command import LENIENT, MAP, Command, new_workspace

from pipelines.bootstrap import open_workspace
from pipelines.defs.verdicts import SEVERITY, acceptance_check, contract_check
from pipelines.usecases.launch_schedules import Launch
from registry.domain.person import Actor
from registry.domain.schedule import WorkKind
from registry.domain.vocabulary import Verdict
from validation.contracts import ContractResult

Played = tuple[Command, dg.ExecuteInProcessResult, dg.ExecuteInProcessResult]
ENGINEER = Actor("engineer", "engineer", "session")
PIPELINE = """
[pipeline]
target = "lesion-visible"
seed = 1
epochs = 2
[[pipeline.dicom]]
path = "{hospital}/dicom/general"
site = "general"
synthetic = true
[[pipeline.outcomes]]
file = "{hospital}/labels.csv"
map = "{map}"
[[pipeline.cohorts]]
name = "train-1"
role = "train"
select = ["site=general", "patients=0-40%"]
[[pipeline.cohorts]]
name = "tune-1"
role = "tune"
select = ["site=general", "patients=40-60%"]
[[pipeline.cohorts]]
name = "internal-1"
role = "internal-test"
select = ["site=general", "patients=60-100%"]
[pipeline.protocol]
{protocol}[[pipeline.predict]]
path = "{hospital}/dicom/general"
site = "general"
mode = "shadow"
"""


@pytest.fixture(scope="module")
def played(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Command, dg.ExecuteInProcessResult, dg.ExecuteInProcessResult]:
    """Run both jobs in process, with the signatures between them by the command line."""
    from pipelines.definitions import defs
    from pipelines.defs.resources import WorkspaceResource

    folder = tmp_path_factory.mktemp("dagster")
    command = new_workspace(folder)
    hospital = folder / "hospital"
    command.well("simulate", "hospital", hospital, "--studies", 220, "--until", "2026-06-30", "--seed", 7)
    (folder / "map.toml").write_text(MAP)
    with (command.root / "overread.toml").open("a") as settings:
        settings.write(PIPELINE.format(hospital=hospital, protocol=LENIENT, map=folder / "map.toml"))
    resources = {"workspace": WorkspaceResource(root=str(command.root))}
    with dg.DagsterInstance.ephemeral() as instance:
        first = defs.resolve_job_def("retrain").execute_in_process(instance=instance, resources=resources)
        assert command.sign("deploy", "clinician", "--site", "general", "--mode", "shadow").code == 0
        second = defs.resolve_job_def("watch").execute_in_process(
            instance=instance, resources=resources, partition_key="2026-06-30"
        )
    return command, first, second


def test_a_scheduled_report_carries_who_set_the_schedule_and_another_run_of_it_issues_none(played: Played) -> None:
    from pipelines.definitions import defs
    from pipelines.defs.resources import WorkspaceResource
    from pipelines.defs.scheduling.sensors import run_request

    command, _, _ = played
    workspace = open_workspace(command.root)
    schedule = workspace.schedules.set(WorkKind.REPORT, "lesion-visible", "0 4 1 * *", "UTC", ENGINEER)
    ticket = workspace.tickets.issue(schedule, "report", workspace.clock.now())
    request = run_request(Launch("key", "report", "2026-06", "lesion-visible", schedule.name, ticket))
    job, resources = defs.resolve_job_def("report"), {"workspace": WorkspaceResource(root=str(command.root))}
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(2):
            job.execute_in_process(
                instance=instance,
                resources=resources,
                run_config=request.run_config,
                tags=dict(request.tags),
                partition_key=request.partition_key,
            )
    newest, before = workspace.ledger.events(2)
    assert (newest.record["type"], before.record["type"]) == ("report.issued", "schedule.set")
    assert newest.record["actor"] == {"person": "engineer", "role": "engineer", "auth": "schedule"}
    assert (command.root / "reports" / "lesion-visible-1-2026-06.pdf").exists()


def checks(result: dg.ExecuteInProcessResult) -> dict[str, tuple[bool, dg.AssetCheckSeverity]]:
    """Return every check's outcome by `asset:check`."""
    found = [
        event.asset_check_evaluation_data
        for event in result.all_events
        if event.event_type_value == "ASSET_CHECK_EVALUATION"
    ]
    return {f"{one.asset_key.to_user_string()}:{one.check_name}": (one.passed, one.severity) for one in found}


def test_the_retrain_job_makes_the_assets(played: Played) -> None:
    _, first, _ = played
    assert first.success
    made = {event.asset_key.to_user_string() for event in first.get_asset_materialization_events()}
    assert made == {"acquisitions", "outcomes", "cohorts", "model_version", "evaluations"}


def test_its_checks_are_the_contracts_and_the_verdicts(played: Played) -> None:
    command, first, _ = played
    found = checks(first)
    assert found["acquisitions:contract"][0]
    assert found["outcomes:contract"][0]
    verdict = command("models", "show", "lesion-visible@1", "--json").json["evaluations"][0]["verdict"]
    assert found["evaluations:internal_test"][0] is (verdict == "passed")
    assert found["evaluations:external_test"] == (False, dg.AssetCheckSeverity.WARN), "no such cohort is not assessed"


def test_the_watch_job_scores_monitors_and_reports(played: Played) -> None:
    command, _, second = played
    assert second.success
    assert checks(second)["predictions:contract"][0]
    assert list((command.root / "reports").glob("*.pdf"))


def test_an_appendix_without_a_reference_is_told_and_not_made(played: Played) -> None:
    _, _, second = played
    assert checks(second)["drift_appendix:comparable"] == (False, dg.AssetCheckSeverity.WARN)


def test_the_jobs_act_in_the_name_of_who_is_logged_in(played: Played) -> None:
    command, _, _ = played
    assert command("models", "list", "--json").json["versions"][0]["trained_by"] == "engineer"


def test_the_definitions_load() -> None:
    from pipelines.definitions import defs

    dg.Definitions.validate_loadable(defs)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_only_a_failed_verdict_is_an_error_and_only_a_passed_one_passes(verdict: Verdict) -> None:
    check = acceptance_check("evaluations", "internal_test", verdict, "why")
    assert check.passed is (verdict is Verdict.PASSED)
    assert (check.severity is dg.AssetCheckSeverity.ERROR) is (verdict is Verdict.FAILED)
    assert set(SEVERITY) == set(Verdict)


def test_a_broken_contract_is_an_error_that_blocks() -> None:
    broken = contract_check("outcomes", ContractResult("outcomes", success=False, rows=3, checked=9, failures=()))
    assert not broken.passed
    assert broken.severity is dg.AssetCheckSeverity.ERROR
