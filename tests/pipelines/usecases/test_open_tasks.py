"""What asks for work by itself: alerts, strata outside the envelope, approvals at their end; once a cause."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from monitored import take
from opened_worlds import opened
from worlds import MODEL, World

from pipelines.bootstrap import Workspace
from pipelines.doctor.approvals import approvals
from pipelines.doctor.finding import State
from pipelines.usecases.envelope import unseen_strata
from pipelines.usecases.open_tasks import (
    ask_for_retraining,
    ask_for_revalidation,
    settle_tasks,
    suspend_unseen_strata,
    watch_approvals,
)
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.lifecycle import VersionState
from registry.domain.person import SERVICE, actor_record

YEAR = "[governance]\napproval_valid_days = 365\napproval_warn_days = 30\n"


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Found a world with an approved version."""
    root = tmp_path_factory.mktemp("founded")
    world = World.found(root)
    again = World(root, world.clock.at)
    again.approved()
    again.close()
    return again


@pytest.fixture
def world(founded: World, tmp_path: Path) -> Iterator[World]:
    """Return a copy of it, an hour later."""
    copy = founded.copy(tmp_path / "world")
    yield copy
    copy.close()


@pytest.fixture
def workspace(world: World) -> Workspace:
    """Return it as a workspace."""
    return opened(world, YEAR)


def alert(workspace: Workspace, name: str, cause: Any, model: str = MODEL) -> None:
    """Put an alert on record."""
    payload = {"alert": name, "model": model, "code": "SCO001", "cause": cause, "record": "sha256:" + "0" * 64}
    with workspace.ledger.transaction() as tx:
        tx.append(EventDraft("alert.opened", actor_record(SERVICE), (Subject("alert", name),), payload))


def series(study: str, site: str, scanner: str, software: str = "v1", protocol: str = "head") -> dict[str, Any]:
    """Return one acquisition."""
    return {
        "series_uid": f"{study}-9",
        "study_uid": study,
        "patient": f"p:{study}",
        "site": site,
        "acquired_at": "2026-03-02T11:00:00.000000Z",
        "modality": "MR",
        "scanner": scanner,
        "software_versions": software,
        "protocol_name": protocol,
    }


def test_an_alert_asks_for_retraining_once(workspace: Workspace, world: World) -> None:
    alert(workspace, "a" * 16, {"kind": "software", "who": "scanner 3"})
    alert(workspace, "b" * 16, {"kind": "software", "who": "scanner 3"})
    (task,) = ask_for_retraining(workspace)
    assert (task.kind, task.model) == ("retrain", MODEL)
    assert "software scanner 3" in task.why
    assert ask_for_retraining(workspace) == []
    assert len(world.told("task.opened")) == 1


def test_other_causes_and_other_models_ask_for_themselves(workspace: Workspace) -> None:
    alert(workspace, "a" * 16, {"kind": "software", "who": "scanner 3"})
    alert(workspace, "b" * 16, {"kind": "subgroup", "who": "sex F"})
    alert(workspace, "c" * 16, "subgroup sex F", "other")
    assert len(ask_for_retraining(workspace)) == 3


def test_an_open_task_is_told_with_the_model_and_counted_in_the_fleet(workspace: Workspace, world: World) -> None:
    from pipelines.queries import RecordQueries

    world.register(artifact="sha256:" + "1" * 64)
    alert(workspace, "a" * 16, {"kind": "software", "who": "scanner 3"})
    ask_for_retraining(workspace)
    queries = RecordQueries(workspace)
    assert [limit for limit in queries.dossier(MODEL, "2", None).limits if "software scanner 3" in limit]
    assert queries.fleet()[0].open_tasks == 1


@pytest.mark.parametrize("kind", ["reader", "routing"])
def test_what_no_retraining_mends_asks_for_none(workspace: Workspace, kind: str) -> None:
    alert(workspace, "a" * 16, {"kind": kind, "who": "somebody"})
    assert ask_for_retraining(workspace) == []


def test_a_version_registered_since_closes_the_task_and_a_later_alert_asks_anew(
    workspace: Workspace, world: World
) -> None:
    alert(workspace, "a" * 16, {"kind": "model", "who": MODEL})
    ask_for_retraining(workspace)
    assert settle_tasks(workspace) == []
    world.register(artifact="sha256:" + "1" * 64)
    assert len(settle_tasks(workspace)) == 1
    assert workspace.tasks.open() == []
    assert ask_for_retraining(workspace) == []
    alert(workspace, "b" * 16, {"kind": "model", "who": MODEL})
    assert len(ask_for_retraining(workspace)) == 1


def test_what_lies_outside_the_envelope_asks_for_revalidation_once_a_stratum(
    workspace: Workspace, world: World
) -> None:
    validated = series("internal-0", "general", "s-1")
    take(workspace, "acquisitions", [validated, series("x", "general", "s-1"), series("y", "general", "s-2", "v2")])
    assert ask_for_revalidation(workspace) == [], "nothing runs anywhere"
    world.lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara"))
    take(workspace, "acquisitions", [series("z", "elsewhere", "s-7") | {"acquired_at": late(workspace)}])
    take(workspace, "acquisitions", [series("w", "general", "s-2", "v2") | {"acquired_at": late(workspace)}])
    asked = ask_for_revalidation(workspace)
    assert [task.cause.partition(": ")[2] for task in asked] == ["scanner s-2", "software v2"]
    assert ask_for_revalidation(workspace) == []


