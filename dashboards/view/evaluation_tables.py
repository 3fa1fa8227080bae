"""The tables of an evaluation: metrics with how each was computed, criteria with their verdict, bins."""

from collections.abc import Sequence
from string import ascii_lowercase

from dashboards.view.blocks import Cell, Column, Details, Paragraph, Table, state_cell
from dashboards.view.numbers import count_text, interval_text, number_text
from dashboards.view.words import cause_words, criterion_words, group_words, metric_words
from registry.domain.dossier import CalibrationBin, Json

METRICS = (
    Column("Metric"),
    Column("Value", "number"),
    Column("Interval", "number"),
    Column("n", "number"),
    Column("Positive", "number"),
    Column("Patients", "number"),
    Column("Method or reason", weight=0.45),
)
CRITERIA = (
    Column("Criterion"),
    Column("Limit", "number"),
    Column("Value", "number"),
    Column("Interval", "number"),
    Column("Verdict", "state"),
    Column("Why", weight=1.2),
)
BINS_A_TABLE = 10
BINS_TITLE = "Bins of the reliability curve"


def metrics_table(record: Json, key: str) -> Table:
    """Return one row a metric; a letter names its method, which `methods_block` spells out."""
    methods = _methods(record)
    rows = tuple(_metric(metric, methods) for metric in _shown(record))
    return Table(f"{key}-metrics", f"Metrics on {record['cohort']}", METRICS, rows)


def methods_block(record: Json) -> tuple[Details, ...]:
    """Return how the metrics were computed, each method once under its letter; nothing where none was."""
    methods = _methods(record)
    if not methods:
        return ()
    said = "; ".join(f"{letter}: {words}" for words, letter in methods.items())
    return (Details(f"Methods of these metrics ({len(methods)})", (Paragraph(f"{said}.", "small"),)),)


def criteria_table(record: Json, key: str) -> Table:
    """Return one row an acceptance criterion."""
    rows = tuple(_criterion(criterion) for criterion in record["criteria"])
    return Table(f"{key}-criteria", f"Acceptance criteria on {record['cohort']}", CRITERIA, rows)


def bins_block(bins: Sequence[CalibrationBin], key: str, cohort: str) -> tuple[Details, ...]:
    """Return the bins of the reliability curve, one column a bin; nothing where there are none."""
    parts = [bins[start : start + BINS_A_TABLE] for start in range(0, len(bins), BINS_A_TABLE)]
    places = [number * BINS_A_TABLE for number in range(len(parts))]
    tables = tuple(_bins(part, key, cohort, place) for part, place in zip(parts, places, strict=True))
    return (Details(BINS_TITLE, tables),) if tables else ()


def _methods(record: Json) -> dict[str, str]:
    """Return a letter for each method, in the order of the metrics."""
    found = dict.fromkeys(_method(metric) for metric in _shown(record) if _method(metric))
    letters = [*ascii_lowercase, *(f"{first}{second}" for first in ascii_lowercase for second in ascii_lowercase)]
    return dict(zip(found, letters, strict=False))


def _method(metric: Json) -> str:
    """Return how a metric that has a value was computed, with why it has no interval where it has none."""
    if metric["value"] is None:
        return ""
    return "; ".join(words for words in (metric["method"], cause_words(metric["reason"] or "")) if words)


def _shown(record: Json) -> list[Json]:
    """Return the metrics of the whole cohort, and those of groups where the record has no groups of its own."""
    return [one for one in record["metrics"] if "groups" not in record or ":" not in one["name"]]


def _metric(metric: Json, methods: dict[str, str]) -> tuple[Cell, ...]:
    counts = (metric["n"], metric["n_positive"], metric["n_patients"])
    plain, _, group = metric["name"].partition(":")
    return (
        Cell(metric_words(plain), note=group_words(group)),
        Cell(number_text(metric["value"]), "number"),
        Cell(interval_text(*metric["interval"]), "number"),
        *(Cell(count_text(count), "number") for count in counts),
        Cell(methods.get(_method(metric), cause_words(metric["reason"] or ""))),
    )


def _criterion(criterion: Json) -> tuple[Cell, ...]:
    estimate = criterion["estimate"]
    return (
        Cell(criterion_words(criterion["criterion"])),
        Cell(number_text(criterion["limit"]), "number"),
        Cell(number_text(estimate["value"]), "number"),
        Cell(interval_text(*estimate["interval"]), "number"),
        state_cell(criterion["verdict"]),
        Cell(criterion["why"]),
    )


def _bins(bins: Sequence[CalibrationBin], key: str, cohort: str, start: int) -> Table:
    columns = (Column("Bin"), *(Column(str(start + place), "number") for place in range(1, len(bins) + 1)))
    lines = (
        ("Mean score", [number_text(entry.mean_score) for entry in bins]),
        ("Observed", [number_text(entry.observed) for entry in bins]),
        ("Interval from", [number_text(entry.low) for entry in bins]),
        ("Interval to", [number_text(entry.high) for entry in bins]),
        ("n", [count_text(entry.n) for entry in bins]),
    )
    rows = tuple((Cell(name), *(Cell(text, "number") for text in texts)) for name, texts in lines)
    caption = f"{BINS_TITLE} on {cohort}, {start + 1} to {start + len(bins)}"
    return Table(f"{key}-bins-{start + 1}", caption, columns, rows)
