"""Groups of a test cohort: each with its own numbers, none passed that is too small, and the worst one judged."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import false_discovery_control
from scored_cohorts import cohort_of, proofs_of, scores_of
from sklearn.metrics import roc_auc_score

from registry.domain.errors import UnknownNameError, UsageError
from registry.domain.group_report import NOT_PERMITTED, UnitAttributes
from registry.domain.model import Evaluation
from registry.domain.vocabulary import Role, Verdict
from validation.external import evaluate
from validation.protocol.groups import MOST_SMALL, group_report, judge_groups, pair_labels
from validation.protocol.protocol import DEFAULT_PROTOCOL, Protocol, protocol_from
from validation.statistics.units import ScoredUnits

K = 32768
QUICK = replace(DEFAULT_PROTOCOL, bootstrap_repeats=100)
N = 400


def gated(*criteria: str, unknown: str = "0.10") -> Protocol:
    return replace(QUICK, group_criteria=criteria, group_unknown=unknown)


def drawn(gain: float = 2.5, weak: float = 2.5, seed: int = 5) -> tuple[ScoredUnits, list[str]]:
    """Return scored units of two equally large groups; the second is separated by `weak`."""
    generator = np.random.default_rng(seed)
    truth = np.arange(N) % 2 == 1
    sex = np.where(np.arange(N) // 2 % 2 == 0, "F", "M")
    shift = np.where(sex == "F", gain, weak)
    scores = 1 / (1 + np.exp(-(generator.normal(size=N) + shift * (truth - 0.5))))
    return ScoredUnits.of_scores(scores, truth, list(range(N))), sex.tolist()


def test_each_group_has_the_numbers_of_its_own_units() -> None:
    units, sex = drawn()
    report = group_report(units, {"sex": sex}, {}, K, QUICK)
    for label in ("F", "M"):
        mine = np.asarray(sex) == label
        (auc,) = (one.estimate for one in report.of("sex", "auc") if one.group == label)
        assert auc.value == pytest.approx(roc_auc_score(units.truth[mine], units.q[mine]))
        (sensitivity,) = (one.estimate for one in report.of("sex", "sensitivity") if one.group == label)
        assert sensitivity.value == pytest.approx((units.q[mine & units.truth] >= K).mean())
        (specificity,) = (one.estimate for one in report.of("sex", "specificity") if one.group == label)
        assert specificity.value == pytest.approx((units.q[mine & ~units.truth] < K).mean())
        assert (auc.n, auc.n_positive, sensitivity.n, specificity.n) == (200, 100, 100, 100)
    first, second = report.of("sex", "auc")
    assert first.difference is not None
    assert second.difference is not None
    assert first.difference.value == pytest.approx(-second.difference.value)


def test_the_q_values_are_those_of_all_differences_together() -> None:
    units, sex = drawn(weak=1.2)
    halves = ["early" if at < N // 2 else "late" for at in range(N)]
    report = group_report(units, {"sex": sex, "site": halves}, {}, K, QUICK)
    tested = [one for one in report.found if one.p_value is not None]
    assert len(tested) == 12
    assert [one.q_value for one in tested] == pytest.approx(false_discovery_control([one.p_value for one in tested]))
    assert report.multiplicity == "Benjamini-Hochberg over 12 differences"


def test_a_group_of_three_has_no_number_at_all() -> None:
    units, sex = drawn()
    labels = ["O" if at in {1, 3, 5} else label for at, label in enumerate(sex)]
    small = [one for one in group_report(units, {"sex": labels}, {}, K, QUICK).found if one.group == "O"]
    assert [one.metric for one in small] == ["auc", "sensitivity", "specificity"]
    assert all(one.estimate.value is one.estimate.low is one.difference is None for one in small)
    assert [one.estimate.reason.partition(":")[0] for one in small] == ["too_few", "too_few", "no_outcomes"]


def test_units_that_do_not_state_an_attribute_are_counted_and_are_no_group() -> None:
    units, sex = drawn()
    labels = ["" if at < 100 else label for at, label in enumerate(sex)]
    report = group_report(units, {"sex": labels, "kvp": [""] * N}, {"race": NOT_PERMITTED}, K, QUICK)
    sex_told, kvp, race = (report.coverage(axis) for axis in ("sex", "kvp", "race"))
    assert sex_told is not None
    assert kvp is not None
    assert race is not None
    assert (sex_told.unknown.value, kvp.unknown.value, race.unknown.value) == (0.25, 1.0, None)
    assert (kvp.unknown.reason, race.unknown.reason) == ("attribute_missing: no unit states it", NOT_PERMITTED)
    assert {one.group for one in report.found} == {"F", "M"}


def test_a_thousand_made_up_models_of_scanner_are_counted_and_not_listed() -> None:
    units, _ = drawn()
    labels = [f"model {at % 100:03}" for at in range(N)]
    report = group_report(units, {"manufacturer_model_name": labels}, {}, K, QUICK)
    covered = report.coverage("manufacturer_model_name")
    assert covered is not None
    assert (covered.further, covered.further_units) == (100 - MOST_SMALL, (100 - MOST_SMALL) * 4)
    assert len({one.group for one in report.found}) == MOST_SMALL


def test_a_better_total_with_one_group_that_drops_is_stopped() -> None:
    units, sex = drawn(gain=5.0, weak=0.6)
    protocol = gated("auc>=0.70 by sex")
    (result,) = judge_groups(protocol, group_report(units, {"sex": sex}, {}, K, protocol))
    assert roc_auc_score(units.truth, units.q) > 0.8
    assert (result.verdict, result.estimate.name, result.limit) == (Verdict.FAILED, "auc:sex=M", 0.70)
    assert result.why.startswith("M: lower bound ")
    even, labels = drawn()
    (passed,) = judge_groups(protocol, group_report(even, {"sex": labels}, {}, K, protocol))
    assert passed.verdict is Verdict.PASSED
    assert passed.why.startswith("the lower bound of each of 2 groups clears 0.70")


def test_what_cannot_be_judged_of_a_group_is_not_passed() -> None:
    units, sex = drawn()
    cases = {
        "is the only group": ["F"] * N,
        "do not state sex, more than 0.10": ["" if at < 80 else label for at, label in enumerate(sex)],
        "O: too_few": ["O" if at < 4 else label for at, label in enumerate(sex)],
        "no unit states it": [""] * N,
    }
    protocol = gated("auc>=0.55 by sex")
    for why, labels in cases.items():
        (result,) = judge_groups(protocol, group_report(units, {"sex": labels}, {}, K, protocol))
        assert (result.verdict, why in result.why) == (Verdict.NOT_ASSESSED, True), result.why
    withheld = gated("auc>=0.55 by race")
    (result,) = judge_groups(withheld, group_report(units, {"sex": sex}, {"race": NOT_PERMITTED}, K, withheld))
    assert (result.verdict, result.why) == (Verdict.NOT_ASSESSED, f"race: {NOT_PERMITTED}")


def test_two_axes_meet_only_where_both_are_known() -> None:
    assert pair_labels(["F", "", "M"], ["a", "a", ""]) == ["F*a", "", ""]


def evaluated(protocol: Protocol, labels: dict[str, dict[str, str]]) -> Evaluation:
    cohort = cohort_of(200, role=Role.EXTERNAL_TEST)
    known = UnitAttributes(labels, digest="sha256:labels")
    return evaluate(
        cohort,
        list(scores_of(cohort)),
        K,
        protocol,
        model="tumour",
        version="1",
        artifact_digest="sha256:artifact",
        scores_digest="sha256:scores",
        proofs=proofs_of(cohort),
        known=known,
    )


def test_an_evaluation_tells_of_its_groups_and_its_verdict_hangs_on_them() -> None:
    uids = [unit.unit_uid for unit in cohort_of(200).units]
    labels = {uid: {"sex": "FM"[at % 3 % 2], "age_band": "40-64"} for at, uid in enumerate(uids)}
    found = evaluated(gated("sensitivity>=0.50 by sex", "auc>=0.70 by sex*age_band"), labels)
    assert found.groups is not None
    axes = {one.axis: one.unknown.value for one in found.groups.axes}
    assert (axes["sex"], axes["scanner"], axes["kvp"], axes["race"]) == (0.0, 0.0, 1.0, None)
    assert {one.group for one in found.groups.of("sex*age_band", "auc")} == {"F*40-64", "M*40-64"}
    assert {one.axis for one in found.groups.found} >= {"site", "scanner", "sex*scanner"}
    assert [one.criterion for one in found.criteria[-2:]] == ["sensitivity>=0.50 by sex", "auc>=0.70 by sex*age_band"]
    assert found.verdict is Verdict.PASSED
    assert evaluated(gated("auc>=0.99 by sex"), labels).verdict is Verdict.FAILED
    assert evaluated(gated("auc>=0.70 by sex"), {}).verdict is Verdict.NOT_ASSESSED
    assert found.to_json()["groups"]["groups_digest"] == "sha256:labels"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("auc>=0.70 by colour", UnknownNameError),
        ("auc>=0.70 by sex*sex", UsageError),
        ("auc>=0.70 by sex*site*kvp", UsageError),
        ("brier<=0.20 by sex", UsageError),
        ("auc>=0.70", UsageError),
        ("auc>=0.00 by sex", UsageError),
    ],
)
def test_a_criterion_of_groups_that_would_let_all_pass_or_means_nothing_is_refused(
    text: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        gated(text)


def test_a_protocol_states_how_much_may_be_unknown_and_keeps_its_digest_without_groups() -> None:
    with pytest.raises(UsageError, match="how much may be unknown"):
        gated("auc>=0.70 by sex", unknown="")
    with pytest.raises(UsageError, match="how much may be unknown"):
        replace(QUICK, group_unknown="0.10")
    with pytest.raises(UsageError, match="two criteria for an axis"):
        gated("auc>=0.70 by sex", "auc>=0.80 by sex")
    assert "group_criteria" not in QUICK.to_json()
    protocol = gated("auc>=0.70 by sex")
    assert protocol_from(protocol.to_json()) == protocol
    assert protocol.digest != QUICK.digest
