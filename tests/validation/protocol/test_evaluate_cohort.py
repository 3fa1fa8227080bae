"""Validation of a version on a test cohort: roles are proved, numbers are clustered, bytes are canonical."""

from dataclasses import replace

import numpy as np
import pytest
from scored_cohorts import cohort_of, proofs_of, scores_of

from registry.domain.canonical import canonical_bytes
from registry.domain.cohort import Cohort, DisjointnessProof, Overlap, prove_disjoint
from registry.domain.errors import EvidenceMissingError, LeakFoundError, UsageError
from registry.domain.model import Evaluation
from registry.domain.vocabulary import Role, Verdict
from validation.external import evaluate, reliability_view, roc_view, scored_units
from validation.protocol.protocol import DEFAULT_PROTOCOL, Protocol, protocol_from
from validation.statistics.arrays import FloatArray
from validation.statistics.auc_interval import separation_bound

K = 32768
QUICK = protocol_from(DEFAULT_PROTOCOL.to_json() | {"bootstrap_repeats": 100})


def evaluated(cohort: Cohort, scores: FloatArray | list[float], protocol: Protocol = QUICK) -> Evaluation:
    return evaluate(
        cohort,
        list(scores),
        K,
        protocol,
        model="tumour",
        version="1",
        artifact_digest="sha256:artifact",
        scores_digest="sha256:scores",
        proofs=proofs_of(cohort),
    )


def test_a_good_model_passes_on_a_disjoint_site() -> None:
    cohort = cohort_of(160)
    found = evaluated(cohort, scores_of(cohort))
    assert (found.verdict, found.cohort_role, found.synthetic) == (Verdict.PASSED, Role.EXTERNAL_TEST, True)
    assert [metric.name for metric in found.metrics] == [
        "auc", "tie_loss", "sensitivity", "specificity", "ppv", "npv", "prevalence", "ece", "ici", "brier",
        "cox_slope", "cox_intercept", "spiegelhalter_z", "spiegelhalter_p",
        "auc:scanner=p:B-scanner0", "auc:scanner=p:B-scanner1",
    ]  # fmt: skip
    assert canonical_bytes(found.to_json())
    assert found.protocol_digest == QUICK.frozen_to(cohort.digest, "sha256:artifact").digest


def test_a_model_that_guesses_fails() -> None:
    cohort = cohort_of(160)
    found = evaluated(cohort, scores_of(cohort, shift=0.0))
    assert found.verdict is Verdict.FAILED
    assert "auc>=0.70: lower bound" in found.why


def test_a_model_that_gives_one_score_fails_and_breaks_nothing() -> None:
    cohort = cohort_of(160)
    found = evaluated(cohort, [0.4] * 160)
    assert found.verdict is Verdict.FAILED
    by_name = {metric.name: metric for metric in found.metrics}
    assert by_name["auc"].value == 0.5
    assert by_name["auc"].low < 0.5 < by_name["auc"].high
    assert by_name["ppv"].value is None
    assert by_name["cox_slope"].value is None
    assert by_name["tie_loss"].reason.startswith("grid")


def test_a_perfect_model_has_no_certain_interval() -> None:
    cohort = cohort_of(40)
    found = evaluated(cohort, [0.9 if unit.truth else 0.1 for unit in cohort.units])
    auc = found.metrics[0]
    assert (auc.value, auc.low, auc.high) == (1.0, pytest.approx(separation_bound(20, 20)), 1.0)


def test_few_patients_are_not_assessed_however_many_units_they_have() -> None:
    cohort = cohort_of(90, per_patient=10)
    found = evaluated(cohort, scores_of(cohort))
    assert found.verdict is Verdict.NOT_ASSESSED
    assert "5 with a negative" in found.why
    assert "4 patients with a positive" in found.why
    scanners = [metric for metric in found.metrics if metric.name.startswith("auc:scanner")]
    assert [metric.value for metric in scanners] == [None, None]
    assert all(metric.reason.startswith("too_few") for metric in scanners)


def test_an_empty_cohort_is_not_assessed() -> None:
    found = evaluated(cohort_of(0), [])
    assert found.verdict is Verdict.NOT_ASSESSED
    assert canonical_bytes(found.to_json())


def test_the_order_of_the_units_does_not_change_a_byte() -> None:
    cohort = cohort_of(120, per_patient=2)
    scores = scores_of(cohort)
    order = np.random.default_rng(3).permutation(120)
    shuffled = replace(cohort, units=tuple(cohort.units[at] for at in order))
    assert shuffled.digest == cohort.digest
    assert canonical_bytes(evaluated(shuffled, scores[order]).to_json()) == canonical_bytes(
        evaluated(cohort, scores).to_json()
    )


def test_every_unit_doubled_under_its_patient_changes_no_interval() -> None:
    cohort, scores = cohort_of(100), scores_of(cohort_of(100))
    again = tuple(replace(unit, unit_uid=unit.unit_uid + ".2", pixel_digest="") for unit in cohort.units)
    doubled = replace(cohort, units=cohort.units + again)
    once, twice = evaluated(cohort, scores), evaluated(doubled, np.tile(scores, 2))
    names = {"auc", "sensitivity", "specificity", "prevalence", "cox_slope", "brier"}
    for first, second in zip(once.metrics, twice.metrics, strict=True):
        if first.name in names:
            assert (second.value, second.low, second.high) == pytest.approx((first.value, first.low, first.high))


