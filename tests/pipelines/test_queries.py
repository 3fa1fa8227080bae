"""What pages and reports are told: read from the record, as it stands at the end of the period that was asked for."""

from dataclasses import replace
from pathlib import Path

import pytest
from dossiers import dossier as rich_dossier
from fakes import FakeClock, NoProgress
from intake_workspace import TARGET
from trained_workspace import clara, images_of

from pipelines.bootstrap import Workspace
from pipelines.charts_data import daily_points
from pipelines.doctor.finding import State
from pipelines.doctor.watch import monitoring
from pipelines.dossiers import NOT_VERIFIED, newest_run
from pipelines.queries import RecordQueries
from pipelines.usecases.predict import predict
from pipelines.usecases.run_monitors import MonitorRun, run_monitors
from pipelines.watched import EXTERNAL, UNREGISTERED
from registry.domain.dossier import Dossier
from registry.domain.errors import NotAllowedError, UnknownNameError, UsageError
from registry.domain.vocabulary import Mode


@pytest.fixture(scope="module")
def watched(trained: Workspace, trained_root: Path) -> tuple[Workspace, MonitorRun]:
    """Return the workspace once the deployed version scored a study, was refused a decision and was monitored."""
    study = images_of(trained_root) / "general" / "000"
    predict(trained, TARGET, "1", [study], "general", mode=Mode.SHADOW, progress=NoProgress())
    with pytest.raises(NotAllowedError):
        trained.lifecycle.submit(TARGET, "1", clara(trained), "not an engineer")
    return trained, run_monitors(trained, TARGET, progress=NoProgress())


@pytest.fixture(scope="module")
def dossier(watched: tuple[Workspace, MonitorRun]) -> Dossier:
    """Return the dossier of the deployed version."""
    return RecordQueries(watched[0]).dossier(TARGET, "1", None)


def test_the_dossier_holds_what_is_on_record(watched: tuple[Workspace, MonitorRun], dossier: Dossier) -> None:
    workspace, run = watched
    stored = workspace.lifecycle.evaluations(TARGET, "1")
    assert [view.digest for view in dossier.evaluations] == [found.digest for found in stored]
    assert {cohort.name for cohort in dossier.cohorts} >= {"train", "tune", "internal"}
    assert {one.site for one in dossier.deployments} == {"general", "elsewhere"}
    assert dossier.monitor == run.json
    assert dossier.synthetic


def test_the_fleet_names_each_signer_once_with_the_acts(watched: tuple[Workspace, MonitorRun]) -> None:
    workspace, _ = watched
    signatures = [one.statement for one in workspace.lifecycle.signatures(TARGET, "1")]
    (row,) = [row for row in RecordQueries(workspace).fleet() if (row.model, row.version) == (TARGET, "1")]
    acts: dict[str, set[str]] = {}
    for one in signatures:
        acts.setdefault(one.printed_name, set()).add(one.act)
    assert len(signatures) > len(acts)
    told = dict(text.removesuffix(")").split(" (") for text in row.signed_by)
    assert {name: set(signed.split(", ")) for name, signed in told.items()} == acts


def test_a_model_that_was_trained_here_is_none_of_others(watched: tuple[Workspace, MonitorRun]) -> None:
    queries = RecordQueries(watched[0])
    assert queries.watched(TARGET, None, None) is None
    states = {row.state for row in queries.fleet() if row.model == TARGET}
    assert states
    assert not states & {EXTERNAL, UNREGISTERED}


def test_the_doctor_names_a_deployed_model_that_was_not_monitored_as_often_as_planned(
    watched: tuple[Workspace, MonitorRun],
) -> None:
    later, settings = FakeClock(), replace(watched[0].settings, monitoring={"cadence_days": 7})
    (now,) = monitoring(watched[0])
    later.advance(days=3)
    (late,) = monitoring(replace(watched[0], clock=later))
    (weekly,) = monitoring(replace(watched[0], clock=later, settings=settings))
    assert (now.state, weekly.state) == (State.OK, State.OK)
    assert late.state == State.WATCH
    assert late.says.startswith(f"last run of {TARGET} (2026-")


def test_its_cohorts_have_the_counts_of_the_frozen_ones(
    watched: tuple[Workspace, MonitorRun], dossier: Dossier
) -> None:
    cohort = watched[0].cohorts.get("internal")
    (view,) = [one for one in dossier.cohorts if one.name == "internal"]
    assert (view.units, view.positive, view.patients) == (len(cohort.units), cohort.positive, len(cohort.patients()))
    assert (view.sites, view.digest, view.flow) == (("general",), cohort.digest, cohort.flow)


def test_its_curves_come_from_the_stored_scores(dossier: Dossier) -> None:
    view = next(one for one in dossier.evaluations if one.record["cohort"] == "internal")
    ends = [(point.false_positive_rate, point.true_positive_rate) for point in (view.roc[0], view.roc[-1])]
    assert ends == [(0.0, 0.0), (1.0, 1.0)]
    area = sum(
        (after.false_positive_rate - before.false_positive_rate)
        * (after.true_positive_rate + before.true_positive_rate)
        / 2
        for before, after in zip(view.roc, view.roc[1:], strict=False)
    )
    stored = next(metric["value"] for metric in view.record["metrics"] if metric["name"] == "auc")
    assert area == pytest.approx(float(stored), abs=1e-9)
    n = next(metric["n"] for metric in view.record["metrics"] if metric["name"] == "auc")
    assert sum(entry.n for entry in view.reliability) == n


