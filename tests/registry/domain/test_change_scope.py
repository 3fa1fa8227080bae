"""Each synthetic change has its class: in is what the plan lists; what it does not list, or nobody recorded, is out."""

from collections.abc import Mapping
from typing import Any

import pytest
from change_plans import plan_record
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.change_plan import ChangePlan, change_plan_from, plan_faults
from registry.domain.change_scope import Classification, Scope, Stage, VersionFacts, classify, facts_faults
from registry.domain.plan_covers import COVERABLE
from registry.domain.vocabulary import Verdict

IN, OUT, UNCLEAR = Scope.IN, Scope.OUT, Scope.UNCLEAR
COVERS: Mapping[str, Mapping[str, list[str]]] = {
    "retrain": {"training_studies": ["*"]},
    "new-scanner": {
        "scanners": ["*"],
        "sites": ["riverside"],
        "scanner_models": ["Verio", "Prisma"],
        "manufacturers": ["Siemens"],
        "threshold_rule": ["sensitivity>=0.95"],
    },
    "local-tuning": {"recipe": ["fine-tuned"]},
}
BASE: dict[str, tuple[str, ...]] = {
    "target": ("nodule",),
    "intended_use": ("marks slices that hold a lesion",),
    "training_studies": ("studies-1",),
    "sites": ("general",),
    "scanners": ("p:one", "p:two"),
    "modalities": ("CT",),
    "manufacturers": ("GE",),
    "scanner_models": ("Revolution",),
    "scanner_software": ("VA10",),
    "protocols": ("p:chest",),
    "body_parts": ("CHEST",),
    "labels": ("consensus",),
    "architecture": ("densenet",),
    "preprocessing": ("96x96",),
    "threshold_rule": ("youden",),
    "recipe": ("adamw",),
    "software": ("lock-1",),
    "roll_out": ("*",),
}


def plan() -> ChangePlan:
    record = plan_record("nodule", "plan-test")
    entry, cells = record["description_of_modifications"][0], record["modification_protocol"]["retrain"]
    roll_outs = {"local-tuning": "local"}
    record["description_of_modifications"] = [
        {**entry, "id": name, "covers": dict(covers), "roll_out": roll_outs.get(name, "global")}
        for name, covers in COVERS.items()
    ]
    record["modification_protocol"]["local-tuning"] = cells
    record["impact_assessment"]["local-tuning"] = record["impact_assessment"]["retrain"]
    return change_plan_from(record)


def facts(**changes: tuple[str, ...]) -> VersionFacts:
    return VersionFacts({key: value for key, value in (BASE | changes).items() if value}, {})


def judged(changes: Mapping[str, Any], base: VersionFacts | None = None) -> Classification:
    return classify(plan(), ("1", base or facts()), facts(**changes), Stage.BEFORE)


CHANGES: list[tuple[str, dict[str, tuple[str, ...]], Scope, str]] = [
    ("nothing changes", {}, IN, "no difference"),
    ("newer studies of the same sources", {"training_studies": ("studies-2",)}, IN, "1 differences"),
    ("another scanner of a known model", {"scanners": ("p:one", "p:three")}, IN, "covered"),
    ("a model that the plan lists", {"scanner_models": ("Revolution", "Verio")}, IN, "covered"),
    ("a site that the plan lists", {"sites": ("general", "riverside")}, IN, "covered"),
    ("a vendor that the plan lists", {"manufacturers": ("GE", "Siemens")}, IN, "covered"),
    ("the rule that the plan lists", {"threshold_rule": ("sensitivity>=0.95",)}, IN, "covered"),
    ("a vendor that is not listed", {"manufacturers": ("GE", "NewCo")}, OUT, "manufacturers: 'NewCo' comes"),
    ("a listed and an unlisted vendor", {"manufacturers": ("GE", "NewCo", "Siemens")}, OUT, "NewCo"),
    ("a vendor that goes", {"manufacturers": ("Siemens",)}, OUT, "manufacturers: 'GE' goes"),
    ("a model that is not listed", {"scanner_models": ("Revolution", "Skyra")}, OUT, "Skyra"),
    ("a site that is not listed", {"sites": ("general", "elsewhere")}, OUT, "elsewhere"),
    ("another modality", {"modalities": ("CT", "MR")}, OUT, "modalities"),
    ("another protocol", {"protocols": ("p:chest", "p:low-dose")}, OUT, "protocols"),
    ("other scanner software", {"scanner_software": ("VA20",)}, OUT, "scanner software"),
    ("another body part", {"body_parts": ("ABDOMEN", "CHEST")}, OUT, "body parts"),
    ("labels by report", {"labels": ("report",)}, OUT, "labels"),
    ("another network", {"architecture": ("unet",)}, OUT, "'densenet' to 'unet'"),
    ("another input", {"preprocessing": ("128x128",)}, OUT, "preprocessing"),
    ("a rule that is not listed", {"threshold_rule": ("specificity>=0.9",)}, OUT, "threshold rule"),
    ("other hyperparameters", {"recipe": ("sgd",)}, OUT, "recipe"),
    ("other software", {"software": ("lock-2",)}, OUT, "software"),
    ("another intended use", {"intended_use": ("rules nodules out",)}, OUT, "intended use"),
    ("another question", {"target": ("haemorrhage",)}, OUT, "target"),
    ("a version of one site only", {"roll_out": ("general",)}, IN, "covered by local-tuning"),
    ("a local change for all sites", {"recipe": ("fine-tuned",)}, OUT, "local-tuning is local"),
    ("a local change for one site", {"recipe": ("fine-tuned",), "roll_out": ("general",)}, IN, "covered"),
    ("a vendor that was not recorded", {"manufacturers": ("", "GE")}, UNCLEAR, "manufacturers: not recorded"),
    ("no protocol recorded", {"protocols": ()}, UNCLEAR, "protocols: not recorded"),
    ("an unknown scanner, which the plan lets be", {"scanners": ("", "p:one", "p:two")}, IN, "covered"),
    ("unknown and unlisted", {"protocols": (), "manufacturers": ("GE", "NewCo")}, OUT, "NewCo"),
]