def test_a_relabelled_internal_split_is_no_external_test() -> None:
    internal = cohort_of(160, "A", Role.INTERNAL_TEST)
    relabelled = replace(internal, role=Role.EXTERNAL_TEST)
    train = replace(
        cohort_of(8, "A", Role.TRAIN),
        units=tuple(replace(unit, patient=f"q{i}", study_uid=f"q{i}", pixel_digest="") for i, unit in
                    enumerate(cohort_of(8, "A").units)),
    )  # fmt: skip
    proof = prove_disjoint(relabelled, train)
    assert proof.why() == "1 site(s)"
    with pytest.raises(LeakFoundError, match=r"share 1 site\(s\)"):
        judged(relabelled, [proof])
    with pytest.raises(EvidenceMissingError, match="shares no site"):
        judged(relabelled, [prove_disjoint(internal, train)])


def judged(cohort: Cohort, proofs: list[DisjointnessProof], k: int = K) -> Evaluation:
    return evaluate(
        cohort,
        [0.5] * len(cohort.units),
        k,
        QUICK,
        model="tumour",
        version="1",
        artifact_digest="sha256:artifact",
        scores_digest="sha256:scores",
        proofs=proofs,
    )


def test_a_leak_is_named_with_both_cohorts() -> None:
    cohort = cohort_of(20)
    leak = DisjointnessProof("train-A", cohort.name, (Overlap("patient", 2), Overlap("site", 0)))
    with pytest.raises(LeakFoundError, match=r"'train-A' and 'external-test-B' share 2 patient\(s\)"):
        judged(cohort, [*proofs_of(cohort), leak])


@pytest.mark.parametrize(
    ("role", "axis"),
    [(Role.EXTERNAL_TEST, "site"), (Role.TRANSFER_TEST, "scanner"), (Role.INTERNAL_TEST, "patient")],
)
def test_a_test_without_proofs_of_its_axis_is_refused(role: Role, axis: str) -> None:
    with pytest.raises(EvidenceMissingError, match=f"shares no {axis}"):
        judged(cohort_of(20, "B", role), [])


def test_a_proof_of_other_cohorts_proves_nothing() -> None:
    with pytest.raises(EvidenceMissingError, match="other cohorts"):
        judged(cohort_of(20), [DisjointnessProof("x", "y", (Overlap("site", 0),))])


@pytest.mark.parametrize(("role", "axis"), [(Role.EXTERNAL_TEST, "site"), (Role.TRANSFER_TEST, "scanner")])
def test_an_unknown_site_or_scanner_is_not_disjoint_from_anything(role: Role, axis: str) -> None:
    cohort = cohort_of(20, "B", role)
    first = replace(cohort.units[0], **{axis: ""})
    unknown = replace(cohort, units=(first, *cohort.units[1:]))
    with pytest.raises(EvidenceMissingError, match=f"1 unit\\(s\\) have no {axis}"):
        judged(unknown, [prove_disjoint(unknown, cohort_of(8, "A", Role.TRAIN))])


@pytest.mark.parametrize("role", [Role.TRAIN, Role.TUNE])
def test_a_cohort_for_fitting_is_no_test(role: Role) -> None:
    with pytest.raises(UsageError, match="is no test"):
        judged(cohort_of(20, "B", role), [])


def test_a_unit_that_occurs_twice_is_refused() -> None:
    cohort = cohort_of(20)
    with pytest.raises(UsageError, match="occur twice"):
        judged(replace(cohort, units=cohort.units + cohort.units[:1]), proofs_of(cohort))


@pytest.mark.parametrize("scores", [[0.5] * 19, [0.5] * 19 + [float("nan")], [0.5] * 19 + [1.5]])
def test_scores_that_do_not_fit_are_refused(scores: list[float]) -> None:
    with pytest.raises(UsageError, match=r"score|number"):
        evaluated(cohort_of(20), scores)


@pytest.mark.parametrize("k", [-1, 65537])
def test_a_threshold_off_the_grid_is_refused(k: int) -> None:
    cohort = cohort_of(20)
    with pytest.raises(UsageError, match="65536"):
        judged(cohort, proofs_of(cohort), k)


def test_a_protocol_frozen_to_another_cohort_is_refused() -> None:
    cohort = cohort_of(20)
    with pytest.raises(EvidenceMissingError, match="another cohort"):
        evaluated(cohort, [0.5] * 20, QUICK.frozen_to("sha256:other", "sha256:artifact"))


def test_the_roc_view_keeps_the_corners_and_the_area() -> None:
    cohort = cohort_of(400)
    scores = scores_of(cohort, shift=1.0)
    full = roc_view(cohort, scores, most=10_000)
    assert (full[0].false_positive_rate, full[0].true_positive_rate) == (0.0, 0.0)
    assert (full[-1].false_positive_rate, full[-1].true_positive_rate) == (1.0, 1.0)
    area = np.trapezoid([p.true_positive_rate for p in full], [p.false_positive_rate for p in full])
    assert area == pytest.approx(evaluated(cohort, scores).metrics[0].value)
    thinned = roc_view(cohort, scores, most=20)
    assert len(thinned) <= 21
    assert thinned[-1] == full[-1]


def test_views_of_one_class_or_none_are_empty() -> None:
    assert roc_view(cohort_of(1), [0.5]) == ()
    assert reliability_view(cohort_of(0), [], QUICK) == ()


def test_the_reliability_view_holds_every_unit() -> None:
    cohort = cohort_of(100)
    bins = reliability_view(cohort, scores_of(cohort), QUICK)
    assert sum(each.n for each in bins) == 100


def test_scores_go_with_their_units() -> None:
    cohort = cohort_of(4)
    units = scored_units(replace(cohort, units=cohort.units[::-1]), [0.4, 0.3, 0.2, 0.1])
    assert units.q.tolist() == [6553, 13107, 19660, 26214]
