"""Test cohorts of made-up units with scores, and the proofs that they stand apart."""

import numpy as np

from registry.domain.cohort import Cohort, CohortUnit, DisjointnessProof, prove_disjoint
from registry.domain.vocabulary import Role
from validation.statistics.arrays import FloatArray


def cohort_of(
    n: int,
    site: str = "B",
    role: Role = Role.EXTERNAL_TEST,
    per_patient: int = 1,
    scanners: int = 2,
) -> Cohort:
    """Return a cohort in which every second patient is positive."""
    units = tuple(
        CohortUnit(
            unit="series",
            unit_uid=f"2.25.{site}{at:05}",
            series_uid=f"2.25.{site}{at:05}",
            study_uid=f"2.25.{site}1{at // per_patient:05}",
            patient=f"p:{site}{at // per_patient:05}",
            site=site,
            scanner=f"p:{site}-scanner{at // per_patient % (2 * scanners) // 2}",
            truth=at // per_patient % 2 == 1,
            pixel_digest=f"sha256:{site}{at}",
        )
        for at in range(n)
    )
    return Cohort(f"{role.value}-{site}", "brain-tumour", role, (), units, synthetic=True)


def scores_of(cohort: Cohort, shift: float = 2.5, seed: int = 1) -> FloatArray:
    generator = np.random.default_rng(seed)
    truth = np.array([unit.truth for unit in cohort.units])
    return 1 / (1 + np.exp(-(generator.normal(size=len(truth)) + shift * (truth - 0.5))))


def proofs_of(cohort: Cohort, ancestor_site: str = "A") -> list[DisjointnessProof]:
    ancestors = [cohort_of(8, ancestor_site, role) for role in (Role.TRAIN, Role.INTERNAL_TEST)]
    return [prove_disjoint(cohort, ancestor) for ancestor in ancestors if ancestor.role is not cohort.role]
