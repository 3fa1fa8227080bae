"""The lineage of a version as blocks: its data, what judged and released it, and whom a recall of the data affects."""

from dashboards.view.blocks import Cell, Column, Facts, Paragraph, Section, Table, state_cell
from dashboards.view.numbers import count_text, instant_words
from registry.domain.record_views import CohortUse, LineageView

DATA = (
    Column("Cohort"),
    Column("Role"),
    Column("Use"),
    Column("Event", "number"),
    Column("Digest", "code", weight=1.6),
)
RECALL = (
    Column("If this is recalled"),
    Column("Weights or threshold", weight=1.4),
    Column("Only evidence", weight=1.4),
)
TESTS = (Column("Cohort"), Column("Kind"), Column("Verdict", "state"), Column("When"), Column("Event", "number"))
APPROVALS = (Column("Signed by"), Column("As"), Column("When"), Column("Event", "number"))
PLACES = (Column("Site"), Column("Mode"), Column("Began"), Column("Ended"), Column("Event", "number"))
NOTE = (
    "Read from the ledger alone: a row that somebody deleted hides nothing. A version is affected by what it was "
    "fitted on, and by what its evidence rests on. For one patient or study: overread lineage recall."
)


def lineage_sections(view: LineageView) -> tuple[Section, ...]:
    """Return the sections of the page."""
    return (
        Section("recall", "Recall", (Paragraph(NOTE, "quiet"), _recall(view))),
        Section("made", "Made from", (_version(view), _data(view))),
        Section("judged", "Judged and approved", (_tests(view), _approvals(view))),
        Section("used", "Where it ran", (_places(view),)),
    )


def _version(view: LineageView) -> Facts:
    return Facts(
        (
            ("Version", Cell(view.version)),
            ("Target", Cell(view.target)),
            ("Registered", Cell(instant_words(view.at))),
            ("Trained by", Cell(view.person)),
            ("Ledger event", Cell(count_text(view.event_seq), "number")),
            ("Files", Cell(view.artifact_digest, "code")),
        )
    )


def _recall(view: LineageView) -> Table:
    rows = tuple((Cell(one.name, note=one.role), *_affected(view, one)) for one in view.cohorts)
    return Table("recall-set", "Versions that a recall of each cohort affects", RECALL, rows)


def _affected(view: LineageView, one: CohortUse) -> tuple[Cell, Cell]:
    fitted, tested = list(one.also_fitted), list(one.also_tested)
    (fitted if one.use == "fitted" else tested).insert(0, view.version)
    return Cell(", ".join(fitted) or "none"), Cell(", ".join(tested) or "none")


def _data(view: LineageView) -> Table:
    rows = tuple(
        (
            Cell(one.name),
            Cell(one.role),
            Cell(one.use),
            Cell(count_text(one.event_seq), "number"),
            Cell(one.digest, "code"),
        )
        for one in view.cohorts
    )
    return Table("data", "Cohorts that it was fitted and tested on", DATA, rows)


def _tests(view: LineageView) -> Table:
    rows = tuple(
        (
            Cell(one["cohort"]),
            Cell(one["kind"]),
            state_cell(one["verdict"]),
            Cell(instant_words(one["at"])),
            Cell(count_text(one["event_seq"]), "number"),
        )
        for one in view.judgements
    )
    return Table("tests", "Evaluations and comparisons", TESTS, rows)


def _approvals(view: LineageView) -> Table:
    rows = tuple(
        (
            Cell(one["person"]),
            Cell(one["role"]),
            Cell(instant_words(one["at"])),
            Cell(count_text(one["event_seq"]), "number"),
        )
        for one in view.approvals
    )
    return Table("approvals", "Signed approvals", APPROVALS, rows)


def _places(view: LineageView) -> Table:
    rows = tuple(
        (
            Cell(one["site"]),
            Cell(one["mode"]),
            Cell(instant_words(start)),
            Cell(instant_words(end) if end else "runs"),
            Cell(count_text(one["event_seq"]), "number"),
        )
        for one in view.deployments
        for start, end in one["spans"]
    )
    return Table("places", "Spans in which it ran", PLACES, rows)
