"""Validation: each evaluation with its metrics, its criteria and verdict, and its curves."""

from collections.abc import Sequence
from functools import partial

from dashboards.charts.forest import ForestRow, forest_plot
from dashboards.charts.reliability import reliability_curve
from dashboards.charts.roc import roc_curve
from dashboards.charts.theme import Frame, Theme
from dashboards.view.blocks import Block, Cell, Column, Facts, Figure, Heading, Paragraph, Section, Table, state_cell
from dashboards.view.numbers import count_text, instant_words, interval_text, number_text
from dashboards.view.words import metric_words, state_words
from registry.domain.dossier import CurvePoint, Dossier, EvaluationView, Json

METRICS = (
    Column("Metric"),
    Column("Value", "number"),
    Column("Interval", "number"),
    Column("n", "number"),
    Column("Positive", "number"),
    Column("Patients", "number"),
    Column("Method or reason", weight=1.6),
)
CRITERIA = (
    Column("Criterion"),
    Column("Limit", "number"),
    Column("Value", "number"),
    Column("Interval", "number"),
    Column("Verdict", "state"),
    Column("Why", weight=1.6),
)
BINS = (
    Column("Mean score", "number"),
    Column("Observed", "number"),
    Column("Interval", "number"),
    Column("n", "number"),
)
JUDGED = "A criterion is judged on the bound of the interval, never on the estimate."


def validation_section(dossier: Dossier) -> Section:
    """Return all evaluations, the oldest first."""
    ordered = sorted(dossier.evaluations, key=lambda view: view.event_seq)
    blocks = [block for number, view in enumerate(ordered, start=1) for block in evaluation_blocks(view, number)]
    intro = Paragraph(JUDGED if blocks else "This version has not been evaluated on any cohort.", "quiet")
    return Section("validation", "Validation", (intro, *blocks))


def evaluation_blocks(view: EvaluationView, number: int) -> tuple[Block, ...]:
    """Return one evaluation: head, metrics, criteria, forest plot, ROC, reliability."""
    key = f"evaluation-{number}"
    title = f"{view.record['cohort']}, {view.record['cohort_role']}"
    tables = (_metrics(view.record, key), _criteria(view.record, key))
    return (Heading(key, title), _head(view), *tables, *_figures(view, key, title), *_bins(view, key))


def operating_point(record: Json) -> CurvePoint | None:
    """Return the operating point from the record's sensitivity and specificity; None where either is missing."""
    values = {metric["name"]: metric["value"] for metric in record["metrics"]}
    if values.get("sensitivity") is None or values.get("specificity") is None:
        return None
    return CurvePoint(1 - float(values["specificity"]), float(values["sensitivity"]))


def _head(view: EvaluationView) -> Facts:
    record = view.record
    return Facts(
        (
            ("Verdict", state_cell(record["verdict"])),
            ("Why", Cell(record["why"])),
            ("Completed", Cell(instant_words(view.completed_at))),
            ("Threshold", Cell(number_text(record["threshold"]), "number")),
            ("Data", state_cell("synthetic", "synthetic") if record["synthetic"] else Cell("observed")),
            ("Ledger event", Cell(count_text(view.event_seq), "number")),
            ("Evaluation record", Cell(view.digest, "code")),
            ("Cohort", Cell(record["cohort_digest"], "code")),
            ("Protocol", Cell(record["protocol_digest"], "code")),
        )
    )


def _metrics(record: Json, key: str) -> Table:
    rows = tuple(_metric(metric) for metric in record["metrics"])
    return Table(f"{key}-metrics", f"Metrics on {record['cohort']}", METRICS, rows)


def _metric(metric: Json) -> tuple[Cell, ...]:
    counts = (metric["n"], metric["n_positive"], metric["n_patients"])
    return (
        Cell(metric_words(metric["name"])),
        Cell(number_text(metric["value"]), "number"),
        Cell(interval_text(*metric["interval"]), "number"),
        *(Cell(count_text(count), "number") for count in counts),
        Cell(metric["reason"] or metric["method"]),
    )


