"""The card record: each field one of four kinds, measured ones from evaluations and cohorts alone, never stale."""

from typing import Any

import pytest
from cards import DECLARATION, card_of, evaluate
from worlds import ERIN, MODEL, World

from registry.cards.declaration import declaration_from
from registry.cards.issue import card_now, declare, issue_card
from registry.domain.canonical import canonical_bytes
from registry.domain.card import FieldKind
from registry.domain.card_fields import FIELDS
from registry.domain.errors import AnswerIsNoError, IncompleteError, NotAllowedError, UsageError
from registry.domain.person import UNAUTHENTICATED, Act
from registry.domain.vocabulary import Verdict

PLAIN = {"fields": {"intended_use": "Second reader."}}


@pytest.fixture
def tested(world: World) -> World:
    """Return a world with one version, measured on both kinds of test."""
    world.register()
    evaluate(world, "internal")
    evaluate(world, "external", auc=0.87)
    return world


def test_every_field_is_of_one_of_the_four_kinds(tested: World) -> None:
    declare(tested.lifecycle.record, MODEL, "1", DECLARATION, ERIN)
    card = card_of(tested)
    assert set(card.fields) == set(FIELDS)
    assert {field.kind for field in card.fields.values()} == set(FieldKind)


def test_a_measured_value_names_the_evaluation_event_and_its_digest(tested: World) -> None:
    card = card_of(tested)
    (stored, _) = tested.lifecycle.evaluations(MODEL, "1")
    field = card.fields["validity_internal"]
    assert (field.sources[0].event_seq, field.sources[0].digest) == (stored.event_seq, stored.digest)
    assert field.value[0]["metrics"][0] == stored.record["metrics"][0]
    assert tested.ledger.event(stored.event_seq).record["type"] == "evaluation.completed"


def test_a_declared_value_names_who_and_when_and_its_event(tested: World) -> None:
    kept = declare(tested.lifecycle.record, MODEL, "1", DECLARATION, ERIN)
    field = kept.card.fields["intended_use"]
    (source,) = field.sources
    event = tested.ledger.event(source.event_seq).record
    assert (field.kind, field.by, field.at) == (FieldKind.DECLARED, "erin", event["at"])
    assert (event["type"], event["actor"]["person"]) == ("card.declared", "erin")
    assert tested.objects.get(source.digest) == canonical_bytes(declaration_from(DECLARATION))


def test_what_does_not_apply_has_a_reason(tested: World) -> None:
    kept = declare(tested.lifecycle.record, MODEL, "1", DECLARATION, ERIN)
    field = kept.card.fields["foundation_models"]
    assert (field.kind, field.value, field.reason) == (FieldKind.NOT_APPLICABLE, None, "none is used")


def test_a_version_that_was_never_tested_has_no_measured_performance(world: World) -> None:
    world.register()
    card = card_of(world)
    for key in ("validity_internal", "fairness_internal", "validity_external", "validity_local", "decision_threshold"):
        assert card.fields[key].kind is FieldKind.UNKNOWN, key
        assert card.fields[key].reason.startswith("no evaluation")
    assert card.fields["training_data"].value["cohort"] == "train"


def test_groups_that_no_test_judged_are_named(tested: World) -> None:
    card = card_of(tested)
    assert (card.assessed, card.not_assessed) == (("scanner",), ("age_band", "ethnicity", "race", "sex"))
    assert card.fields["fairness_external"].value["not_assessed"] == ["age_band", "ethnicity", "race", "sex"]


def test_the_same_inputs_give_the_same_bytes_and_one_event(tested: World) -> None:
    record = tested.lifecycle.record
    first = issue_card(record, MODEL, "1", UNAUTHENTICATED)
    tested.clock.advance(days=3)
    again = issue_card(record, MODEL, "1", UNAUTHENTICATED)
    assert (again.event_seq, again.fresh, first.fresh) == (first.event_seq, False, True)
    assert canonical_bytes(again.card.to_json()) == tested.objects.get(first.card.digest)


