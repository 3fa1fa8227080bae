"""Models that were not trained here stand on the fleet page and have a page of their own."""

import pytest
from fakes import NoProgress
from monitored import MODEL, monitored_workspace
from worlds import ERIN, PASSPHRASE, teach

from pipelines.bootstrap import Workspace
from pipelines.queries import RecordQueries
from pipelines.usecases.run_monitors import run_monitors
from registry.domain.dossier import FleetRow
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
    assert RecordQueries(workspace).watched(MODEL) is None
    run = run_monitors(workspace, MODEL, progress=NoProgress())
    row, view = only_row(workspace), RecordQueries(workspace).watched(MODEL)
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
    view = RecordQueries(workspace).watched(MODEL)
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
    view = RecordQueries(workspace).watched(MODEL)
    assert only_row(workspace).deployments == ("general: stopped",)
    assert view is not None
    assert [(one["state"], one["fallback"]) for one in view.deployments] == [("stopped", "read without AI")]