def test_of_studies_acquired_before_the_deployment_only_those_that_were_scored_are_met(
    workspace: Workspace, world: World
) -> None:
    take(workspace, "acquisitions", [series("internal-0", "general", "s-1")])
    old = [series("old", "general", "s-8"), series("other", "general", "s-9")]
    take(workspace, "acquisitions", [row | {"acquired_at": "2020-01-01T00:00:00.000000Z"} for row in old])
    world.lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara"))
    assert [one.value for one in unseen_strata(workspace)] == []
    at = {"predicted_at": late(workspace), "score": 0.5, "decision": True, "target": MODEL}
    scored = [(MODEL, "1", old[0]), (MODEL, "2", old[1])]
    rows = [
        {"prediction_id": f"p{place}", "model": model, "version": version, "study_uid": row["study_uid"]} | at
        for place, (model, version, row) in enumerate(scored)
    ]
    take(workspace, "predictions", rows)
    assert "s-8" in {one.value for one in unseen_strata(workspace)}
    assert "s-9" not in {one.value for one in unseen_strata(workspace)}


def test_an_unseen_stratum_suspends_a_live_version_there_alone_and_once(workspace: Workspace, world: World) -> None:
    take(workspace, "acquisitions", [series("internal-0", "general", "s-1")])
    placed = world.go_live("1")
    take(workspace, "acquisitions", [series("q", "general", "s-2", "v2") | {"acquired_at": late(workspace)}])
    assert len(suspend_unseen_strata(workspace)) == 2
    assert suspend_unseen_strata(workspace) == []
    found = world.lifecycle.suspensions(MODEL)
    assert [one.stratum.text for one in found] == ["scanner=s-2", "software_versions=v2"]
    assert world.lifecycle.deployment(placed.deployment).state == "live"
    assert len(ask_for_revalidation(workspace)) == 2
    for one in found:
        world.lifecycle.resume_stratum(placed.deployment, one.stratum, world.signer("clara"), "validated by hand")
    assert suspend_unseen_strata(workspace) == []
    assert not any(one.in_force for one in world.lifecycle.suspensions(MODEL))


def test_in_shadow_an_unseen_stratum_suspends_nothing(workspace: Workspace, world: World) -> None:
    world.lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara"))
    take(workspace, "acquisitions", [series("q", "general", "s-2") | {"acquired_at": late(workspace)}])
    assert suspend_unseen_strata(workspace) == []
    assert len(ask_for_revalidation(workspace)) == 3


def test_a_revalidation_is_closed_once_the_stratum_is_validated(workspace: Workspace, world: World) -> None:
    world.lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara"))
    take(workspace, "acquisitions", [series("q", "general", "s-2") | {"acquired_at": late(workspace)}])
    assert len(ask_for_revalidation(workspace)) == 3
    assert settle_tasks(workspace) == []
    take(workspace, "acquisitions", [series("external-1", "elsewhere", "s-2")])
    assert len(settle_tasks(workspace)) == 3


def late(workspace: Workspace) -> str:
    """Return an acquisition time after everything so far."""
    return instant_text(workspace.clock.now())


def test_an_approval_asks_for_revalidation_a_month_before_it_lapses_and_then_lapses(
    workspace: Workspace, world: World
) -> None:
    assert watch_approvals(workspace) == []
    world.clock.advance(days=340)
    (said,) = watch_approvals(workspace)
    assert "lapses on 2027-03-02" in said
    assert watch_approvals(workspace) == []
    world.clock.advance(days=26)
    assert watch_approvals(workspace) == [f"the approval of {MODEL}@1 lapsed"]
    assert world.state is VersionState.LAPSED
    assert watch_approvals(workspace) == []


def test_the_doctor_names_what_each_approval_lacks_today_and_the_command_that_mends_it(
    workspace: Workspace, world: World
) -> None:
    (found,) = approvals(workspace)
    assert found.state is State.WATCH
    assert (
        f"{MODEL}@1 was approved before files were signed for release: overread models release {MODEL}@1" in found.says
    )
    assert f"{MODEL}@1 was validated before groups were judged: overread validate {MODEL}@1" in found.says
    world.lifecycle.sign_tier(MODEL, "high", world.signer("quinn"), "it now rules out")
    world.clock.advance(days=340)
    (found,) = approvals(workspace)
    assert f"its model is in tier high now: overread models approve {MODEL}@1" in found.says
    assert f"{MODEL}@1 is approved until 2027-03-02: overread validate" in found.says
    world.clock.advance(days=26)
    (found,) = approvals(workspace)
    assert (found.state, found.says.partition(" ")[0]) == (State.OK, "0")