def test_a_declaration_needs_a_person_who_is_logged_in(tested: World) -> None:
    with pytest.raises(NotAllowedError, match="nobody is logged in"):
        declare(tested.lifecycle.record, MODEL, "1", PLAIN, UNAUTHENTICATED)


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        ({"fields": {"validity_external": "excellent"}}, "'validity_external' is measured and cannot be declared"),
        ({"fields": {"colour": "blue"}}, "unknown field 'colour'"),
        ({"fields": {"summary": 3}}, "'summary' is no text"),
        ({"fields": {"summary": " \u202e\n"}}, "'summary' is no text"),
        ({"fields": {"keywords": "MRI"}}, "'keywords' is no list"),
        ({"fields": {"summary": "a"}, "not_applicable": {"summary": "b"}}, "is declared and said not to apply"),
        ({"not_applicable": {"summary": ""}}, "does not say why"),
        ({"not_applicable": {"validity_external": "b"}}, "is measured"),
        ({"claims": [{"metric": "auc", "on": "x", "value": "high"}]}, "no decimal"),
        ({"claims": [{"metric": "auc", "on": "x", "value": "0.9", "interval": [0.95, 0.8]}]}, "the lower first"),
        ({"claims": [{"metric": "auc", "on": "x", "value": "0.9", "n": 0}]}, "its n is no whole number"),
        ({"claims": [{"metric": "beauty", "on": "x", "value": "0.9"}]}, "its metric is none of"),
        ({"claims": "many"}, "no list of tables"),
        ({"fields": []}, "no table"),
        ({"surprise": 1, "fields": {"summary": "a"}}, "unknown table"),
        ({}, "declares nothing"),
    ],
)
def test_a_declaration_outside_its_schema_is_refused_with_the_fault(record: dict[str, Any], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        declaration_from(record)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"value": "0.92"}, "declared 0.92, measured 0.9123"),
        ({"value": "0.913"}, "declared 0.913, measured 0.9123"),
        ({"interval": ["0.90", "0.94"]}, "declared lower bound 0.90, measured 0.8823"),
        ({"n": 10}, "declared n 10, measured n 640"),
        ({"metric": "patients", "value": "300", "interval": None, "n": None}, "declared 300, measured 2"),
        ({"on": "internal-test", "value": "0.99"}, "declared 0.99"),
        ({"on": "external", "value": "0.91"}, "declared 0.91, measured 0.87"),
    ],
)
def test_a_declared_number_that_contradicts_a_measured_one_is_refused_and_kept_nowhere(
    tested: World, changed: dict[str, Any], says: str
) -> None:
    size = tested.ledger.head().size
    wrong = DECLARATION | {"claims": [DECLARATION["claims"][0] | changed]}
    with pytest.raises(AnswerIsNoError, match=says):
        declare(tested.lifecycle.record, MODEL, "1", wrong, ERIN)
    assert tested.ledger.head().size == size


@pytest.mark.parametrize("value", ["0.9", "0.91", "0.912", "0.9123456789"])
def test_a_number_that_is_the_measured_one_rounded_contradicts_nothing(tested: World, value: str) -> None:
    claim = {"metric": "auc", "on": "internal", "value": value}
    assert declare(tested.lifecycle.record, MODEL, "1", PLAIN | {"claims": [claim]}, ERIN).fresh


def test_a_declared_number_never_overrides_the_measured_one(tested: World) -> None:
    card = declare(tested.lifecycle.record, MODEL, "1", DECLARATION, ERIN).card
    assert card.fields["validity_internal"].value[0]["metrics"][0]["value"] == "0.9123456789"
    assert [claim.value for claim in card.claims] == ["0.91"]


def test_the_newest_declaration_counts_whole(tested: World) -> None:
    record = tested.lifecycle.record
    declare(record, MODEL, "1", DECLARATION, ERIN)
    card = declare(record, MODEL, "1", PLAIN, ERIN).card
    assert card.fields["developer_name"].kind is FieldKind.UNKNOWN
    assert len(tested.told("card.declared")) == 2