@pytest.mark.parametrize(("changes", "scope", "says"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_a_change_has_the_class_that_the_plan_gives_it(
    changes: dict[str, tuple[str, ...]], scope: Scope, says: str
) -> None:
    found = judged(changes)
    assert found.scope is scope
    assert says in f"{found.why} {'; '.join(one.says for one in found.differences)}"
    assert judged(changes).digest == found.digest


def test_at_least_twenty_changes_are_tried() -> None:
    assert len(CHANGES) >= 20


def test_a_version_without_a_record_makes_every_change_unclear() -> None:
    found = classify(plan(), ("1", None), facts(), Stage.BEFORE)
    assert (found.scope, found.base_facts) == (UNCLEAR, "")


@pytest.mark.parametrize("verdict", Verdict)
def test_after_evaluation_a_failed_candidate_has_left_the_plan(verdict: Verdict) -> None:
    found = classify(plan(), ("1", facts()), facts(), Stage.AFTER, {"plan-test look 1": verdict})
    assert found.scope is {Verdict.PASSED: IN, Verdict.FAILED: OUT, Verdict.NOT_ASSESSED: UNCLEAR}[verdict]


def test_each_difference_names_the_modification_that_covers_it() -> None:
    found = judged({"scanners": ("p:one", "p:three"), "training_studies": ("studies-2",), "labels": ("report",)})
    covered = {(one.aspect, one.before or one.after): one.covered_by for one in found.differences}
    assert covered == {
        ("training_studies", "studies-1"): "retrain",
        ("scanners", "p:two"): "new-scanner",
        ("scanners", "p:three"): "new-scanner",
        ("labels", "consensus"): None,
        ("labels", "report"): None,
    }


@given(st.sampled_from(sorted(COVERABLE)), st.text("abcdef", min_size=1, max_size=8).map("x-{}".format))
def test_no_value_is_in_scope_that_no_modification_lists(aspect: str, value: str) -> None:
    listed = any({"*", value} & set(covers.get(aspect, ())) for covers in COVERS.values())
    assert (judged({aspect: (*BASE[aspect], value)}).scope is IN) is listed


def test_facts_and_classifications_survive_their_canonical_bytes() -> None:
    found = facts()
    again = VersionFacts.from_json(parse_canonical(canonical_bytes(found.to_json())))
    assert (again, again.digest) == (found, found.digest)
    assert parse_canonical(canonical_bytes(judged({}).to_json()))["scope"] == "in_scope"
    assert facts_faults(found) == ()
    assert facts_faults(VersionFacts({"colour": ("red",)}, {})) == ("unknown aspect 'colour'",)


@pytest.mark.parametrize(
    ("covers", "said"),
    [
        ([], "a table of lists"),
        ({"colour": ["red"]}, "unknown aspect 'colour'"),
        ({"intended_use": ["*"]}, "no change that a plan can hold"),
        ({"target": ["*"]}, "no change that a plan can hold"),
        ({"sites": "*"}, "a list of texts"),
        ({"sites": []}, "a list of texts"),
        ({"sites": [" "]}, "a list of texts"),
    ],
)
def test_what_a_modification_covers_is_checked(covers: Any, said: str) -> None:
    record = plan_record("nodule", "plan-test")
    record["description_of_modifications"][0]["covers"] = covers
    (fault,) = plan_faults(record)
    assert said in fault


def test_a_modification_without_covers_covers_nothing() -> None:
    record = plan_record("nodule", "plan-test")
    for entry in record["description_of_modifications"]:
        del entry["covers"]
    assert plan_faults(record) == ()
    changed = facts(training_studies=("studies-2",))
    assert classify(change_plan_from(record), ("1", facts()), changed, Stage.BEFORE).scope is OUT
