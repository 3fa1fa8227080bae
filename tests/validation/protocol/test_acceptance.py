"""Verdicts from the bounds of intervals."""

import math

import pytest

from registry.domain.estimate import Estimate
from registry.domain.vocabulary import Verdict
from validation.protocol.acceptance import ClassPatients, judge, judge_criterion, overall, patients_needed
from validation.protocol.protocol import DEFAULT_PROTOCOL, Criterion, Protocol
from validation.statistics.performance import share_estimate
from validation.statistics.units import ScoredUnits

ENOUGH = ClassPatients(10, 10)


def estimate(name: str, value: float, low: float | None, high: float | None, reason: str = "") -> Estimate:
    return Estimate(name, value, low, high, 100, reason=reason)


def verdict(text: str, low: float | None, high: float | None, patients: ClassPatients = ENOUGH) -> Verdict:
    criterion = Criterion.parse(text)
    return judge_criterion(criterion, estimate(criterion.metric, 0.9, low, high), DEFAULT_PROTOCOL, patients).verdict


def test_the_lower_bound_decides_and_not_the_estimate() -> None:
    assert verdict("auc>=0.70", 0.70, 0.99) is Verdict.PASSED
    assert verdict("auc>=0.70", 0.69, 0.99) is Verdict.FAILED
    assert verdict("auc>=0.70", 0.10, 0.30) is Verdict.FAILED


def test_the_upper_bound_decides_where_less_is_better() -> None:
    assert verdict("brier<=0.20", 0.01, 0.20) is Verdict.PASSED
    assert verdict("brier<=0.20", 0.01, 0.21) is Verdict.FAILED


def test_the_bound_is_judged_as_it_is_published() -> None:
    assert verdict("auc>=0.70", 0.7 - 1e-14, 0.9) is Verdict.PASSED
    assert verdict("auc>=0.70", 0.7 - 1e-11, 0.9) is Verdict.FAILED


def test_ten_of_ten_is_not_a_hundred_percent() -> None:
    units = ScoredUnits.of([65535] * 10 + [0] * 10, [1] * 10 + [0] * 10, list(range(20)))
    found = share_estimate("sensitivity", units, 32768)
    assert found.value == 1.0
    for text in ("sensitivity>=0.75", "sensitivity>=0.60"):
        judged = judge_criterion(Criterion.parse(text), found, DEFAULT_PROTOCOL, ENOUGH)
        assert judged.verdict is Verdict.NOT_ASSESSED
        assert judged.why.startswith("insufficient: 10 of 10 right, of 10 patients, only shows 0.722 to 1; needs 16 ")


def test_all_right_is_judged_from_the_sample_on_that_it_asks_for() -> None:
    criterion = Criterion.parse("sensitivity>=0.60")
    judged = {}
    for n in (15, 16):
        units = ScoredUnits.of([65535] * n + [0] * n, [1] * n + [0] * n, list(range(2 * n)))
        found = share_estimate("sensitivity", units, 32768)
        judged[n] = judge_criterion(criterion, found, DEFAULT_PROTOCOL, ENOUGH).verdict
    assert judged == {15: Verdict.NOT_ASSESSED, 16: Verdict.PASSED}


@pytest.mark.parametrize("patients", [ClassPatients(9, 50), ClassPatients(50, 9), ClassPatients(0, 0)])
def test_too_few_patients_of_a_class_assess_nothing(patients: ClassPatients) -> None:
    assert verdict("auc>=0.70", 0.99, 1.0, patients) is Verdict.NOT_ASSESSED
    assert verdict("sensitivity>=0.60", 0.99, 1.0, patients) is Verdict.NOT_ASSESSED


def test_what_is_not_assessed_names_the_sample_that_it_needs() -> None:
    criterion, found = Criterion.parse("sensitivity>=0.60"), estimate("sensitivity", 1.0, 0.5, 1.0)
    even = judge_criterion(criterion, found, DEFAULT_PROTOCOL, ClassPatients(5, 5))
    assert even.why.startswith("5 patients with each class; needs 10 of each to be assessed, and about 93 of each")
    uneven = judge_criterion(criterion, found, DEFAULT_PROTOCOL, ClassPatients(5, 7))
    assert uneven.why.startswith("5 patients with a positive and 7 with a negative unit; needs 10")


def test_a_criterion_without_an_interval_is_not_assessed_and_says_why() -> None:
    found = estimate("auc", 0.8, None, None, "too_few: an interval needs two patients of each class")
    judged = judge_criterion(Criterion.parse("auc>=0.70"), found, DEFAULT_PROTOCOL, ENOUGH)
    assert judged.verdict is Verdict.NOT_ASSESSED
    assert judged.why == found.reason


def test_the_overall_verdict_counts_what_was_not_assessed_before_what_failed() -> None:
    metrics = [
        estimate("auc", 0.9, 0.8, 0.95),
        estimate("sensitivity", 0.5, 0.4, 0.6),
        estimate("specificity", 0.9, None, None, "no reason"),
    ]
    results = judge(DEFAULT_PROTOCOL, metrics, ENOUGH)
    found, why = overall(results)
    assert [result.verdict.value for result in results] == ["passed", "failed", "not_assessed"]
    assert found is Verdict.NOT_ASSESSED
    assert why == "specificity>=0.50: no reason"
    assert overall(results[:2])[0] is Verdict.FAILED
    assert overall(results[:1]) == (Verdict.PASSED, "all 1 criteria hold on the bound of their interval")
    with pytest.raises(ValueError, match="no criterion"):
        overall([])


def test_the_sample_for_a_share_has_the_stated_precision_and_one_less_has_not() -> None:
    needed = patients_needed(Criterion.parse("sensitivity>=0.90"), DEFAULT_PROTOCOL)
    half = [1.959964 * math.sqrt(0.9 * 0.1 / n) for n in (needed, needed - 1)]
    assert half[0] <= 0.10 < half[1]


def test_the_sample_for_an_area_has_the_stated_precision_and_one_less_has_not() -> None:
    for area in ("0.70", "0.90"):
        needed = patients_needed(
            Criterion.parse(f"auc>={area}"), Protocol("p", (f"auc>={area}",), "r", precision="0.05")
        )
        half = [1.959964 * hanley_mcneil(float(area), n) for n in (needed, needed - 1)]
        assert half[0] <= 0.05 < half[1]


def test_the_sample_is_never_below_the_least() -> None:
    assert patients_needed(Criterion.parse("sensitivity>=0.99"), DEFAULT_PROTOCOL) == 10


def hanley_mcneil(area: float, n: int) -> float:
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    return math.sqrt((area * (1 - area) + (n - 1) * (first + second - 2 * area**2)) / n**2)
