"""Third-party models: on the inventory by declaration, deployed and stopped by signature, never run."""

from dataclasses import replace
from typing import Any

import pytest
from worlds import ERIN, MODEL, TARGET, World

from registry.database import reading
from registry.domain.errors import AnswerIsNoError, NotAllowedError, UnknownNameError, UsageError
from registry.domain.person import UNAUTHENTICATED, Act
from registry.external_models import (
    deploy_external,
    external_deployments,
    external_model,
    external_models,
    register_external,
    require_own,
    stop_external,
)
from registry.external_told import ExternalModel
from registry.removed import removed
from registry.schema import SignatureRow
from registry.signatures import verify
from registry.versions import find

AORTIC = ExternalModel("aortic", "2.1", "ACME", "ACME Aorta", "K222329", TARGET, udi="(01)0123", owner="quinn")


@pytest.fixture
def known(world: World) -> World:
    """Return a world with one third-party model on its inventory."""
    register_external(world.lifecycle.record, AORTIC, ERIN)
    return world


def deployed(world: World, site: str = "general", mode: str = "live", model: ExternalModel = AORTIC) -> Any:
    return deploy_external(world.lifecycle.record, model, site, mode, world.signer("clara"))


def test_the_event_names_who_declared_what_and_no_files(known: World) -> None:
    (told,) = known.told("external.registered")
    (kept,) = external_models(known.lifecycle.record)
    event = known.ledger.event(kept.event_seq).record
    assert told == AORTIC.declared
    assert (kept.person, event["actor"]["person"]) == ("erin", "erin")
    assert [one["kind"] for one in event["subjects"]] == ["external-model"]


def test_the_same_declaration_twice_changes_nothing(known: World) -> None:
    size = known.ledger.head().size
    assert register_external(known.lifecycle.record, AORTIC, ERIN).person == "erin"
    assert known.ledger.head().size == size


@pytest.mark.parametrize(
    ("changed", "error", "says"),
    [
        ({"vendor": "Other"}, UsageError, "with other words"),
        ({"version": "3", "vendor": " "}, UsageError, "known by its vendor"),
        ({"version": "a b"}, UsageError, "a model's name has"),
        ({"model": "../etc"}, UsageError, "a model's name has"),
    ],
)
def test_a_declaration_that_cannot_be_kept_is_refused(
    known: World, changed: dict[str, str], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        register_external(known.lifecycle.record, replace(AORTIC, **changed), ERIN)


def test_nobody_registers_without_a_name(world: World) -> None:
    with pytest.raises(NotAllowedError, match="nobody is logged in"):
        register_external(world.lifecycle.record, AORTIC, UNAUTHENTICATED)


def test_a_name_means_one_model_whoever_made_it(known: World) -> None:
    known.register()
    with pytest.raises(UsageError, match="was trained here"):
        register_external(known.lifecycle.record, replace(AORTIC, model=MODEL), ERIN)
    draft = replace(known.lifecycle.version(MODEL), model="aortic", version="1")
    with pytest.raises(UsageError, match="is a third-party model"):
        known.lifecycle.register(draft, ERIN)


def test_who_asks_for_a_version_of_it_is_told_where_its_results_are(known: World) -> None:
    with (
        reading(known.lifecycle.record.ledger.engine) as session,
        pytest.raises(UnknownNameError, match="third party's"),
    ):
        find(session, AORTIC.model)


def test_a_deployment_is_signed_over_the_declared_identity(known: World) -> None:
    found = deployed(known)
    (stored,) = external_deployments(known.lifecycle.record)
    assert stored == found
    with known.ledger.transaction() as tx:
        row = tx.session.get_one(SignatureRow, found.signature)
        statement = verify(row.envelope, known.people)
    assert statement.act is Act.DEPLOY
    assert statement.subjects == ((f"external-model:{AORTIC.name}", AORTIC.identity),)
    assert statement.scope == {"deployment": found.deployment, "site": "general", "mode": "live"}


def test_a_clinical_lead_deploys_and_nobody_else(known: World) -> None:
    with pytest.raises(NotAllowedError):
        deploy_external(known.lifecycle.record, AORTIC, "general", "live", known.signer("erin"))
    with pytest.raises(UnknownNameError, match="site"):
        deployed(known, site="nowhere")
    with pytest.raises(UsageError, match="mode"):
        deployed(known, mode="loud")


def test_a_stop_needs_one_role_and_names_the_fallback(known: World) -> None:
    deployed(known)
    record = known.lifecycle.record
    with pytest.raises(UsageError, match="takes the model's place"):
        stop_external(record, AORTIC, "general", known.signer("otto"), " ")
    stop_external(record, AORTIC, "general", known.signer("otto"), "read without AI")
    (after,) = external_deployments(record)
    assert (after.state, after.fallback) == ("stopped", "read without AI")
    with pytest.raises(AnswerIsNoError, match="does not run"):
        stop_external(record, AORTIC, "general", known.signer("otto"), "read without AI")
    assert deployed(known).state == "live"


def test_one_version_is_live_for_a_question_at_a_site(known: World) -> None:
    deployed(known)
    newer = register_external(known.lifecycle.record, replace(AORTIC, version="3"), ERIN)
    with pytest.raises(AnswerIsNoError, match=r"aortic@2.1 is live at 'general'"):
        deployed(known, model=newer)
    assert deployed(known, mode="shadow", model=newer).mode == "shadow"
    assert deployed(known, site="elsewhere", model=newer).mode == "live"
    with pytest.raises(AnswerIsNoError, match="runs at 'general' already"):
        deployed(known, mode="shadow", model=newer)


def test_a_signature_that_was_removed_is_missed(known: World) -> None:
    found = deployed(known)
    with known.ledger.engine.begin() as connection:
        connection.execute(SignatureRow.__table__.delete().where(SignatureRow.digest == found.signature))
    with known.ledger.transaction() as tx:
        assert any("signature" in why for why in removed(tx.session))


def test_a_third_partys_model_is_not_run(known: World) -> None:
    with pytest.raises(UsageError, match="aortic is ACME Aorta of ACME: Overread does not run it"):
        require_own(known.lifecycle.record, "aortic")
    require_own(known.lifecycle.record, MODEL)


def test_a_version_is_found_by_its_name_or_as_the_newest(known: World) -> None:
    record = known.lifecycle.record
    register_external(record, replace(AORTIC, version="3"), ERIN)
    newest, first = external_model(record, "aortic"), external_model(record, "aortic", "2.1")
    assert newest is not None
    assert first is not None
    assert (newest.version, first.version) == ("3", "2.1")
    assert external_model(record, "nobody") is None
    with pytest.raises(UnknownNameError):
        external_model(record, "aortic", "9")
