"""Groups on a card: measured where a test judged them, with the event; unknown, and said so, where none did."""

from dataclasses import replace

import pytest
from cards import DECLARATION, card_of, estimates
from groups_told import some_groups
from worlds import ERIN, MODEL, World

from registry.cards.atlas import atlas_record
from registry.cards.chai import chai_xml
from registry.cards.hti1 import hti1_record
from registry.cards.issue import declare
from registry.cards.lint import lint_card
from registry.cards.words import text_of
from registry.domain.card import Card, FieldKind
from registry.domain.group_report import GroupReport
from registry.domain.person import Actor, PersonRole


def judged(world: World, *cohorts: str, groups: GroupReport | None = None) -> Card:
    """Register a version, judge it and its groups on cohorts, and return its card."""
    world.register()
    for cohort in cohorts:
        told = replace(world.evaluation(cohort), metrics=estimates(), groups=groups or some_groups())
        world.lifecycle.record_evaluation(told, ERIN)
    return card_of(world)


def test_an_axis_of_which_two_groups_were_judged_is_assessed_and_measured_by_the_evaluation(world: World) -> None:
    card = judged(world, "internal", "external")
    assert (card.assessed, card.not_assessed) == (("scanner", "sex"), ("age_band", "ethnicity", "race"))
    field = card.fields["fairness_external"]
    assert field.kind is FieldKind.MEASURED
    (stored,) = [one for one in world.lifecycle.evaluations(card.model, "1") if one.cohort == "external"]
    assert ("evaluation", stored.event_seq) in {(one.kind, one.event_seq) for one in field.sources}
    (test,) = field.value["tests"]
    assert [one for one in test["groups"] if one["name"] == "auc:sex=F"] == [
        one for one in stored.record["groups"]["found"] if one["name"] == "auc:sex=F"
    ]


def test_one_group_alone_is_no_assessment_however_many_metrics_it_has(world: World) -> None:
    told = some_groups()
    women = replace(told, found=tuple(one for one in told.found if one.group != "M"))
    assert "sex" in judged(world, "internal", groups=women).not_assessed


def test_every_format_tells_the_group_with_n_and_interval_and_what_nobody_stated(world: World) -> None:
    card = judged(world, "internal", "external")
    text = text_of(card, "fairness_external")
    assert (
        "auc:sex=F 0.901 (0.861 to 0.931, n 310, 24 patients), -0.012 to the rest (-0.072 to +0.048, q 0.430)" in text
    )
    assert "auc:sex=O not assessed (too_few: 3 patients of a class; needs 10; n 3, 3 patients)" in text
    assert "race not assessed (suppressed: no legal basis is on record)" in text
    assert "sex unknown in 0.030 of the units" in text
    (fairness,) = [one for one in hti1_record(card)["attributes"] if one["title"] == "Fairness in external data"]
    assert (fairness["kind"], "auc:sex=F 0.901" in fairness["text"]) == ("measured", True)
    assert "auc:sex=F on external" in chai_xml(card).decode()
    assert "auc:sex=F 0.901" in atlas_record(card)["Model"]["Model performance"]["Comments"]


def test_whom_the_external_data_represent_is_measured_where_the_test_states_it(world: World) -> None:
    card = judged(world, "internal", "external")
    field = card.fields["external_demographics"]
    assert field.kind is FieldKind.MEASURED
    assert field.value[0]["stated"] == {"sex": {"F": 310, "M": 310, "O": 3}}
    assert text_of(card, "external_demographics") == "external (2 units): sex F 310, M 310, O 3, unknown share 0.030."


def test_a_declaration_speaks_of_them_where_no_test_does(world: World) -> None:
    silent = replace(some_groups(), found=())
    judged(world, "internal", "external", groups=silent)
    said = DECLARATION | {"fields": {"external_demographics": "Adults of one region."}, "claims": []}
    declare(world.lifecycle.record, MODEL, "1", said, Actor("vera", PersonRole.VALIDATOR.value, "session"))
    assert card_of(world).fields["external_demographics"].kind is FieldKind.DECLARED


@pytest.mark.parametrize("words", ["None", "no known biases", "free of bias"])
def test_biases_are_not_denied_beside_age_and_race_that_nobody_assessed(world: World, words: str) -> None:
    card = judged(world, "internal", "external")
    biases = replace(card.fields["known_biases"], value=words)
    denied = replace(card, fields=dict(card.fields) | {"known_biases": biases})
    (found,) = [one for one in lint_card(denied, ()) if one.code == "CRD001"]
    assert found.what == "biases are denied, but not assessed are: age_band, ethnicity, race"
