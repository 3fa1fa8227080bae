"""Look a cohort over before it is learned from: duplicates, labels that a model contradicts, provenance (SEC-06)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pipelines.usecases.validate import score_cohort
from pipelines.usecases.version_facts import facts_of_cohorts
from registry.domain.canonical import canonical_bytes
from registry.domain.cohort import Cohort, CohortUnit, near_pairs
from registry.domain.errors import UsageError
from registry.domain.estimate import Estimate, decimal_text
from registry.domain.event import EventDraft, Subject
from registry.domain.model import ModelVersion
from registry.domain.person import actor_record
from registry.domain.ports import Progress
from registry.domain.vocabulary import MIN_PATIENTS_PER_CLASS

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace

SCHEMA = "overread.cohort-inspection/1"
Json = Mapping[str, Any]


def inspect_cohort(
    workspace: "Workspace", name: str, by: tuple[str, str | None] | None, share: float, *, progress: Progress
) -> dict[str, Any]:
    """Look a frozen cohort over and put the report on record; nothing is removed.

    Args:
        workspace: where the cohort is.
        name: the cohort.
        by: model and version whose scores are held against the labels; without it they are not assessed.
        share: of the units, listed at most as contradicted.
        progress: advances once an image.

    Raises:
        UnknownNameError: for an unknown cohort, model or version.
        UsageError: when the version answers another question.
    """
    cohort = workspace.cohorts.get(name)
    version = None if by is None else workspace.lifecycle.version(*by)
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "cohort": cohort.name,
        "cohort_digest": cohort.digest,
        "units": len(cohort.units),
        "patients": len(cohort.patients()),
        "synthetic": cohort.synthetic,
        "same_pixels": [_pair(*pair) for pair in _same_pixels(cohort)],
        "near_duplicates": [_pair(*pair) for pair in near_pairs(cohort.units)],
        "labels": _labels(workspace, cohort, version, share, progress),
        "provenance": {
            aspect: list(values)
            for aspect, values in sorted(facts_of_cohorts(workspace, cohort.target, [cohort]).items())
            if aspect != "training_studies"
        },
    }
    digest = workspace.objects.put(canonical_bytes(report))
    counts = {key: len(report[key]) for key in ("same_pixels", "near_duplicates")}
    payload = {"name": cohort.name, "digest": digest, "duplicates": counts, "labels": report["labels"]["listed"]}
    subjects = (Subject("cohort", cohort.name, cohort.digest), Subject("inspection", cohort.name, digest))
    with workspace.ledger.transaction() as tx:
        tx.append(EventDraft("cohort.inspected", actor_record(workspace.actor), subjects, payload))
    return report | {"digest": digest}


def inspection_lines(report: Json) -> Iterator[str]:
    """Say an inspection in lines for a person."""
    yield f"{report['cohort']}: {report['units']} units of {report['patients']} patients"
    for key in ("same_pixels", "near_duplicates"):
        pairs = report[key]
        conflicts = sum(pair["conflict"] for pair in pairs)
        yield f"  {key.replace('_', ' ')}: {len(pairs)} pairs, {conflicts} of them with different labels"
    labels = report["labels"]
    if labels["reason"]:
        yield f"  labels: not assessed ({labels['reason']})"
    for row in labels["contradicted"]:
        yield f"  to be read again: {row['unit_uid']}, labelled {row['truth']}, contradicted by {row['contradiction']}"
    for aspect, values in report["provenance"].items():
        unknown = ", not recorded for some" if "" in values else ""
        yield f"  {aspect.replace('_', ' ')}: {len([one for one in values if one])}{unknown}"


def _same_pixels(cohort: Cohort) -> Iterator[tuple[CohortUnit, CohortUnit]]:
    """Yield each unit with the first one that has the same pixels."""
    groups: dict[str, list[CohortUnit]] = defaultdict(list)
    for unit in sorted(cohort.units, key=lambda unit: unit.unit_uid):
        if unit.pixel_digest:
            groups[unit.pixel_digest].append(unit)
    for units in groups.values():
        yield from ((units[0], other) for other in units[1:])


def _pair(first: CohortUnit, second: CohortUnit) -> dict[str, Any]:
    return {
        "units": [first.unit_uid, second.unit_uid],
        "same_patient": first.patient == second.patient,
        "conflict": first.truth is not second.truth,
    }


def _labels(
    workspace: "Workspace", cohort: Cohort, version: ModelVersion | None, share: float, progress: Progress
) -> dict[str, Any]:
    """Return the labels that a version contradicts most, on units whose patients it was not fitted on."""
    if version is None:
        return _not_assessed("no version was named")
    if version.target != cohort.target:
        raise UsageError(f"{version.name} answers '{version.target}', '{cohort.name}' '{cohort.target}'")
    fitted = {
        patient
        for name in (version.train_cohort, version.tune_cohort)
        for patient in workspace.cohorts.get(name).patients()
    }
    rest = replace(cohort, units=tuple(unit for unit in cohort.units if unit.patient not in fitted))
    fewest = min(len(rest.patients(truth=truth)) for truth in (True, False))
    if fewest < MIN_PATIENTS_PER_CLASS:
        return _not_assessed(f"{fewest} patients of a class that {version.name} was not fitted on")
    return _judged(rest, score_cohort(workspace, version, rest, progress), version, share)


def _judged(cohort: Cohort, scores: list[float], version: ModelVersion, share: float) -> dict[str, Any]:
    import numpy as np  # noqa: PLC0415 - lazy: only where labels are held against scores

    from validation.external import scored_units  # noqa: PLC0415 - lazy: scipy is slow to import
    from validation.statistics.label_noise import contradictions, suspects  # noqa: PLC0415 - lazy
    from validation.statistics.performance import auc_estimate  # noqa: PLC0415 - lazy

    area = auc_estimate(scored_units(cohort, scores))
    if area.low is None or area.low <= 0.5:
        return _not_assessed(f"{version.name} ranks these units no better than chance", area)
    truth = np.array([unit.truth for unit in cohort.units])
    found = contradictions(np.array(scores), truth)
    rows = [
        {
            "unit_uid": cohort.units[index].unit_uid,
            "truth": cohort.units[index].truth,
            "contradiction": decimal_text(float(found[index])),
        }
        for index in suspects(np.array(scores), truth, share)
    ]
    return {"by": version.name, "auc": area.to_json(), "reason": "", "listed": len(rows), "contradicted": rows}


def _not_assessed(reason: str, area: Estimate | None = None) -> dict[str, Any]:
    auc = None if area is None else area.to_json()
    return {"by": None, "auc": auc, "reason": reason, "listed": 0, "contradicted": []}
