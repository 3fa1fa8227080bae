"""One-time validation of a model version on a test cohort: internal, transfer or external.

The role of a test is proved and not declared: an external test without proofs of disjointness by site, or one whose
sites overlap those of a cohort that the model was fitted or tested on, is refused (VAL-01, DAT-02).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from registry.domain.cohort import TEST_ROLES, Cohort, DisjointnessProof
from registry.domain.dossier import CalibrationBin, CurvePoint
from registry.domain.errors import EvidenceMissingError, LeakFoundError, UsageError
from registry.domain.estimate import Estimate
from registry.domain.group_report import GROUP_AXES, GROUP_PAIRS, GroupReport, UnitAttributes
from registry.domain.model import Evaluation
from registry.domain.score_grid import CELLS
from registry.domain.vocabulary import Role
from validation.protocol.acceptance import ClassPatients, judge, overall
from validation.protocol.groups import group_report, judge_groups, pair_labels
from validation.protocol.protocol import Protocol
from validation.statistics.calibration import Resampling
from validation.statistics.calibration_estimates import calibration_estimates, reliability_bins
from validation.statistics.performance import SHARES, auc_estimate, share_estimate, tie_loss_estimate
from validation.statistics.roc import RocPoint, roc_counts, roc_points
from validation.statistics.subgroups import subgroup_aucs
from validation.statistics.units import ScoredUnits

# The axis on which a role's proofs must show that nothing is shared.
_PROVED_AXIS: Mapping[Role, str] = {
    Role.INTERNAL_TEST: "patient",
    Role.TRANSFER_TEST: "scanner",
    Role.EXTERNAL_TEST: "site",
}


def evaluate(  # noqa: PLR0913 - one a fact that the evaluation's record holds
    cohort: Cohort,
    scores: Sequence[float],
    k: int,
    protocol: Protocol,
    *,
    model: str,
    version: str,
    artifact_digest: str,
    scores_digest: str,
    proofs: Sequence[DisjointnessProof],
    known: UnitAttributes | None = None,
) -> Evaluation:
    """Judge a version's scores on a test cohort.

    The order of the units does not change the result.

    Args:
        cohort: the frozen test cohort.
        scores: one score in 0..1 a unit, in the order of `cohort.units`.
        k: the release's threshold k/65536, never chosen on this cohort.
        protocol: frozen to this cohort and artifact, or to none yet.
        model: model name.
        version: version judged.
        artifact_digest: digest of its artifact.
        scores_digest: digest of the stored scores.
        proofs: proofs of disjointness against every ancestor cohort.
        known: what is known of each unit's patient and device; only site and scanner unless given.

    Raises:
        UsageError: when the cohort is no test cohort, or scores or threshold do not fit.
        LeakFoundError: when a proof shows an overlap.
        EvidenceMissingError: when the proofs do not show what the role demands.
    """
    check_role(cohort, proofs)
    units = scored_units(cohort, scores)
    _check_threshold(k)
    frozen = protocol.frozen_to(cohort.digest, artifact_digest)
    metrics = metrics_of(units, k, frozen) + scanner_table(cohort, units, frozen)
    groups = groups_of(cohort, units, k, frozen, known or UnitAttributes())
    criteria = judge(frozen, metrics, ClassPatients.of(units)) + tuple(judge_groups(frozen, groups))
    verdict, why = overall(criteria)
    return Evaluation(
        model=model,
        version=version,
        artifact_digest=artifact_digest,
        cohort=cohort.name,
        cohort_digest=cohort.digest,
        cohort_role=cohort.role,
        protocol_digest=frozen.digest,
        threshold=k / CELLS,
        metrics=metrics,
        criteria=criteria,
        verdict=verdict,
        why=why,
        scores_digest=scores_digest,
        proofs=tuple(proof.to_json() for proof in proofs),
        synthetic=cohort.synthetic,
        groups=groups,
    )


def groups_of(cohort: Cohort, units: ScoredUnits, k: int, protocol: Protocol, known: UnitAttributes) -> GroupReport:
    """Judge every group of the cohort by every axis that may be looked at, and each pair that is of interest.

    Args:
        cohort: the cohort.
        units: its scored units, as `scored_units` orders them.
        k: threshold cell.
        protocol: level, least patients, and the pairs that its criteria name.
        known: what is known of each unit.
    """
    ordered = [cohort.units[at] for at in _order(cohort)]
    labels: dict[str, list[str]] = {"site": [one.site for one in ordered], "scanner": [one.scanner for one in ordered]}
    stated = [known.labels.get(one.unit_uid, {}) for one in ordered]
    for axis in GROUP_AXES:
        if axis not in labels and axis not in known.withheld:
            labels[axis] = [one.get(axis, "") for one in stated]
    named = {criterion.axis for criterion in protocol.parsed_groups() if "*" in criterion.axis}
    for pair in sorted({*GROUP_PAIRS, *named}):
        first, _, second = pair.partition("*")
        if {first, second} <= set(labels):
            labels[pair] = pair_labels(labels[first], labels[second])
    report = group_report(units, labels, known.withheld, k, protocol)
    return replace(report, groups_digest=known.digest, basis=known.basis)


def check_role(cohort: Cohort, proofs: Sequence[DisjointnessProof]) -> None:
    """Refuse a cohort whose role as a test is not proved.

    Raises:
        UsageError: when the cohort is no test cohort, or a unit occurs twice.
        LeakFoundError: when a proof shows an overlap.
        EvidenceMissingError: when a proof of the role's axis is missing, or a unit's site or scanner is unknown.
    """
    if cohort.role not in TEST_ROLES:
        raise UsageError(f"a {cohort.role.value} cohort is no test", where=f"cohort '{cohort.name}'")
    twice = [uid for uid, n in Counter(unit.unit_uid for unit in cohort.units).items() if n > 1]
    if twice:
        raise UsageError(f"{len(twice)} unit(s) occur twice", where=f"cohort '{cohort.name}'")
    for proof in proofs:
        _check_proof(cohort, proof)
    axis = _PROVED_AXIS[cohort.role]
    if not any(overlap.axis == axis for proof in proofs for overlap in proof.overlaps):
        raise EvidenceMissingError(
            f"no proof that this {cohort.role.value} cohort shares no {axis} with its ancestors",
            where=f"cohort '{cohort.name}'",
            mend="prove it against the cohorts that the model was fitted on",
        )
    _check_known(cohort, axis)


def scored_units(cohort: Cohort, scores: Sequence[float]) -> ScoredUnits:
    """Put scores, in the order of `cohort.units`, on the grid; the units are ordered by their uid.

    Raises:
        UsageError: when the numbers of scores and units differ, or a score is no number in 0..1.
    """
    if len(scores) != len(cohort.units):
        raise UsageError(f"{len(scores)} scores for {len(cohort.units)} units", where=f"cohort '{cohort.name}'")
    order = _order(cohort)
    try:
        return ScoredUnits.of_scores(
            [scores[at] for at in order],
            [cohort.units[at].truth for at in order],
            [cohort.units[at].patient for at in order],
        )
    except ValueError as error:
        raise UsageError(str(error), where=f"scores of cohort '{cohort.name}'") from error


def metrics_of(units: ScoredUnits, k: int, protocol: Protocol) -> tuple[Estimate, ...]:
    """Return auc, tie_loss, the shares at the threshold, and the calibration metrics."""
    level = float(protocol.level)
    shares = [share_estimate(name, units, k, level) for name in SHARES]
    drawn = Resampling(level, protocol.bootstrap_repeats, protocol.bootstrap_seed)
    calibration = calibration_estimates(units, drawn, protocol.calibration_bins)
    return (auc_estimate(units, level), tie_loss_estimate(units), *shares, *calibration)


def scanner_table(cohort: Cohort, units: ScoredUnits, protocol: Protocol) -> tuple[Estimate, ...]:
    """Return `auc:scanner=<pseudonym>` per scanner, without a value below the protocol's patients of each class.

    Args:
        cohort: the cohort.
        units: its scored units, as `scored_units` orders them.
        protocol: level and least patients.
    """
    scanners = [cohort.units[at].scanner for at in _order(cohort)]
    results = subgroup_aucs(units, scanners, protocol.min_patients_per_class, float(protocol.level))
    return tuple(_named(result.estimate, f"auc:scanner={result.group}") for result in results)


def roc_view(cohort: Cohort, scores: Sequence[float], most: int = 512) -> tuple[CurvePoint, ...]:
    """Return the ROC curve's corners for a chart, at most `most` of them; empty where a class is empty."""
    units = scored_units(cohort, scores)
    if not 0 < units.n_positive < units.n:
        return ()
    corners = _corners(roc_points(roc_counts(units.q, units.truth)))
    step = max(1, -(-(len(corners) - 1) // (most - 1)))
    kept = corners[:-1:step] + corners[-1:]
    return tuple(CurvePoint(point.false_positive_rate, point.true_positive_rate) for point in kept)


def reliability_view(cohort: Cohort, scores: Sequence[float], protocol: Protocol) -> tuple[CalibrationBin, ...]:
    """Return the reliability curve for a chart, with intervals by patient."""
    units = scored_units(cohort, scores)
    return tuple(reliability_bins(units, protocol.calibration_bins, float(protocol.level)))


def _check_proof(cohort: Cohort, proof: DisjointnessProof) -> None:
    if cohort.name not in {proof.first, proof.second}:
        raise EvidenceMissingError(f"a proof speaks of other cohorts than '{cohort.name}'")
    if not proof.disjoint:
        raise LeakFoundError(
            f"cohorts '{proof.first}' and '{proof.second}' share {proof.why()}",
            where=f"{cohort.role.value} cohort '{cohort.name}'",
            mend="freeze a cohort without them, or give it the role that it has",
        )


def _check_known(cohort: Cohort, axis: str) -> None:
    """Refuse units of which the proved axis is unknown: an empty value is disjoint from everything."""
    unknown = sum(not getattr(unit, axis) for unit in cohort.units)
    if unknown:
        raise EvidenceMissingError(f"{unknown} unit(s) have no {axis}", where=f"cohort '{cohort.name}'")


def _check_threshold(k: int) -> None:
    if not 0 <= k <= CELLS:
        raise UsageError(f"a threshold is k/65536 with k in 0..65536, not {k}")


def _order(cohort: Cohort) -> list[int]:
    return sorted(range(len(cohort.units)), key=lambda at: cohort.units[at].unit_uid)


def _named(estimate: Estimate, name: str) -> Estimate:
    return replace(estimate, name=name)


def _corners(points: list[RocPoint]) -> list[RocPoint]:
    """Drop the points that lie on the straight line between their neighbours along an axis."""
    kept = [points[0]]
    for point, following in pairwise(points[1:]):
        flat = point.true_positive_rate == kept[-1].true_positive_rate == following.true_positive_rate
        upright = point.false_positive_rate == kept[-1].false_positive_rate == following.false_positive_rate
        if not (flat or upright):
            kept.append(point)
    return [*kept, points[-1]]