def test_its_signatures_have_name_role_meaning_and_event(dossier: Dossier) -> None:
    signed = [one for one in dossier.signatures if one.printed_name == "Clara"]
    assert {one.role for one in signed} == {"clinical lead"}
    assert "responsibility: lets this version run at the site in this mode" in {one.meaning for one in signed}
    assert all(one.event_seq > 0 and one.key_id and one.statement_digest for one in signed)


def test_refused_decisions_are_part_of_it(dossier: Dossier) -> None:
    (refusal,) = [one for one in dossier.refused_decisions if one["act"] == "submit"]
    assert refusal["person"] == "clara"
    assert "may not sign 'submit'" in refusal["why"]


def test_a_page_does_not_claim_that_the_ledger_was_verified_and_a_report_verifies_it(
    watched: tuple[Workspace, MonitorRun], dossier: Dossier
) -> None:
    assert dossier.ledger_verdict == NOT_VERIFIED
    verified = RecordQueries(watched[0], verify=True).dossier(TARGET, "1", None)
    assert verified.ledger_verdict.startswith("VERIFIED: ")


def test_a_period_that_ended_before_holds_nothing_that_came_later(watched: tuple[Workspace, MonitorRun]) -> None:
    early = RecordQueries(watched[0]).dossier(TARGET, "1", "2025")
    assert early.period == ("2025-01-01", "2025-12-31")
    assert (early.deployments, early.signatures, early.evaluations, early.monitor) == ((), (), (), None)
    assert early.refused_decisions == ()
    assert "No evaluation is on record." in early.limits


def test_unknown_names_and_periods_that_are_none_are_refused(watched: tuple[Workspace, MonitorRun]) -> None:
    queries = RecordQueries(watched[0])
    with pytest.raises(UnknownNameError):
        queries.dossier("lesion-visibel", None, None)
    with pytest.raises(UsageError, match="not a period"):
        queries.dossier(TARGET, "1", "2026-Q5")


def test_the_fleet_has_one_row_a_model_with_its_newest_version(watched: tuple[Workspace, MonitorRun]) -> None:
    workspace, run = watched
    (row,) = [one for one in RecordQueries(workspace).fleet() if one.model == TARGET]
    newest = workspace.lifecycle.version(TARGET)
    assert (row.version, row.state, row.synthetic) == (newest.version, newest.state.value, True)
    assert row.last_monitored == run.json["as_of"]
    assert sum(row.signals.values()) == len(run.json["signals"])
    assert row.open_alerts == 0


def test_the_newest_run_is_that_of_the_latest_day_and_of_none_for_another_model(
    watched: tuple[Workspace, MonitorRun],
) -> None:
    workspace, run = watched
    found = newest_run(workspace, TARGET)
    assert found is not None
    assert found.digest == run.digest
    assert newest_run(workspace, "another") is None


def test_the_log_says_why_a_decision_was_refused(watched: tuple[Workspace, MonitorRun]) -> None:
    rows = RecordQueries(watched[0]).ledger(1000)
    refused = [row for row in rows if row.type == "version.decision_refused"]
    assert refused
    assert all(row.reason for row in refused)


def test_everything_on_record_begins_with_the_first_scored_day(dossier: Dossier) -> None:
    days = [point.day for point in dossier.daily]
    assert days
    assert dossier.period[0] == min(days[0], dossier.model.registered_at[:10])


def test_a_period_shows_no_day_outside_it(watched: tuple[Workspace, MonitorRun], dossier: Dossier) -> None:
    found = RecordQueries(watched[0]).dossier(TARGET, "1", f"{dossier.period[1]}..9999-12-31")
    assert all(point.day >= dossier.period[1] for point in found.daily)


def test_ledger_rows_have_the_newest_event_first_with_its_title(watched: tuple[Workspace, MonitorRun]) -> None:
    rows = RecordQueries(watched[0]).ledger(5)
    assert [row.seq for row in rows] == sorted((row.seq for row in rows), reverse=True)
    assert len(rows) == 5
    assert all(row.title and row.type for row in rows)


def test_the_daily_series_is_of_the_version_and_of_live_use_where_there_is_any() -> None:
    day = {"day": "2026-03-01", "version": "1", "mode": "shadow", "n": 3, "n_positive": 1, "mean_score": 0.25}
    series = {"days": [day, day | {"version": "2", "n": 9}, day | {"mode": "live", "n": 5}]}
    assert [point.n for point in daily_points(series, "1")] == [5]
    assert [point.n for point in daily_points(series, "2")] == [9]
    assert daily_points(series, "3") == ()
    assert daily_points(None, "1") == ()


def test_the_rich_dossier_of_other_tests_has_the_fields_of_a_real_one(dossier: Dossier) -> None:
    assert vars(rich_dossier()).keys() == vars(dossier).keys()
