"""Evaluations: the newest of a cohort in full, an earlier one in short with its verdict and criteria on the page."""

from dataclasses import replace

from dossiers import digest, dossier, evaluation_view, internal_evaluation, transfer_evaluation

from dashboards.view.blocks import Details, Facts, Figure, Heading, Paragraph, Section, Table, leaves
from dashboards.view.numbers import number_text
from dashboards.view.validation import validation_section
from registry.domain.dossier import EvaluationView
from registry.domain.vocabulary import Verdict


def section(*views: EvaluationView) -> Section:
    """Return the validation section of evaluations."""
    return validation_section(dossier(evaluations=views))


def strict_evaluation(seq: int, **changes: object) -> EvaluationView:
    """Return an evaluation of the internal cohort that failed another, stricter protocol."""
    evaluation = replace(
        internal_evaluation(), protocol_digest=digest("strict"), verdict=Verdict.FAILED, why="a criterion failed"
    )
    return evaluation_view(replace(evaluation, **changes), seq, curves=True)


def tables(found: Section) -> dict[str, Table]:
    """Return the tables of a section by key."""
    return {block.key: block for block in leaves(found.blocks) if isinstance(block, Table)}


def test_an_earlier_failure_stays_on_the_page_with_its_criteria_and_is_named_beside_the_later_pass() -> None:
    found = section(strict_evaluation(17), evaluation_view(internal_evaluation(), 18, curves=True))
    headings = [block.text for block in found.blocks if isinstance(block, Heading)]
    assert headings == ["sarcoma-internal, internal-test (earlier, ledger event 17)", "sarcoma-internal, internal-test"]
    facts = [dict(block.pairs) for block in leaves(found.blocks) if isinstance(block, Facts)]
    heads = [pairs for pairs in facts if "Verdict" in pairs]
    assert [pairs["Verdict"].text for pairs in heads] == ["failed", "passed"]
    assert heads[0]["Evaluated again"].text == "passed"
    assert heads[1]["Evaluated before"].text == "failed"
    assert len(tables(found)["evaluation-1-criteria"].rows) == 3
    assert not [block for block in found.blocks if isinstance(block, Details) and "evaluation-1-criteria" in str(block)]


def test_measures_are_left_out_only_where_the_later_evaluation_has_the_very_same() -> None:
    newer = evaluation_view(internal_evaluation(), 18, curves=True)
    same = section(strict_evaluation(17), newer)
    assert "evaluation-1-metrics" not in tables(same)
    assert any(isinstance(block, Paragraph) and "ledger event 18" in block.text for block in same.blocks)
    other = section(strict_evaluation(17, metrics=internal_evaluation().metrics[:2]), newer)
    assert len(tables(other)["evaluation-1-metrics"].rows) == 2
    assert [block.key for block in leaves(other.blocks) if isinstance(block, Figure)].count("evaluation-1-roc") == 1


def test_evaluations_of_two_cohorts_or_of_one_protocol_are_both_shown_in_full() -> None:
    rich = section(*dossier().evaluations)
    assert not [block for block in rich.blocks if isinstance(block, Heading) and "earlier" in block.text]
    twice = section(*(evaluation_view(internal_evaluation(), seq, curves=True) for seq in (17, 18)))
    assert {"evaluation-1-metrics", "evaluation-2-metrics"} <= set(tables(twice))


def test_every_metric_with_a_value_names_a_method_that_is_spelt_out_once() -> None:
    found = section(evaluation_view(internal_evaluation(), 18, curves=True))
    said = next(block.text for block in leaves(found.blocks) if isinstance(block, Paragraph) and block.tone == "small")
    letters = [row[-1].text for row in tables(found)["evaluation-1-metrics"].rows]
    assert letters == ["a", "a", "a", "a", "a", "b"]
    assert said == "a: patient-clustered (Obuchowski 1997); b: logistic recalibration (Cox 1958)."


def test_the_verdicts_reason_is_dropped_only_where_the_criteria_say_the_same() -> None:
    evaluation = transfer_evaluation()
    criterion = evaluation.criteria[0]
    repeated = replace(evaluation, why=f"{criterion.criterion}: {criterion.why}")
    for found, shown in ((evaluation, True), (repeated, False)):
        heads = [b for b in leaves(section(evaluation_view(found, 19, curves=False)).blocks) if isinstance(b, Facts)]
        assert any("Why" in dict(head.pairs) for head in heads) is shown


def test_no_forest_is_drawn_where_no_criterion_has_an_estimate() -> None:
    found = section(evaluation_view(transfer_evaluation(), 19, curves=False))
    assert not [block for block in leaves(found.blocks) if isinstance(block, Figure)]
    assert tables(found)["evaluation-1-criteria"].rows


def test_the_bins_keep_every_number() -> None:
    view = evaluation_view(internal_evaluation(), 18, curves=True)
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in tables(section(view))["evaluation-1-bins-1"].rows}
    assert rows["Mean score"] == [number_text(entry.mean_score) for entry in view.reliability]
    assert rows["Interval to"] == [number_text(entry.high) for entry in view.reliability]
    assert rows["n"] == [str(entry.n) for entry in view.reliability]
