"""Cohorts: how many units, positives, patients, scanners; and what each step of the selection left."""

from dashboards.text import shortened
from dashboards.view.blocks import Cell, Column, Details, Section, Table
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
FLOW = (Column("Cohort"), Column("Units left after each step", weight=5))
FLOW_TITLE = "Selection of the cohorts, step by step"


def cohort_section(dossier: Dossier) -> Section:
    """Return the counts of all cohorts by role, and what each step of the selection left."""
    counts = Table(
        "cohort-counts", "Cohorts by role", COUNTS, tuple(map(_counts, dossier.cohorts)), "No cohort is recorded."
    )
    steps = Table("flow", FLOW_TITLE, FLOW, tuple(map(_flow, dossier.cohorts)))
    return Section("cohorts", "Cohorts", (counts, Details(FLOW_TITLE, (steps,))))


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


def _flow(cohort: CohortView) -> tuple[Cell, ...]:
    steps = " → ".join(f"{step}: {count_text(n)}" for step, n in cohort.flow)
    return (Cell(cohort.name), Cell(steps))
