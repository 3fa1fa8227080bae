"""The recall set: from a cohort, a study or a patient forward to every version, test, approval and deployment.

A version is affected by what it was fitted on (its weights or its threshold come from it) and by what it was tested on
(its evidence does); both are listed, and which of the two it is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.domain.cohort import Cohort, CohortUnit
from registry.lineage.facts import Approval, Facts, FrozenCohort, Judgement, Placement, TrainedVersion


class Kind(StrEnum):
    """What is recalled."""

    COHORT = "cohort"
    STUDY = "study"
    PATIENT = "patient"


@dataclass(frozen=True)
class Recalled:
    """What is recalled, by its name (a pseudonym of a study or a patient)."""

    kind: Kind
    name: str


@dataclass(frozen=True)
class TouchedCohort:
    """A cohort that holds what is recalled, and how many of its units are."""

    cohort: FrozenCohort
    units: int


@dataclass(frozen=True)
class TouchedVersion:
    """A version, and the touched cohorts that it was fitted or tested on, by name."""

    version: TrainedVersion
    fitted: tuple[str, ...]
    tested: tuple[str, ...]


@dataclass(frozen=True)
class RecallSet:
    """Everything that rests on what is recalled."""

    asked: Recalled
    cohorts: tuple[TouchedCohort, ...]
    versions: tuple[TouchedVersion, ...]
    judgements: tuple[Judgement, ...]
    approvals: tuple[Approval, ...]
    placements: tuple[Placement, ...]

    @property
    def fitted(self) -> tuple[str, ...]:
        """The versions whose weights or threshold come from what is recalled."""
        return tuple(one.version.name for one in self.versions if one.fitted)

    @property
    def tested(self) -> tuple[str, ...]:
        """The versions of which only the evidence rests on what is recalled."""
        return tuple(one.version.name for one in self.versions if not one.fitted)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "asked": {"kind": self.asked.kind.value, "name": self.asked.name},
            "cohorts": [vars(one.cohort) | {"units": one.units} for one in self.cohorts],
            "models": [
                {
                    "version": one.version.name,
                    "artifact_digest": one.version.artifact_digest,
                    "event_seq": one.version.event_seq,
                    "fitted_on": list(one.fitted),
                    "tested_on": list(one.tested),
                }
                for one in self.versions
            ],
            "fitted": list(self.fitted),
            "tested": list(self.tested),
            "evaluations": [vars(one) for one in self.judgements if one.kind == "evaluation"],
            "comparisons": [vars(one) for one in self.judgements if one.kind == "comparison"],
            "approvals": [vars(one) | {"covers": list(one.covers)} for one in self.approvals],
            "deployments": [vars(one) | {"spans": [list(span) for span in one.spans]} for one in self.placements],
        }


def recall(facts: Facts, manifests: Callable[[str], Cohort], asked: Recalled) -> RecallSet:
    """Return what rests on a cohort, a study or a patient.

    Args:
        facts: what the ledger tells.
        manifests: returns the manifest of a cohort's digest.
        asked: what is recalled.

    Raises:
        ArtifactChangedError: when a manifest is missing or has other bytes.
    """
    touched = {
        digest: TouchedCohort(cohort, units)
        for digest, cohort in facts.cohorts.items()
        if (units := _units(manifests, cohort, asked)) > 0
    }
    judgements = tuple(one for one in facts.judgements if one.cohort_digest in touched)
    versions = tuple(_versions(facts.versions.values(), touched, judgements))
    names = {one.version.name for one in versions}
    return RecallSet(
        asked,
        tuple(touched.values()),
        versions,
        judgements,
        tuple(one for one in facts.approvals if one.version in names),
        tuple(one for one in facts.placements.values() if one.version in names),
    )


def _units(manifests: Callable[[str], Cohort], cohort: FrozenCohort, asked: Recalled) -> int:
    if asked.kind is Kind.COHORT:
        return len(manifests(cohort.digest).units) if asked.name == cohort.name else 0
    return sum(_HOLDS[asked.kind](unit) == asked.name for unit in manifests(cohort.digest).units)


def _versions(
    known: Iterable[TrainedVersion], touched: Mapping[str, TouchedCohort], judgements: Iterable[Judgement]
) -> Iterable[TouchedVersion]:
    tests: dict[str, list[str]] = {}
    for one in judgements:
        tests.setdefault(one.version, []).append(touched[one.cohort_digest].cohort.name)
    for version in known:
        fitted = tuple(touched[one].cohort.name for one in (version.train, version.tune) if one in touched)
        tested = tuple(dict.fromkeys(tests.get(version.name, ())))
        if fitted or tested:
            yield TouchedVersion(version, fitted, tested)


_HOLDS: Mapping[Kind, Callable[[CohortUnit], str]] = {
    Kind.STUDY: lambda unit: unit.study_uid,
    Kind.PATIENT: lambda unit: unit.patient,
}
