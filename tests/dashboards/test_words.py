"""Words of verdicts, criteria and reasons: what a quality officer reads instead of the machine's spelling."""

import pytest

from dashboards.view.words import cause_words, criterion_words


@pytest.mark.parametrize(
    ("criterion", "words"),
    [
        ("auc>=0.70", "AUC ≥ 0.70"),
        ("sensitivity>=0.60", "Sensitivity ≥ 0.60"),
        ("ece<=0.05", "Expected calibration error ≤ 0.05"),
        ("youden", "greatest Youden index"),
        ("<script>", "<script>"),
        ("", ""),
    ],
)
def test_a_criterion_is_read_as_words(criterion: str, words: str) -> None:
    assert criterion_words(criterion) == words


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("too_few: 7 patients of a class; needs 10", "7 patients of a class; needs 10"),
        ("no_outcomes: the statistic needs units", "The statistic needs units"),
        ("too_few", "too few cases"),
        ("a property of the scores", "a property of the scores"),
        ("foreign: text", "foreign: text"),
        ("", ""),
    ],
)
def test_a_reason_loses_its_code_and_never_its_sentence(reason: str, words: str) -> None:
    assert cause_words(reason) == words
