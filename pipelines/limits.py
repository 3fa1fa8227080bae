"""The limits of the evidence, in plain sentences: what a reader must not conclude."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.view.numbers import interval_text, number_text
from dashboards.view.words import reason_words
from registry.domain.dossier import CohortView, EvaluationView
from registry.domain.model import Deployment, ModelVersion
from registry.domain.stratum import Suspension
from registry.domain.vocabulary import Role, Verdict

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Events:
    """What came after the judgement: suspended strata, comparisons with candidates, reasons of open tasks."""

    suspensions: Sequence[Suspension] = ()
    comparisons: Sequence[Json] = ()
    asked: Sequence[str] = ()


def limits_of(
    version: ModelVersion,
    cohorts: Sequence[CohortView],
    synthetic_tables: Sequence[str],
    evaluations: Sequence[EvaluationView],
    deployments: Sequence[Deployment],
    monitor: Json | None,
    ledger_anchor: str,
    events: Events = Events(),
) -> tuple[str, ...]:
    """List what the evidence does not show; a version without limits says that none was found."""
    found = [
        *_synthetic(version, cohorts),
        *_simulated(synthetic_tables),
        *_validation(evaluations),
        *_external(evaluations),
        *_uncalibrated(evaluations),
        *_operation(deployments),
        *_monitoring(monitor),
        *_ledger(ledger_anchor),
        *_strata(events.suspensions),
        *_candidate(version, events.comparisons),
        *(f"Asked for, and not done yet: {why}" for why in events.asked),
    ]
    return tuple(found) or ("No limit was found by these checks; that is not a proof that there is none.",)


def _synthetic(version: ModelVersion, cohorts: Iterable[CohortView]) -> Iterator[str]:
    named = sorted(cohort.name for cohort in cohorts if cohort.synthetic)
    if version.synthetic or named:
        yield f"Synthetic data: {', '.join(named) or version.name}. Nothing here says how the model does on patients."


def _simulated(tables: Sequence[str]) -> Iterator[str]:
    if tables:
        named = ", ".join(tables)
        yield f"Simulated rows in the tables {named}: signals that rest on them are no evidence about patients."


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


def _uncalibrated(evaluations: Sequence[EvaluationView]) -> Iterator[str]:
    """Say where the interval of the calibration slope leaves out 1, so that nobody reads a score as a probability."""
    for evaluation in evaluations:
        slope = next((m for m in evaluation.record["metrics"] if m["name"] == "cox_slope"), None)
        if slope is None or None in slope["interval"] or _holds_one(slope["interval"]):
            continue
        found = f"{number_text(slope['value'])} ({interval_text(*slope['interval'])})"
        yield (
            f"Scores are not probabilities: on {evaluation.record['cohort']} the calibration slope is {found}, where 1 "
            "would be calibrated."
        )


def _holds_one(interval: Sequence[str]) -> bool:
    return float(interval[0]) <= 1.0 <= float(interval[1])


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
        reasons = sorted({reason_words(signal["reason"]) for signal in silent})
        yield f"{len(silent)} of {len(signals)} signals are not assessed ({', '.join(reasons)})."
    if monitor["known_time"] == "assumed":
        yield "When rows became known is assumed from their own times, not recorded."


def _strata(suspensions: Sequence[Suspension]) -> Iterator[str]:
    for one in suspensions:
        if one.in_force:
            where = f"{one.stratum.axis.replace('_', ' ')} {one.stratum.value} at {one.site}"
            yield f"Suspended for {where} since {one.since[:10]}: signals say nothing of results there."


def _candidate(version: ModelVersion, comparisons: Sequence[Json]) -> Iterator[str]:
    ours = [one for one in comparisons if one["candidate"] == version.version]
    if ours and ours[-1]["verdict"] != Verdict.PASSED:
        one = ours[-1]
        yield f"As a candidate under change plan {one['plan']} it is {_words(one['verdict'])}: {one['why']}."


def _words(verdict: str) -> str:
    return verdict.replace("_", " ")


def _ledger(anchor: str) -> Iterator[str]:
    if anchor != "outside checkpoint":
        yield (
            "The ledger is anchored by its own checkpoints only: compare it with a checkpoint kept elsewhere to exclude"
            " that its end was cut off together with them."
        )
