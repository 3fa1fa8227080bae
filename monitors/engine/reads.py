"""Which reads are analysed, and which prediction each reacts to (contract, section 4d)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import Integers, Labels
from monitors.engine.columns import Flags, Numbers, first_rows, flags, joined, labels, numbers, positions, texts
from monitors.engine.predictions import Predictions, subjects
from monitors.engine.tables import Tables
from registry.domain.joining import CLICKS

_NOT_YET = "\x7f"  # sorts behind every instant


@dataclass(frozen=True, eq=False)
class Reads:
    """The analysed reads, as columns of shape (n,).

    Attributes:
        subject, read_at: Arrow strings.
        reader: pseudonyms.
        shown, decision: 1, 0, -1 for not stated.
        clicked: what `action` says: 1 override, 0 acceptance, -1 neither.
        prediction: row of the prediction that the read names, else the live one at `read_at`; -1 for none.
        attributes: the foreign columns of each row, as canonical JSON (Arrow strings).
        opened: 1 where the reader committed an opinion before the model's answer was shown, 0, -1 for not stated.
        seconds: time spent reading, NaN where it is not stated.
        reported_at: Arrow strings, empty where not stated.
    """

    subject: Any
    read_at: Any
    reader: Labels
    shown: Flags
    decision: Flags
    clicked: Integers
    prediction: Integers
    attributes: Any
    opened: Flags
    seconds: Numbers
    reported_at: Any

    def __len__(self) -> int:
        return len(self.decision)


def reads_of(tables: Tables, predictions: Predictions) -> Reads:
    """Return the analysed read of each unit and target: the last final one before any addendum."""
    return _columns(tables.reads.take(_analysed(tables.reads)), predictions)


def second_reads_of(tables: Tables, predictions: Predictions) -> Reads:
    """Return the last second read of each unit, target and reader."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    stage = texts(tables.reads, "stage", "final")
    table = tables.reads.take(np.flatnonzero(pc.equal(stage, "second").to_numpy(zero_copy_only=False)))
    order = [(texts(table, name), "descending") for name in ("read_at", "read_id")]
    return _columns(table.take(first_rows(joined(subjects(table), texts(table, "reader")), order)), predictions)


def _columns(table: Any, predictions: Predictions) -> Reads:
    subject, read_at = subjects(table), texts(table, "read_at")
    return Reads(
        subject=subject,
        read_at=read_at,
        reader=labels(texts(table, "reader")),
        shown=flags(table, "ai_shown"),
        decision=flags(table, "decision"),
        clicked=_clicked(labels(texts(table, "action"))),
        prediction=_reacted_to(texts(table, "prediction_id"), subject, read_at, predictions),
        attributes=texts(table, "attributes", "{}"),
        opened=flags(table, "opened_before_ai"),
        seconds=numbers(table, "read_seconds"),
        reported_at=texts(table, "reported_at"),
    )


def _analysed(table: Any) -> npt.NDArray[np.intp]:
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    subject, read_at, stage = subjects(table), texts(table, "read_at"), texts(table, "stage", "final")
    addenda = np.flatnonzero(pc.equal(stage, "addendum").to_numpy(zero_copy_only=False))
    first = addenda[first_rows(subject.take(addenda), [(read_at.take(addenda), "ascending")])]
    place = positions(subject, subject.take(first))
    until = _taken(read_at.take(first), place, _NOT_YET)
    final = pc.and_(pc.equal(stage, "final"), pc.less(read_at, until))
    finals = np.flatnonzero(final.to_numpy(zero_copy_only=False))
    order = [(read_at.take(finals), "descending"), (texts(table, "read_id").take(finals), "descending")]
    return finals[first_rows(subject.take(finals), order)]


def _taken(array: Any, place: Integers, missing: str) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    padded = pa.concat_arrays([array, pa.array([missing], pa.string())])
    return padded.take(np.where(place < 0, len(array), place))


def _clicked(action: Labels) -> Integers:
    said = np.array([int(CLICKS.get(level, -1)) for level in action.levels] or [-1], dtype=np.int64)
    return said[action.codes]


def _reacted_to(named: Any, subject: Any, read_at: Any, predictions: Predictions) -> Integers:
    """Return the prediction that is named; without a name the newest live one of the subject at `read_at`."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    scored = np.flatnonzero(predictions.is_status("scored"))
    by_name = positions(named, predictions.prediction_id.take(scored))
    nameless = np.asarray(pc.equal(named, "").to_numpy(zero_copy_only=False), dtype=np.bool_)
    found = np.where(by_name >= 0, scored[by_name] if len(scored) else -1, -1)
    return np.where(nameless, _newest_live(subject, read_at, predictions), found)


def _newest_live(subject: Any, read_at: Any, predictions: Predictions) -> Integers:
    """Lay predictions and reads on one time line per subject and carry the last prediction forward."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    live = np.flatnonzero(predictions.is_status("scored") & predictions.is_mode("live"))
    size = len(live) + len(subject)
    line = pa.table(
        {
            "subject": pa.concat_arrays([predictions.subject.take(live), subject]),
            "at": pa.concat_arrays([predictions.predicted_at.take(live), read_at]),
            "is_read": np.arange(size) >= len(live),
            "id": pa.concat_arrays([predictions.prediction_id.take(live), pa.array([""] * len(subject), pa.string())]),
        }
    )
    rows = pc.sort_indices(line, sort_keys=[(name, "ascending") for name in line.column_names]).to_numpy()
    group = labels(line.column("subject").combine_chunks()).codes[rows]
    last = np.maximum.accumulate(np.where(rows < len(live), np.arange(size), -1)) if size else rows
    same = (last >= 0) & (group[last] == group) if size else np.zeros(0, dtype=np.bool_)
    found = np.full(size, -1, dtype=np.int64)
    found[rows] = np.where(same, np.concatenate([live, np.full(len(subject), -1)])[rows[last]], -1)
    return found[len(live) :]
