"""The report on a change plan as blocks."""

from collections.abc import Iterator, Mapping
from typing import Any

from dashboards.view.blocks import Cell, Column, Document, Facts, Paragraph, Section, Table, state_cell
from dashboards.view.changes import COMPARED, compared_row
from dashboards.view.numbers import count_text, instant_words, number_text

Json = Mapping[str, Any]
_CHANGES = (
    Column("Version"),
    Column("Registered"),
    Column("Before training", weight=1.5),
    Column("After evaluation", weight=1.5),
    Column("New submission"),
    Column("State"),
)
_DATA = (Column("Cohort"), Column("Role"), Column("Units", "number"), Column("Patients", "number"), Column("Data"))
_DEVIATIONS = (Column("Event", "number"), Column("When"), Column("What"), Column("Version"), Column("Why", weight=3))
_RELEASES = (
    Column("Version"),
    Column("Stages", weight=2),
    Column("Notice", weight=2),
    Column("Label"),
    Column("Back to"),
)
_OPERATION = (Column("When"), Column("What"), Column("Version"), Column("Site"), Column("Mode"), Column("Reason"))
_EVALUATIONS = (
    Column("Version"),
    Column("Cohort"),
    Column("Role"),
    Column("Verdict", "state"),
    Column("Why", weight=3),
)
NONE = "None recorded."


def plan_report_document(report: Json) -> Document:
    """Return the report as a document; HTML draws it."""
    synthetic = any(one["synthetic"] for one in (*report["data"], *report["comparisons"]))
    period = report["period"]
    return Document(
        title=f"Change plan report: {report['model']}",
        subtitle=f"{period['first']} to {period['last']}",
        language="en",
        synthetic=synthetic,
        cover=(Facts(tuple(_head(report))),),
        sections=(
            Section("changes", "Changes made", (_changes(report), *_scopes(report))),
            Section("data", "Data", (_data(report),)),
            Section("results", "Results", tuple(_results(report))),
            Section("deviations", "Deviations", (_deviations(report),)),
            Section("operation", "Releases and operation", (_releases(report), _operation(report))),
        ),
        footer=f"{report['model']}, up to ledger event {count_text(report['last_event'])}",
    )


def _head(report: Json) -> Iterator[tuple[str, Cell]]:
    for plan in report["plans"]:
        yield f"Plan {plan['number']}", Cell(plan["title"], note=f"adopted {instant_words(plan['at'])}")
        yield f"Plan {plan['number']}, digest", Cell(plan["digest"], "code")
    for found in report["test_sets"]:
        made = f"{len(found['made'])} of {found['looks']} looks made, one-sided alpha {found['alpha']} for all"
        yield f"Test set {found['cohort']}", Cell(made)


def _changes(report: Json) -> Table:
    rows = tuple(
        (
            Cell(one["version"]),
            Cell(instant_words(one["at"])),
            _scope(one["before_training"]),
            _scope(one["after_evaluation"]),
            Cell(one["new_submission"] or "no"),
            Cell(one["state"]),
        )
        for one in report["changes"]
    )
    return Table("plan-changes", "Versions registered in the period", _CHANGES, rows, NONE)


def _scope(found: Json | None) -> Cell:
    return Cell("not classified") if found is None else Cell(found["scope"].replace("_", " "))


def _scopes(report: Json) -> Iterator[Paragraph]:
    for one in report["changes"]:
        for key in ("before_training", "after_evaluation"):
            if one[key] is not None:
                yield Paragraph(f"Version {one['version']}, {key.replace('_', ' ')}: {one[key]['why']}", "quiet")


def _data(report: Json) -> Table:
    rows = tuple(
        (
            Cell(one["name"]),
            Cell(one["role"]),
            Cell(count_text(one["units"]), "number"),
            Cell(count_text(one["patients"]), "number"),
            Cell("synthetic" if one["synthetic"] else "observed"),
        )
        for one in report["data"]
    )
    return Table("plan-data", "Cohorts that changes and results rest on", _DATA, rows, NONE)


def _results(report: Json) -> Iterator[Paragraph | Table]:
    for one in report["comparisons"]:
        head = f"Version {one['candidate']}, look {one['look']} of {one['looks']} at {one['cohort']}, "
        yield Paragraph(f"{head}interval level {number_text(one['level'])}: {one['verdict'].replace('_', ' ')}.")
        rows = tuple(compared_row(row) for row in one["metrics"])
        yield Table(f"plan-comparison-{one['event']}", one["why"], COMPARED, rows, NONE)
    rows = tuple(
        (
            Cell(one["version"]),
            Cell(one["cohort"]),
            Cell(one["cohort_role"]),
            state_cell(one["verdict"]),
            Cell(one["why"]),
        )
        for one in report["evaluations"]
    )
    yield Table("plan-evaluations", "Evaluations in the period", _EVALUATIONS, rows, NONE)


def _deviations(report: Json) -> Table:
    rows = tuple(
        (
            Cell(count_text(one["event"]), "number"),
            Cell(instant_words(one["at"])),
            Cell(one["kind"].replace("_", " ")),
            Cell(one["version"] or "-"),
            Cell(one["why"]),
        )
        for one in report["deviations"]
    )
    return Table("plan-deviations", "What did not go as planned, or was not as it should be", _DEVIATIONS, rows, NONE)


def _releases(report: Json) -> Table:
    rows = tuple(
        (
            Cell(one["version"]),
            Cell("; ".join(f"{s['mode']} at {', '.join(s['sites'])}, {s['days']} days" for s in one["stages"])),
            Cell(one["notice"]),
            Cell(one["label"]),
            Cell(f"{one['roll_back']['version']}, loaded and run once"),
        )
        for one in report["releases"]
    )
    return Table("plan-releases", "Releases prepared", _RELEASES, rows, NONE)


def _operation(report: Json) -> Table:
    rows = tuple(
        (
            Cell(instant_words(one["at"])),
            Cell(one["what"]),
            *(Cell(str(one.get(key, "-"))) for key in ("version", "site", "mode")),
            Cell(one["reason"] or "-"),
        )
        for one in report["operation"]
    )
    return Table("plan-operation", "Deployments started, stopped, resumed, ended", _OPERATION, rows, NONE)
