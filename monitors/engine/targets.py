"""Findings and measurements: how many, how large, and which lesions of the reference were met (LUNA16's rule)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from monitors.counts import SCOPE, Column, Family, Integers, Labels, count
from monitors.engine.columns import constant, flags, joined, labels, named, numbers, picked, positions, texts
from monitors.engine.seen import Seen, rows_of, stacked
from monitors.families import FF, FINDINGS, FOUND, LABELS, LESIONS, MEASURED, MEASURES, further_axes
from monitors.value_grid import to_cells
from validation.statistics.grid import to_grid

ACCEPTED = ("no", "yes", "unknown")
UNMET = -1  # the score of a lesion that no finding met
_Numbers = npt.NDArray[np.float64]


class Spots(NamedTuple):
    """Findings in space: predictions int64[n], labels, score cells, positions float64[n, 3], radii float64[n]."""

    prediction: Integers
    label: Labels
    q: Integers
    at: _Numbers
    radius: _Numbers


def target_families(seen: Seen) -> dict[str, Family]:
    """Return the families of findings, lesions and measurements of the analysed predictions."""
    candidates, accepted = _candidates(seen)
    of_label = _findings(seen, candidates, accepted)
    return {
        LABELS: of_label,
        FINDINGS: of_label.marginal(FF, FINDINGS),
        FOUND: _found(seen, candidates),
        LESIONS: _lesions(seen, candidates),
        MEASURES: _measures(seen),
    }


def _candidates(seen: Seen) -> tuple[Spots, Integers]:
    """Return the findings of analysed predictions, and whether the reader accepted each (1, 0, -1)."""
    table = seen.tables.findings
    row = positions(texts(table, "prediction_id"), seen.predictions.prediction_id)
    kept = np.flatnonzero((row >= 0) & np.append(seen.analysed, [False])[row])
    return _spots(table, kept, row[kept]), flags(table, "accepted")[kept].astype(np.int64)


def _spots(table: Any, kept: npt.NDArray[Any], row: Integers) -> Spots:
    at = np.stack([numbers(table, name)[kept] for name in ("x_mm", "y_mm", "z_mm")], axis=1)
    radius = numbers(table, "diameter_mm")[kept] / 2
    ball = np.cbrt(numbers(table, "volume_ml")[kept] * 1000 * 3 / (4 * np.pi))
    q = to_grid(np.nan_to_num(numbers(table, "score")[kept], nan=1.0))
    label = picked(labels(texts(table, "label")), kept.astype(np.int64))
    return Spots(row, label, q, at, np.where(np.isfinite(radius), radius, ball))


def _findings(seen: Seen, found: Spots, accepted: Integers) -> Family:
    """Count the model's findings by label, and by whether the reader accepted them."""
    columns = rows_of(seen.units, (*SCOPE, "patient"), found.prediction)
    columns |= {"label": found.label, "accepted": named(np.where(accepted < 0, 2, accepted), ACCEPTED)}
    return count(LABELS, {axis: columns[axis] for axis in further_axes()[LABELS]})


def _found(seen: Seen, found: Spots) -> Family:
    """Count the units that have findings, by how many."""
    rows, sizes = np.unique(found.prediction, return_counts=True)
    columns = rows_of(seen.units, (*SCOPE, "patient"), rows)
    columns["found"] = sizes.astype(np.int64)
    return count(FOUND, {axis: columns[axis] for axis in further_axes()[FOUND]})


def _measures(seen: Seen) -> Family:
    """Count the measurements of analysed predictions that carry a registered name and its unit."""
    table = seen.tables.measurements
    name, unit, values = texts(table, "name"), texts(table, "unit"), numbers(table, "value")
    row = positions(texts(table, "subject_id"), seen.predictions.prediction_id)
    said = [
        MEASURED.get(each.casefold()) == given for each, given in zip(name.to_pylist(), unit.to_pylist(), strict=True)
    ]
    known = np.asarray(said, dtype=np.bool_) & np.isfinite(values)
    kept = np.flatnonzero(known & (row >= 0) & np.append(seen.analysed, [False])[row])
    columns = rows_of(seen.units, (*SCOPE, "patient"), row[kept])
    lower = labels(name.take(kept))
    columns["name"] = Labels(lower.codes, tuple(level.casefold() for level in lower.levels))
    columns["cell"] = to_cells(values[kept])
    return count(MEASURES, {axis: columns[axis] for axis in further_axes()[MEASURES]})


