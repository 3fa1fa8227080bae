"""The pictures of an evaluation: forest plot of its criteria, ROC, reliability."""

from collections.abc import Sequence
from functools import partial

from dashboards.charts.forest import ForestRow, forest_plot
from dashboards.charts.reliability import reliability_curve
from dashboards.charts.roc import roc_curve
from dashboards.charts.theme import Frame, Theme
from dashboards.view.blocks import Figure
from dashboards.view.numbers import count_text, interval_text, number_text
from dashboards.view.words import cause_words, criterion_words, state_words
from registry.domain.dossier import CurvePoint, EvaluationView, Json


def forest_figures(record: Json, key: str, title: str) -> tuple[Figure, ...]:
    """Return the forest plot of the criteria; nothing where no criterion has an estimate to draw."""
    rows = [_forest_row(criterion) for criterion in record["criteria"]]
    if all(row.value is None for row in rows):
        return ()
    said = "; ".join(f"{row.label}: {row.value_text}, {state_words(row.state)}" for row in rows)
    alternative = f"Forest plot of the acceptance criteria. {said}."
    draw = partial(_draw_forest, rows, record, f"{key}-forest")
    return (Figure(f"{key}-forest", f"Criteria against their limits: {title}", alternative, draw),)


def roc_figures(view: EvaluationView, key: str, title: str) -> tuple[Figure, ...]:
    """Return the ROC curve, where the record holds it."""
    synthetic = bool(view.record["synthetic"])
    return (_roc(view, f"{key}-roc", title, synthetic=synthetic),) if view.roc else ()


def reliability_figures(view: EvaluationView, key: str, title: str) -> tuple[Figure, ...]:
    """Return the reliability curve, where the record holds it."""
    synthetic = bool(view.record["synthetic"])
    return (_reliability(view, f"{key}-reliability", title, synthetic=synthetic),) if view.reliability else ()


def operating_point(record: Json) -> CurvePoint | None:
    """Return the operating point from the record's sensitivity and specificity; None where either is missing."""
    values = {metric["name"]: metric["value"] for metric in record["metrics"]}
    if values.get("sensitivity") is None or values.get("specificity") is None:
        return None
    return CurvePoint(1 - float(values["specificity"]), float(values["sensitivity"]))


def _forest_row(criterion: Json) -> ForestRow:
    estimate = criterion["estimate"]
    value, low, high = (_number(text) for text in (estimate["value"], *estimate["interval"]))
    return ForestRow(
        criterion_words(criterion["criterion"]),
        value,
        low,
        high,
        float(criterion["limit"]),
        criterion["verdict"],
        f"{number_text(estimate['value'])} ({interval_text(*estimate['interval'])})",
        count_text(estimate["n"]),
        cause_words(estimate["reason"] or ""),
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


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
