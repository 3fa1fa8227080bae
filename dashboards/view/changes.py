"""The change plan of a model, and the candidates that were compared under it."""

from dashboards.view.blocks import Block, Cell, Column, Details, Facts, Heading, Paragraph, Section, Table, state_cell
from dashboards.view.numbers import count_text, instant_words, interval_text, number_text
from dashboards.view.words import metric_words
from registry.domain.change_plan import AREAS, DESCRIPTION, PROTOCOL
from registry.domain.dossier import Dossier, Json

COMPARED = (
    Column("Metric"),
    Column("Against", weight=1.2),
    Column("That version", "number"),
    Column("Candidate", "number"),
    Column("Difference", "number"),
    Column("Interval", "number"),
    Column("Margin", "number"),
    Column("n", "number"),
    Column("Verdict", "state"),
)
MODIFICATIONS = (Column("Id"), Column("What changes", weight=2), Column("How"), Column("Roll-out"), Column("Frequency"))
MATRIX = (Column("Modification"), *(Column(area.replace("_", " ").capitalize(), weight=2) for area in AREAS))
CRITERIA = (Column("Metric"), Column("Margin to original", "number"), Column("Margin to deployed", "number"))
DIFFERENCES = (Column("Aspect"), Column("Was", weight=2), Column("Is", weight=2), Column("Covered by"))
JUDGED = (
    "A candidate passes where the lower bound of its paired difference lies above minus the margin, against the "
    "version in use and against the original one; each look at the cohort spends its share of the plan's alpha."
)
NO_PLAN = "No change plan was adopted for this model: every change of it is judged as a new version."


def change_section(dossier: Dossier) -> Section:
    """Return the plan in force and every comparison that this version took part in, oldest first."""
    plan = _plan(dossier.change_plan) if dossier.change_plan is not None else (Paragraph(NO_PLAN, "quiet"),)
    compared = [block for one in dossier.comparisons for block in _comparison(one)]
    classified = [block for one in dossier.classifications for block in _classified(one)]
    note = (Paragraph(JUDGED, "quiet"),) if compared else ()
    return Section("changes", "Changes", (*plan, *classified, *note, *compared))


def _plan(plan: Json) -> tuple[Block, ...]:
    rules = plan["acceptance"]
    facts = Facts(
        (
            ("Change plan", Cell(f"{plan['model']} plan {plan['number']}: {plan['title']}")),
            ("Adopted", Cell(instant_words(plan["adopted_at"]))),
            ("Test cohort", Cell(rules["test_cohort"], "code")),
            ("Original version", Cell(rules["original_version"])),
            ("Looks at the cohort", Cell(count_text(rules["looks"]), "number")),
            ("One-sided alpha, all looks", Cell(number_text(rules["alpha"]), "number")),
            ("Ledger event", Cell(count_text(plan["event_seq"]), "number")),
            ("Plan", Cell(plan["digest"], "code")),
        )
    )
    rows = tuple(_criterion(row) for row in rules["criteria"])
    matrix = Details("Modifications, and how each is made", (_modifications(plan), _matrix(plan)))
    return (facts, Table("plan-criteria", "Acceptance criteria of the plan", CRITERIA, rows), matrix)


def _criterion(row: Json) -> tuple[Cell, ...]:
    margins = (row["margin_to_original"], row["margin_to_deployed"])
    return (Cell(metric_words(row["metric"])), *(Cell(number_text(margin), "number") for margin in margins))


def _modifications(plan: Json) -> Table:
    keys = ("id", "what", "implementation_mode", "roll_out", "frequency")
    rows = tuple(tuple(Cell(entry[key]) for key in keys) for entry in plan[DESCRIPTION])
    return Table("plan-modifications", "Foreseen modifications", MODIFICATIONS, rows)


def _matrix(plan: Json) -> Table:
    names = [entry["id"] for entry in plan[DESCRIPTION]]
    rows = tuple((Cell(name), *(Cell(plan[PROTOCOL][name][area]) for area in AREAS)) for name in names)
    return Table("plan-matrix", "Modification protocol", MATRIX, rows)


def _classified(record: Json) -> tuple[Block, ...]:
    """Return where a change lies under the plan, and what covers each difference."""
    stage, scope = (str(record[key]).replace("_", " ") for key in ("stage", "scope"))
    key = f"scope-{record['event_seq']}"
    declared = record["new_submission"]
    head = Facts(
        (
            ("Where the change lies", Cell(scope)),
            ("Compared with version", Cell(record["base"])),
            ("Declared a new submission", Cell(declared or "no")),
            ("Ledger event", Cell(count_text(record["event_seq"]), "number")),
        )
    )
    rows = tuple(
        (
            Cell(row["aspect"].replace("_", " ")),
            Cell(row["before"] or "-"),
            Cell(row["after"] or "-"),
            Cell(row["covered_by"] or ("unclear" if row["unclear"] else "not covered")),
        )
        for row in record["differences"]
    )
    table = Table(f"{key}-differences", f"Differences, {stage}", DIFFERENCES, rows, "No difference.")
    return (Heading(key, f"Change classified {stage}"), head, table, Paragraph(record["why"], "small"))


def _comparison(record: Json) -> tuple[Block, ...]:
    key, name = f"comparison-{record['look']}-{record['event_seq']}", f"{record['model']}@{record['candidate']}"
    head = Facts(
        (
            ("Verdict", state_cell(record["verdict"])),
            ("Look", Cell(f"{record['look']} of {record['looks']} at {record['cohort']}")),
            ("Completed", Cell(instant_words(record["completed_at"]))),
            ("Interval level", Cell(number_text(record["level"]), "number")),
            ("Data", state_cell("synthetic", "synthetic") if record["synthetic"] else Cell("observed")),
            ("Frozen in event", Cell(count_text(record["order"]["frozen"]), "number")),
            ("Ledger event", Cell(count_text(record["event_seq"]), "number")),
            ("Record", Cell(record["digest"], "code")),
        )
    )
    rows = tuple(compared_row(row) for row in record["metrics"])
    table = Table(f"{key}-metrics", f"{name} as a candidate", COMPARED, rows)
    return (Heading(key, f"Candidate {name}"), head, table, Paragraph(record["why"], "small"))


def compared_row(row: Json) -> tuple[Cell, ...]:
    """Return the cells of one metric of a comparison, in the order of `COMPARED`."""
    difference = row["difference"]
    numbers = (row["other"]["value"], row["candidate"]["value"], difference["value"])
    return (
        Cell(metric_words(row["metric"])),
        Cell(f"{row['against']}, version {row['version']}"),
        *(Cell(number_text(number), "number") for number in numbers),
        Cell(interval_text(*difference["interval"]), "number"),
        Cell(number_text(row["margin"]), "number"),
        Cell(count_text(difference["n"]), "number"),
        state_cell(row["verdict"]),
    )