def _lesions(seen: Seen, found: Spots) -> Family:
    """Count lesions of the reference by the best score that met them, and candidates that met none, by theirs.

    A candidate meets a lesion of its own label when its centre lies within the lesion's radius (LUNA16). A lesion
    without position and size is of kind `unsized`.
    """
    lesions = _reference(seen)
    sized = np.isfinite(lesions.at).all(axis=1) & np.isfinite(lesions.radius)
    one, other = _same(_key(found), _key(lesions))
    met = np.linalg.norm(found.at[one] - lesions.at[other], axis=1) <= lesions.radius[other]
    best = np.full(len(lesions.q), UNMET)
    np.maximum.at(best, other[met], found.q[one[met]])
    hit = np.zeros(len(found.q), dtype=np.bool_)
    hit[one[met]] = True
    judged = np.append(_truth(seen) < 2, [False])[found.prediction]
    false = np.flatnonzero(~hit & judged)
    kinds = named(np.where(sized, 0, 1), ("lesion", "unsized"))
    parts = [
        _part(seen, lesions, np.arange(len(best)), kinds, best),
        _part(seen, found, false, constant("false_positive", len(false)), found.q[false]),
    ]
    axes = further_axes()[LESIONS]
    return count(LESIONS, {axis: stacked([part[axis] for part in parts]) for axis in axes})


def _part(seen: Seen, spots: Spots, rows: npt.NDArray[Any], kind: Labels, q: Integers) -> Mapping[str, Column]:
    columns = rows_of(seen.units, (*SCOPE, "patient"), spots.prediction[rows])
    return {**columns, "label": picked(spots.label, rows.astype(np.int64)), "kind": kind, "q": q}


def _reference(seen: Seen) -> Spots:
    """Return the lesions of the reference standard, once for each analysed prediction of a positive unit."""
    table = seen.tables.findings
    given = np.flatnonzero([key != "" for key in texts(table, "outcome_key").to_pylist()])
    unit = joined(texts(table, "unit", "study"), texts(table, "unit_uid")).take(given)
    positive = np.flatnonzero(seen.analysed & (_truth(seen) == 1))
    about = _unit_key(seen, positive)
    one, other = _same(labels(unit), labels(about))
    return _spots(table, given[one], positive[other].astype(np.int64))


def _truth(seen: Seen) -> Integers:
    """Return the independent truth of every prediction: 0, 1, and 2 where there is none."""
    truth = seen.units["truth"]
    return truth.codes if isinstance(truth, Labels) else truth


def _unit_key(seen: Seen, rows: npt.NDArray[Any]) -> Any:
    """Return unit and unit UID of predictions, without their target."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    subject = seen.predictions.subject.take(rows)
    return pc.replace_substring_regex(subject, "\x1f[^\x1f]*$", "")


def _key(spots: Spots) -> Labels:
    names = [spots.label.levels[code] for code in spots.label.codes.tolist()]
    texts_of = [f"{row}\x1f{name}" for row, name in zip(spots.prediction.tolist(), names, strict=True)]
    levels = {text: place for place, text in enumerate(dict.fromkeys(texts_of))}
    return Labels(np.array([levels[text] for text in texts_of], dtype=np.int64), tuple(levels))


def _same(first: Labels, second: Labels) -> tuple[Integers, Integers]:
    """Return the rows of two columns that hold the same text, every pair once."""
    places = {level: place for place, level in enumerate(first.levels)}
    code = np.array([places.get(level, -1) for level in second.levels] or [-1], dtype=np.int64)[second.codes]
    order = np.argsort(first.codes, kind="stable")
    ordered = first.codes[order]
    low, high = np.searchsorted(ordered, code, "left"), np.searchsorted(ordered, code, "right")
    sizes = np.where(code < 0, 0, high - low)
    other = np.repeat(np.arange(len(code)), sizes)
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return order[np.repeat(low, sizes) + within].astype(np.int64), other.astype(np.int64)
