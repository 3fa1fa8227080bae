"""There is no path from failed to approved (CHG-07): every act, the database, and an alias in MLflow are tried."""

from pathlib import Path

import pytest
from sqlalchemy import text
from worlds import ARTIFACT, MODEL, World

from registry.domain.errors import AnswerIsNoError, EvidenceMissingError, NotAllowedError, OverreadError
from registry.domain.lifecycle import VERSION_TRANSITIONS, VersionState
from registry.domain.vocabulary import Verdict
from registry.gate import ServingGate
from registry.models import MlflowModels

APPROVERS = ("quinn", "clara")


def failed(world: World) -> World:
    """Register a version that passed inside and outside, and failed once more outside."""
    world.register()
    world.evaluate("internal")
    world.evaluate("external", Verdict.FAILED)
    world.lifecycle.submit(MODEL, "1", world.signer("erin"))
    world.lifecycle.risk_review(MODEL, "1", world.signer("vera"))
    return world


def test_the_table_has_no_edge_from_rejected_and_one_way_into_approved() -> None:
    assert not [row for row in VERSION_TRANSITIONS if row.source in {VersionState.REJECTED, VersionState.RETIRED}]
    assert {row.act for row in VERSION_TRANSITIONS if row.target == VersionState.APPROVED} == {"approve"}


@pytest.mark.parametrize("person", APPROVERS)
def test_nobody_approves_it(world: World, person: str) -> None:
    failed(world)
    with pytest.raises(EvidenceMissingError, match="failed"):
        world.lifecycle.approve(MODEL, "1", world.signer(person))
    assert world.state is VersionState.VALIDATED


def test_a_later_pass_on_the_same_cohort_does_not_mend_it(world: World) -> None:
    failed(world).evaluate("external", Verdict.PASSED)
    world.lifecycle.risk_review(MODEL, "1", world.signer("vera"))
    with pytest.raises(EvidenceMissingError, match="'external' failed"):
        world.lifecycle.approve(MODEL, "1", world.signer("quinn"))
    assert [told["verdict"] for told in world.told("evaluation.completed")] == ["passed", "failed", "passed"]


def test_a_failure_that_is_withdrawn_from_the_evidence_stays_one(world: World) -> None:
    (digest,) = [one.digest for one in failed(world).lifecycle.evaluations(MODEL, "1") if one.verdict == "failed"]
    world.lifecycle.end_approval(MODEL, "1", world.signer("quinn"), "labels were wrong", digest)
    with pytest.raises(EvidenceMissingError, match="'external' failed"):
        world.lifecycle.approve(MODEL, "1", world.signer("quinn"))


def test_it_is_used_in_no_emergency(world: World) -> None:
    with pytest.raises(EvidenceMissingError, match="failed the evaluation on 'external'"):
        failed(world).lifecycle.break_glass(MODEL, "1", "general", world.signer("clara"), "read without AI", "overrun")


def test_a_rejected_one_stays_rejected(world: World) -> None:
    failed(world).lifecycle.reject(MODEL, "1", world.signer("quinn"), "it failed")
    for person in APPROVERS:
        with pytest.raises(AnswerIsNoError):
            world.lifecycle.approve(MODEL, "1", world.signer(person))
    with pytest.raises(AnswerIsNoError):
        world.lifecycle.submit(MODEL, "1", world.signer("erin"))
    assert world.state is VersionState.REJECTED


def test_it_goes_into_no_pilot(world: World) -> None:
    failed(world).lifecycle.deploy(MODEL, "1", "general", "shadow", world.signer("clara"))
    digest = world.lifecycle.evaluations(MODEL, "1")[0].digest
    with pytest.raises(EvidenceMissingError, match="needs an approval"):
        world.lifecycle.deploy(MODEL, "1", "general", "pilot", world.signer("clara"), "", digest)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE model_versions SET state = 'approved'",
        "DELETE FROM evaluations WHERE verdict = 'failed'",
        "UPDATE evaluations SET verdict = 'passed'",
        "UPDATE ledger_payloads SET payload = NULL, salt = NULL",
    ],
)
def test_who_writes_the_database_gets_no_approval(world: World, statement: str) -> None:
    failed(world)
    with world.ledger.engine.begin() as connection:
        connection.execute(text(statement))
    with pytest.raises((AnswerIsNoError, NotAllowedError)):
        world.lifecycle.approve(MODEL, "1", world.signer("quinn"))
    with pytest.raises(OverreadError):
        world.lifecycle.deploy(MODEL, "1", "general", "pilot", world.signer("clara"), "", ARTIFACT)


def test_an_alias_in_mlflow_serves_nothing(world: World, mlflow_models: MlflowModels, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "network.json").write_text("{}")
    run, number = mlflow_models.register("failed-alias", folder, {}, {})
    mlflow_models._connect().set_registered_model_alias("failed-alias", "champion", number)
    failed(world)
    gate = ServingGate(world.ledger, world.lifecycle, world.people, mlflow_models, tmp_path)
    for name in ("champion", "1", None):
        with pytest.raises(OverreadError):
            gate.admit(MODEL, name, "general")
    marks = {one.model: one.aliases for one in mlflow_models.inventory()}
    assert marks["failed-alias"] == ("champion",)
    assert world.state is VersionState.VALIDATED
    assert run
