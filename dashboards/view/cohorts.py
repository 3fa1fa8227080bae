"""Cohorts: how many units, positives, patients, scanners; and what each step of the selection left."""

from dashboards.text import shortened
from dashboards.view.blocks import Cell, Column, Section, Table
from dashboards.view.numbers import count_text, percent_text
from registry.domain.dossier import CohortView, Dossier

COUNTS = (
    Column("Cohort"),
    Column("Role"),
    Column("Units", "number"),
    Column("Positive", "number"),
    Column("Share", "number"),
    Column("Patients", "number"),
    Column("Scanners", "number"),
    Column("Sites"),
    Column("Data"),
)
SHORT_DIGEST = 20
FLOW = (Column("Cohort"), Column("Step of the selection", weight=2), Column("Units left", "number"))


def cohort_section(dossier: Dossier) -> Section:
    """Return the counts of all cohorts by role, and what each step of the selection left."""
    counts = Table(
        "cohort-counts", "Cohorts by role", COUNTS, tuple(map(_counts, dossier.cohorts)), "No cohort is recorded."
    )
    flow = tuple(row for cohort in dossier.cohorts for row in _flow(cohort))
    steps = Table("flow", "Selection of the cohorts, step by step", FLOW, flow)
    return Section("cohorts", "Cohorts", (counts, steps))


def _counts(cohort: CohortView) -> tuple[Cell, ...]:
    numbers = (count_text(cohort.units), count_text(cohort.positive), percent_text(cohort.positive, cohort.units))
    return (
        Cell(cohort.name, note=shortened(cohort.digest, SHORT_DIGEST)),
        Cell(cohort.role),
        *(Cell(text, "number") for text in numbers),
        Cell(count_text(cohort.patients), "number"),
        Cell(count_text(cohort.scanners), "number"),
        Cell(", ".join(cohort.sites)),
        Cell("synthetic" if cohort.synthetic else "observed"),
    )


def _flow(cohort: CohortView) -> tuple[tuple[Cell, ...], ...]:
    return tuple((Cell(cohort.name), Cell(step), Cell(count_text(n), "number")) for step, n in cohort.flow)