def _criteria(record: Json, key: str) -> Table:
    rows = tuple(_criterion(criterion) for criterion in record["criteria"])
    return Table(f"{key}-criteria", f"Acceptance criteria on {record['cohort']}", CRITERIA, rows)


def _criterion(criterion: Json) -> tuple[Cell, ...]:
    estimate = criterion["estimate"]
    return (
        Cell(criterion["criterion"]),
        Cell(number_text(criterion["limit"]), "number"),
        Cell(number_text(estimate["value"]), "number"),
        Cell(interval_text(*estimate["interval"]), "number"),
        state_cell(criterion["verdict"]),
        Cell(criterion["why"]),
    )


def _figures(view: EvaluationView, key: str, title: str) -> tuple[Figure, ...]:
    synthetic = bool(view.record["synthetic"])
    found = [_forest(view.record, f"{key}-forest", title)] if view.record["criteria"] else []
    if view.roc:
        found.append(_roc(view, f"{key}-roc", title, synthetic=synthetic))
    if view.reliability:
        found.append(_reliability(view, f"{key}-reliability", title, synthetic=synthetic))
    return tuple(found)


def _forest(record: Json, key: str, title: str) -> Figure:
    rows = [_forest_row(criterion) for criterion in record["criteria"]]
    said = "; ".join(f"{row.label}: {row.value_text}, {state_words(row.state)}" for row in rows)
    alternative = f"Forest plot of the acceptance criteria. {said}."
    return Figure(key, f"Criteria against their limits: {title}", alternative, partial(_draw_forest, rows, record, key))


def _forest_row(criterion: Json) -> ForestRow:
    estimate = criterion["estimate"]
    value, low, high = (_number(text) for text in (estimate["value"], *estimate["interval"]))
    return ForestRow(
        criterion["criterion"],
        value,
        low,
        high,
        float(criterion["limit"]),
        criterion["verdict"],
        f"{number_text(estimate['value'])} ({interval_text(*estimate['interval'])})",
        count_text(estimate["n"]),
        estimate["reason"] or "",
    )


def _draw_forest(rows: Sequence[ForestRow], record: Json, key: str, theme: Theme) -> str:
    said = f"{len(rows)} criteria on {record['cohort']}"
    return forest_plot(rows, Frame(key, "Acceptance criteria", said, theme, bool(record["synthetic"])))


def _roc(view: EvaluationView, key: str, title: str, *, synthetic: bool) -> Figure:
    point = operating_point(view.record)
    where = "no operating point"
    if point is not None:
        rates = (number_text(point.true_positive_rate), number_text(point.false_positive_rate))
        where = f"operating point at true positive rate {rates[0]} and false positive rate {rates[1]}"
    alternative = f"ROC curve with {len(view.roc)} points; {where}."

    def draw(theme: Theme) -> str:
        return roc_curve(view.roc, point, Frame(key, f"ROC curve: {title}", alternative, theme, synthetic))

    return Figure(key, f"ROC curve: {title}", alternative, draw, wide=False)


def _reliability(view: EvaluationView, key: str, title: str, *, synthetic: bool) -> Figure:
    counts = ", ".join(count_text(entry.n) for entry in view.reliability)
    alternative = f"Reliability curve with {len(view.reliability)} bins; cases in the bins: {counts}."

    def draw(theme: Theme) -> str:
        frame = Frame(key, f"Reliability curve: {title}", alternative, theme, synthetic)
        return reliability_curve(view.reliability, frame)

    return Figure(key, f"Reliability curve: {title}", alternative, draw, wide=False)


def _bins(view: EvaluationView, key: str) -> tuple[Table, ...]:
    if not view.reliability:
        return ()
    rows = tuple(
        (
            Cell(number_text(entry.mean_score), "number"),
            Cell(number_text(entry.observed), "number"),
            Cell(interval_text(entry.low, entry.high), "number"),
            Cell(count_text(entry.n), "number"),
        )
        for entry in view.reliability
    )
    return (Table(f"{key}-bins", "Bins of the reliability curve", BINS, rows),)


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
