"""The limits of the evidence, in plain sentences: what a reader must not conclude."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from registry.domain.dossier import CohortView, EvaluationView
from registry.domain.model import Deployment, ModelVersion
from registry.domain.vocabulary import Role, Verdict

Json = Mapping[str, Any]


def limits_of(
    version: ModelVersion,
    cohorts: Sequence[CohortView],
    synthetic_tables: Sequence[str],
    evaluations: Sequence[EvaluationView],
    deployments: Sequence[Deployment],
    monitor: Json | None,
    ledger_anchor: str,
    asked: Sequence[str] = (),
) -> tuple[str, ...]:
    """List what the evidence does not show; a version without limits says that none was found.

    `asked` holds the reasons of open tasks: work that was asked for and is not done.
    """
    found = [
        *_synthetic(version, cohorts),
        *_simulated(synthetic_tables),
        *_validation(evaluations),
        *_external(evaluations),
        *_operation(deployments),
        *_monitoring(monitor),
        *_ledger(ledger_anchor),
        *(f"Asked for, and not done yet: {why}" for why in asked),
    ]
    return tuple(found) or ("No limit was found by these checks; that is not a proof that there is none.",)


def _synthetic(version: ModelVersion, cohorts: Iterable[CohortView]) -> Iterator[str]:
    named = sorted(cohort.name for cohort in cohorts if cohort.synthetic)
    if version.synthetic or named:
        yield f"Synthetic data: {', '.join(named) or version.name}. Nothing here says how the model does on patients."


def _simulated(tables: Sequence[str]) -> Iterator[str]:
    if tables:
        yield f"Simulated rows among the observed ones: {', '.join(tables)}. Signals that rest on them are no evidence."


def _validation(evaluations: Sequence[EvaluationView]) -> Iterator[str]:
    if not evaluations:
        yield "No evaluation is on record."
    for evaluation in evaluations:
        record = evaluation.record
        if record["verdict"] == Verdict.NOT_ASSESSED:
            yield f"Not assessed on {record['cohort']} ({record['cohort_role']}): {record['why']}."
        if record["verdict"] == Verdict.FAILED:
            yield f"Failed on {record['cohort']} ({record['cohort_role']}): {record['why']}."


def _external(evaluations: Sequence[EvaluationView]) -> Iterator[str]:
    passed = [
        e
        for e in evaluations
        if e.record["cohort_role"] == Role.EXTERNAL_TEST and e.record["verdict"] == Verdict.PASSED
    ]
    if not passed:
        yield "No external site: there is no passed evaluation on a site that the model was not made with."


def _operation(deployments: Sequence[Deployment]) -> Iterator[str]:
    if not any(deployment.state in {"pilot", "live"} for deployment in deployments):
        yield "Not in clinical use: no pilot or live deployment; nothing here shows an effect on care."


def _monitoring(monitor: Json | None) -> Iterator[str]:
    if monitor is None:
        yield "The monitors have not run."
        return
    signals = monitor["signals"]
    silent = [signal for signal in signals if signal["state"] == "not_assessed"]
    if silent:
        reasons = sorted({str(signal["reason"]) for signal in silent})
        yield f"{len(silent)} of {len(signals)} signals are not assessed ({', '.join(reasons)})."
    if monitor["known_time"] == "assumed":
        yield "When rows became known is assumed from their own times, not recorded."


def _ledger(anchor: str) -> Iterator[str]:
    if anchor != "outside checkpoint":
        yield (
            "The ledger is anchored by its own checkpoints only: compare it with a checkpoint kept elsewhere to exclude"
            " that its end was cut off together with them."
        )
