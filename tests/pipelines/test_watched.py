"""Models that were not trained here stand on the fleet page, and have a page and a report of their own."""

import io
import json
from pathlib import Path

import pikepdf
import pytest
from fakes import NoProgress
from monitored import MODEL, monitored_workspace
from worlds import ERIN, PASSPHRASE, teach

from pipelines.bootstrap import Workspace
from pipelines.queries import RecordQueries
from pipelines.usecases.issue_report import issue_report
from pipelines.usecases.run_monitors import run_monitors
from registry.domain.dossier import FleetRow
from registry.domain.errors import UnknownNameError, UsageError
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole
from registry.external_models import deploy_external, register_external, stop_external
from registry.external_told import ExternalModel
from registry.schema import SiteRow

ACME = ExternalModel(MODEL, "1", "ACME", "ACME Nodule", "K222329", MODEL, owner="The chest group")


@pytest.fixture
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace with the results of a model that nobody registered."""
    found = monitored_workspace(tmp_path_factory.mktemp("watched") / "workspace", days=12)
    found.people.add("clara", "Clara", (PersonRole.CLINICAL_LEAD,), PASSPHRASE, LOCAL_ADMINISTRATOR)
    teach(found.people, "clara")
    with found.ledger.transaction() as tx:
        tx.session.merge(SiteRow(site="general", time_zone="UTC"))
    return found


def only_row(workspace: Workspace) -> FleetRow:
    """Return the one row of the fleet."""
    (row,) = RecordQueries(workspace).fleet()
    return row


def test_results_that_nobody_registered_are_shown_as_such_once_they_are_monitored(workspace: Workspace) -> None:
    assert RecordQueries(workspace).fleet() == []
    assert RecordQueries(workspace).watched(MODEL, None, None) is None
    run = run_monitors(workspace, MODEL, progress=NoProgress())
    row, view = only_row(workspace), RecordQueries(workspace).watched(MODEL, None, None)
    assert view is not None
    assert (row.model, row.version, row.state, row.deployments) == (MODEL, "1", "unregistered", ())
    assert sum(row.signals.values()) == len(run.json["signals"])
    assert row.last_monitored == run.json["as_of"]
    assert (view.registered, view.declared, view.monitor) == (False, {}, run.json)
    assert sum(day.n for day in view.daily) == 12 * 6


def test_a_third_partys_model_stands_on_the_fleet_before_it_is_monitored(workspace: Workspace) -> None:
    register_external(workspace.lifecycle.record, ACME, ERIN)
    row = only_row(workspace)
    assert (row.version, row.target, row.state, row.last_monitored) == ("1", MODEL, "external", "")
    view = RecordQueries(workspace).watched(MODEL, None, None)
    assert view is not None
    assert (view.monitor, view.declared["owner"]) == (None, "The chest group")
    assert "udi" not in view.declared


def test_its_deployments_are_shown_as_they_stand_and_who_signed(workspace: Workspace) -> None:
    record, clara = workspace.lifecycle.record, workspace.people.unlock("clara", PASSPHRASE)
    register_external(record, ACME, ERIN)
    deploy_external(record, ACME, "general", "live", clara)
    row = only_row(workspace)
    assert (row.deployments, row.signed_by) == (("general: live",), ("Clara (deploy)",))
    stop_external(record, ACME, "general", workspace.people.unlock("clara", PASSPHRASE), "read without AI", "done")
    view = RecordQueries(workspace).watched(MODEL, None, None)
    assert only_row(workspace).deployments == ("general: stopped",)
    assert view is not None
    assert [(one["state"], one["fallback"]) for one in view.deployments] == [("stopped", "read without AI")]


def test_the_report_on_a_third_partys_model_carries_its_numbers_and_is_on_record(
    workspace: Workspace, tmp_path: Path
) -> None:
    run = run_monitors(workspace, MODEL, progress=NoProgress())
    with pytest.raises(UsageError, match="on no inventory"):
        issue_report(workspace, MODEL, None, None, "pdf", None)
    register_external(workspace.lifecycle.record, ACME, ERIN)
    made = issue_report(workspace, MODEL, None, None, "pdf", tmp_path / "report.pdf")
    with pikepdf.open(io.BytesIO(made.file.read_bytes())) as document:
        told = json.loads(document.attachments["metrics.json"].get_file().read_bytes())
    assert (told["monitor"], told["declared"]["vendor"]) == (run.json, "ACME")
    event = workspace.ledger.events(1)[0].record
    assert event["type"] == "report.issued"
    assert {one["kind"]: one["digest"] for one in event["subjects"]} == {
        "external-model": ACME.identity,
        "report": made.digest,
    }
    text = issue_report(workspace, MODEL, "1", "2026-05", "html", None).file.read_text()
    assert "It was not validated here" in text
    assert "2026-05-01 to 2026-05-31" in text


def test_a_period_shows_what_was_there_by_then(workspace: Workspace) -> None:
    register_external(workspace.lifecycle.record, ACME, ERIN)
    deploy_external(workspace.lifecycle.record, ACME, "general", "live", workspace.people.unlock("clara", PASSPHRASE))
    run_monitors(workspace, MODEL, progress=NoProgress())
    view = RecordQueries(workspace).watched(MODEL, "1", "2020")
    assert view is not None
    assert (view.monitor, view.daily, view.deployments, view.period) == (None, (), (), ("2020-01-01", "2020-12-31"))
    with pytest.raises(UnknownNameError):
        RecordQueries(workspace).watched(MODEL, "9", None)
    with pytest.raises(UsageError):
        RecordQueries(workspace).watched(MODEL, None, "soon")
