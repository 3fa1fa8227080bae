"""The linter: no bias is denied that nobody looked for, no number stands alone, no outside test is claimed unproved."""

from typing import Any

import pytest
from cards import DECLARATION, card_of, evaluate
from worlds import ERIN, MODEL, World

from registry.cards.issue import declare
from registry.cards.lint import PROFILES, lint_card, says_none
from registry.domain.errors import UnknownNameError


@pytest.fixture
def tested(world: World) -> World:
    """Return a world with one version, tested at its own site."""
    world.register()
    evaluate(world, "internal")
    return world


def codes(world: World, record: dict[str, Any], profiles: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Return the findings on a card with a declaration."""
    declare(world.lifecycle.record, MODEL, "1", record, ERIN)
    return [(one.code, one.where) for one in lint_card(card_of(world), profiles)]


@pytest.mark.parametrize(
    "text",
    [
        "None",
        "none.",
        "NONE KNOWN",
        "N/A",
        "n.a.",
        "-",
        "No known biases.",
        "There are no known biases or disparities",
        "Free of bias",
        "The model is not biased.",
        "None identified at this time; see the user guide.",
        "Biases: none.",
        "We found no evidence of bias.",
        "\uff2e\uff2f\uff2e\uff25",
        "Nil",
        "without any bias",
        "Keine",
    ],
)
def test_a_denied_bias_beside_groups_that_nobody_assessed_is_found(tested: World, text: str) -> None:
    assert codes(tested, {"fields": {"known_biases": text}}) == [("CRD001", "known_biases")]


def test_saying_that_biases_do_not_apply_is_denying_them(tested: World) -> None:
    assert codes(tested, {"not_applicable": {"known_biases": "an image has no race"}}) == [("CRD001", "known_biases")]


@pytest.mark.parametrize(
    "text",
    [
        "Children were not compared with adults.",
        "No assessment of bias by race was made.",
        "Sensitivity is lower on scanner B.",
        "Nobody has measured biases by sex.",
        "No data on disparities are available.",
    ],
)
def test_an_honest_statement_about_biases_is_not_found(tested: World, text: str) -> None:
    assert not says_none(text)
    assert codes(tested, {"fields": {"known_biases": text}}) == []


def test_a_claim_without_n_and_interval_is_found(tested: World) -> None:
    claim = {"metric": "auc", "on": "internal", "value": "0.91"}
    full = claim | {"interval": ["0.88", "0.94"], "n": 640}
    assert codes(tested, {"claims": [full]}) == []
    for missing in ("interval", "n"):
        bare = {key: value for key, value in full.items() if key != missing}
        assert codes(tested, {"claims": [bare]}) == [("CRD002", "claim of auc on internal")]


@pytest.mark.parametrize(
    "text",
    [
        "It reaches an AUC of 0.99.",
        "Sensitivity is 95 %.",
        "With 98% specificity it is safe.",
        "AUROC: .97 (n = 400)",
        "Its accuracy was 0,93.",
        "A sensitivity of 0.95 (0.93 to 0.97).",
    ],
)
def test_a_performance_in_words_without_n_and_interval_is_found(tested: World, text: str) -> None:
    assert ("CRD002", "summary") in codes(tested, {"fields": {"summary": f"A second reader. {text}"}})


def test_a_performance_in_words_with_n_and_interval_is_not_found(tested: World) -> None:
    text = "Sensitivity was 0.85 (0.80 to 0.90, n = 210)."
    assert codes(tested, {"fields": {"summary": text}}) == []


@pytest.mark.parametrize(
    "text",
    [
        "The AUC was 0.99 (0.98 to 1.00, n = 640).",
        "Sensitivity reached 95 % (93 % to 97 %, n = 210).",
        "AUROC of .5 (.4 to .6) in 640 cases",
    ],
)
def test_words_that_contradict_what_was_measured_are_found(tested: World, text: str) -> None:
    assert codes(tested, {"fields": {"summary": text}}) == [("CRD004", "summary")]


def test_words_about_what_is_wanted_or_what_others_reach_contradict_nothing(tested: World) -> None:
    text = "The sensitivity should be at least 0.90 (0.88 to 0.95, n = 100)."
    assert codes(tested, {"fields": {"summary": text}}) == []


def test_words_about_numbers_that_are_no_performance_are_not_found(tested: World) -> None:
    assert codes(tested, {"fields": {"summary": "Slices of 0.5 to 5 mm in 1.5 T scanners, since 2024."}}) == []


def test_an_external_validation_that_is_not_on_record_is_found(tested: World) -> None:
    claim = {"metric": "auc", "on": "external-test", "value": "0.9", "interval": ["0.8", "0.95"], "n": 50}
    where = "claim of auc on external-test"
    assert codes(tested, {"claims": [claim | {"reference": "a journal"}]}) == [("CRD003", where)]
    assert codes(tested, {"fields": {"summary": "It was externally validated."}}) == [("CRD003", "summary")]
    assert codes(tested, {"fields": {"summary": "It was not externally validated."}}) == []


def test_an_external_validation_that_is_on_record_may_be_claimed(tested: World) -> None:
    evaluate(tested, "external", auc=0.9)
    assert codes(tested, {"fields": {"summary": "It was externally validated."}}) == []


def test_a_claim_that_nothing_measures_names_its_reference(tested: World) -> None:
    claim = {"metric": "auc", "on": "the vendor's trial", "value": "0.9", "interval": ["0.8", "0.95"], "n": 50}
    assert codes(tested, {"claims": [claim]}) == [("CRD006", "claim of auc on the vendor's trial")]
    assert codes(tested, {"claims": [claim | {"reference": "doi 10.1000/1"}]}) == []


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_unknown_field_of_a_profile_is_listed(tested: World, profile: str) -> None:
    found = codes(tested, DECLARATION, (profile,))
    card = card_of(tested)
    missing = [("CRD005", key) for key in PROFILES[profile] if not card.fields[key].known]
    assert found == missing
    assert missing


def test_an_unknown_profile_is_refused(tested: World) -> None:
    with pytest.raises(UnknownNameError, match="hti1"):
        lint_card(card_of(tested), ("hti2",))