def ready(world: World) -> World:
    """Bring a tested version to where only approvals are missing."""
    world.lifecycle.submit(MODEL, "1", world.signer("erin"))
    world.lifecycle.risk_review(MODEL, "1", world.signer("vera"))
    return world


def test_a_version_that_nobody_declared_anything_for_gets_its_card_with_its_approval(tested: World) -> None:
    decision = ready(tested).lifecycle.approve(MODEL, "1", tested.signer("quinn"))
    (issued,) = tested.told("card.issued")
    assert (issued["automatic"], issued["digest"]) == (True, card_of(tested).digest)
    signed = [one for one in tested.lifecycle.signatures(MODEL, "1") if one.statement.act is Act.APPROVE]
    assert (f"card:{MODEL}@1", issued["digest"]) in signed[0].statement.subjects
    assert decision.missing == ("clinical lead",)
    assert tested.lifecycle.approve(MODEL, "1", tested.signer("clara")).moved
    assert len(tested.told("card.issued")) == 1


def test_a_card_older_than_an_evaluation_blocks_the_release_until_it_is_issued_again(tested: World) -> None:
    record = tested.lifecycle.record
    declare(record, MODEL, "1", DECLARATION, ERIN)
    evaluate(tested, "transfer", auc=0.8)
    ready(tested)
    with pytest.raises(IncompleteError, match=f"the card of {MODEL}@1 is stale: .* other evaluations") as caught:
        tested.lifecycle.approve(MODEL, "1", tested.signer("quinn"))
    assert caught.value.exit_code == 3
    (refused,) = tested.told("version.decision_refused")
    assert "stale" in refused["why"]
    issue_card(record, MODEL, "1", ERIN)
    tested.lifecycle.approve(MODEL, "1", tested.signer("quinn"))
    assert tested.lifecycle.approve(MODEL, "1", tested.signer("clara")).moved


def test_a_claim_that_a_later_evaluation_contradicts_blocks_the_release(tested: World) -> None:
    declare(tested.lifecycle.record, MODEL, "1", DECLARATION, ERIN)
    evaluate(tested, "internal", auc=0.7, scores=b"of the same cohort again")
    ready(tested)
    with pytest.raises(AnswerIsNoError, match=r"contradicts what was measured: auc on internal: declared 0.91"):
        tested.lifecycle.approve(MODEL, "1", tested.signer("quinn"))


def test_an_approval_of_another_card_does_not_count_towards_the_quorum(tested: World) -> None:
    ready(tested).lifecycle.approve(MODEL, "1", tested.signer("quinn"))
    declare(tested.lifecycle.record, MODEL, "1", DECLARATION, ERIN)
    decision = tested.lifecycle.approve(MODEL, "1", tested.signer("clara"))
    assert (decision.moved, decision.missing) == (False, ("quality officer",))


def test_the_card_on_record_says_why_it_is_stale(tested: World) -> None:
    record = tested.lifecycle.record
    assert card_now(record, MODEL, "1")[1] == ""
    issue_card(record, MODEL, "1", ERIN)
    evaluate(tested, "transfer")
    assert card_now(record, MODEL, "1")[1] == "evaluations"


def test_an_evaluation_whose_row_was_deleted_leaves_no_card(tested: World) -> None:
    from registry.domain.errors import LedgerBrokenError
    from registry.schema import EvaluationRow

    with tested.ledger.engine.begin() as connection:
        connection.execute(EvaluationRow.__table__.delete().where(EvaluationRow.cohort == "external"))
    with pytest.raises(LedgerBrokenError, match="is gone"):
        card_of(tested)


def test_a_failed_evaluation_stands_on_the_card(world: World) -> None:
    world.register()
    world.evaluate("internal", Verdict.FAILED)
    assert card_of(world).fields["validity_internal"].value[0]["verdict"] == "failed"
