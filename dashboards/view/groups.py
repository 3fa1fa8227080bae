"""The groups of an evaluation: each one's numbers and gap to the rest, and how many units state nothing."""

from collections.abc import Sequence

from dashboards.view.blocks import Block, Cell, Column, Details, Paragraph, Table
from dashboards.view.numbers import BLANK, count_text, interval_text, number_text
from dashboards.view.words import cause_words, metric_words
from registry.domain.dossier import Json

GROUPS = (
    Column("Group"),
    Column("Metric"),
    Column("Value", "number"),
    Column("Interval", "number"),
    Column("n", "number"),
    Column("Positive", "number"),
    Column("Less the rest", "number"),
    Column("q", "number"),
    Column("Why no value", weight=0.8),
)
AXES = (Column("Attribute"), Column("Not stated", "number"), Column("Interval", "number"), Column("n", "number"))
BETWEEN = "*"
NAMES = {
    "sex": "Sex",
    "age_band": "Age",
    "race": "Race",
    "ethnicity": "Ethnicity",
    "site": "Site",
    "scanner": "Scanner",
    "manufacturer": "Manufacturer",
    "manufacturer_model_name": "Model of scanner",
    "magnetic_field_strength": "Field strength (T)",
    "kvp": "Tube voltage (kV)",
}


def group_blocks(record: Json, key: str) -> tuple[Block, ...]:
    """Return the groups of an evaluation that judged any; nothing for an older one, which holds scanners as metrics."""
    told = record.get("groups")
    if not told:
        return ()
    single = [one for one in told["found"] if BETWEEN not in one["axis"]]
    paired = [one for one in told["found"] if BETWEEN in one["axis"]]
    tables = [_table(single, f"{key}-groups", f"Groups on {record['cohort']}")]
    if paired:
        tables.append(_table(paired, f"{key}-pairs", f"Groups by two attributes on {record['cohort']}"))
    said = Paragraph(f"q: {told['multiplicity']}. Less the rest: the group less all other units.", "quiet")
    blocks: tuple[Block, ...] = (_axes(told["axes"], key, record["cohort"]), *tables, said)
    return (Paragraph(_summary(told), "quiet"), Details(f"Groups ({_tally(told['found'])})", blocks))


def axis_words(axis: str) -> str:
    """Return the printed name of an attribute, or of two together."""
    return " and ".join(NAMES.get(part, part) for part in axis.split(BETWEEN))


def _tally(found: Sequence[Json]) -> str:
    judged = {(one["axis"], one["group"]) for one in found if one["value"] is not None}
    small = {(one["axis"], one["group"]) for one in found} - judged
    return f"{len(judged)} judged, {len(small)} too small"


def _summary(told: Json) -> str:
    """Say which group has the lowest bound of each metric, and of which attributes nothing is known."""
    parts = []
    for metric in ("auc", "sensitivity", "specificity"):
        mine = [one for one in told["found"] if one["name"].startswith(f"{metric}:") and one["interval"][0] is not None]
        if mine:
            low = min(mine, key=lambda one: float(one["interval"][0]))
            where = f"{axis_words(low['axis'])} {low['group'].replace(BETWEEN, ', ')}"
            parts.append(f"{metric_words(metric)} {number_text(low['interval'][0])} ({where})")
    silent = [
        axis_words(one["axis"]) for one in told["axes"] if one["unknown"]["reason"] and BETWEEN not in one["axis"]
    ]
    lowest = f"Lowest lower bound of a group: {'; '.join(parts)}. " if parts else "No group was large enough. "
    return lowest + (f"Not assessed: {', '.join(silent)}." if silent else "")


def _axes(axes: Sequence[Json], key: str, cohort: str) -> Table:
    rows = tuple(_axis(one) for one in axes if BETWEEN not in one["axis"])
    return Table(f"{key}-stated", f"Which attributes the units of {cohort} state", AXES, rows)


def _axis(one: Json) -> tuple[Cell, ...]:
    unknown = one["unknown"]
    note = cause_words(unknown["reason"] or "")
    if one["further"]:
        more = f"{one['further']['groups']} further small groups, {count_text(one['further']['units'])} units"
        note = "; ".join(part for part in (note, more) if part)
    return (
        Cell(axis_words(one["axis"]), note=note),
        Cell(number_text(unknown["value"]), "number"),
        Cell(interval_text(*unknown["interval"]), "number"),
        Cell(count_text(unknown["n"]), "number"),
    )


def _table(found: Sequence[Json], key: str, caption: str) -> Table:
    """Return one row a metric of each group; a group that is too small for all of them has one row."""
    judged = {(one["axis"], one["group"]) for one in found if one["value"] is not None}
    small = {(one["axis"], one["group"]): one for one in reversed(found) if (one["axis"], one["group"]) not in judged}
    rows = [_row(one) for one in found if (one["axis"], one["group"]) in judged]
    rows += [_small(one) for one in reversed(small.values())]
    return Table(key, caption, GROUPS, tuple(rows), "No attribute is stated.")


def _small(one: Json) -> tuple[Cell, ...]:
    blank = Cell(BLANK, "number")
    counts = (Cell(count_text(one["n"]), "number"), Cell(count_text(one["n_positive"]), "number"))
    why = Cell(cause_words(one["reason"] or ""))
    return (_name(one), Cell("all"), blank, blank, *counts, blank, blank, why)


def _name(one: Json) -> Cell:
    return Cell(one["group"].replace(BETWEEN, ", "), note=axis_words(one["axis"]))


def _row(one: Json) -> tuple[Cell, ...]:
    gap = one["difference"]
    between = BLANK if gap is None else interval_text(*gap["interval"])
    return (
        _name(one),
        Cell(metric_words(one["name"].partition(":")[0])),
        Cell(number_text(one["value"]), "number"),
        Cell(interval_text(*one["interval"]), "number"),
        Cell(count_text(one["n"]), "number"),
        Cell(count_text(one["n_positive"]), "number"),
        Cell(BLANK if gap is None else number_text(gap["value"]), "number", note="" if gap is None else between),
        Cell(number_text(one["q_value"]), "number"),
        Cell(cause_words(one["reason"] or "")),
    )
