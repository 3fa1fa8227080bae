"""Which outcome is analysed, and whether it is independent of the read (contract, section 4e)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import Integers, Labels
from monitors.engine.columns import (
    Flags,
    Instants,
    first_rows,
    flags,
    instants,
    joined,
    labels,
    named,
    numbers,
    positions,
    texts,
)
from monitors.engine.predictions import subjects
from monitors.engine.tables import Tables
from registry.domain.vocabulary import SOURCES

INDEPENDENCE = ("stated", "assumed", "no", "none")
_REPORT = SOURCES.index("report")


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The analysed outcomes, as columns of shape (n,); the indeterminate ones by their subject only.

    Attributes:
        subject: composite key (Arrow strings); `undecided` are the subjects that have an indeterminate outcome.
        truth, blinded: 1, 0, -1 for not stated.
        source: texts.
        readers: who established each, an Arrow list array.
        fraction: sampling fraction of an audit in parts per million; 0 where no audit with a fraction chose the unit.
    """

    subject: Any
    undecided: Any
    truth: Flags
    blinded: Flags
    source: Labels
    readers: Any
    fraction: Integers


@dataclass(frozen=True, eq=False)
class Reference:
    """The reference standard of n rows: truth (1, 0, -1) and independence as texts of `INDEPENDENCE`."""

    truth: Flags
    independence: Labels


def outcomes_of(tables: Tables) -> Outcomes:
    """Return the outcome of best source, then the latest, of each unit and target; indeterminate ones left out."""
    unsure = flags(tables.outcomes, "indeterminate") == 1
    every = subjects(tables.outcomes)
    table = tables.outcomes.filter(~unsure)
    ranks = _ranks(labels(texts(table, "source")))
    order = [(_int_array(ranks), "ascending"), (texts(table, "established_at"), "descending")]
    return _outcomes(table.take(first_rows(subjects(table), order)), every.filter(unsure))


def first_outcomes(tables: Tables) -> tuple[Outcomes, Instants]:
    """Return the outcome of each unit and target that became known first, reports left out, and when that was.

    Known is when its row says that it became available, else when it was established: a label that is established long
    before anybody hears of it would otherwise change days that were judged already. Of several of one instant the one
    of best source counts; indeterminate ones are left out.
    """
    kept = (flags(tables.outcomes, "indeterminate") != 1) & (_ranks(labels(texts(tables.outcomes, "source"))) < _REPORT)
    table = tables.outcomes.filter(kept)
    ranks = _ranks(labels(texts(table, "source")))
    order = [(_heard(table), "ascending"), (_int_array(ranks), "ascending")]
    table = table.take(first_rows(subjects(table), order))
    return _outcomes(table, subjects(table.slice(0, 0))), instants(_heard(table))


def _heard(table: Any) -> Any:
    """Return when each outcome became known, as texts: where no row states it, when it was established."""
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    established, available = texts(table, "established_at"), texts(table, "available_at")
    unstated = pc.or_(pc.equal(available, ""), pc.equal(available, texts(table, "taken_in_at")))
    later = pc.and_(pc.invert(unstated), pc.greater(available, established))
    return pc.if_else(later, available, established)


def _outcomes(table: Any, undecided: Any) -> Outcomes:
    return Outcomes(
        subject=subjects(table),
        undecided=undecided,
        truth=flags(table, "truth"),
        blinded=flags(table, "ai_blinded"),
        source=labels(texts(table, "source")),
        readers=_lists(table, "established_by"),
        fraction=_fractions(table),
    )


def reference_for(outcomes: Outcomes, subject: Any, reader: Any) -> Reference:
    """Return the truth of rows and whether it is independent of their reads.

    Args:
        outcomes: the analysed outcomes.
        subject: Arrow strings of shape (n,).
        reader: Arrow strings of shape (n,): who read the unit, empty where nobody did.
    """
    place = positions(subject, outcomes.subject)
    truth = np.append(outcomes.truth, np.int8(-1))[place]
    return Reference(truth, named(_independence(outcomes, place, reader), INDEPENDENCE))


def reports_of(tables: Tables) -> Outcomes:
    """Return the latest report of each unit and target, whatever other outcomes it has; indeterminate ones left out."""
    source = _ranks(labels(texts(tables.outcomes, "source")))
    kept = (flags(tables.outcomes, "indeterminate") != 1) & (source == _REPORT)
    table = tables.outcomes.filter(kept)
    table = table.take(first_rows(subjects(table), [(texts(table, "established_at"), "descending")]))
    return _outcomes(table, subjects(table.slice(0, 0)))


def _fractions(table: Any) -> Integers:
    """Return the sampling fraction of audited rows, in parts per million; 0 for the others."""
    fraction = np.nan_to_num(numbers(table, "sampling_fraction"), nan=0.0)
    sampled = labels(texts(table, "verification"))
    code = sampled.levels.index("sampled") if "sampled" in sampled.levels else -1
    found = np.rint(np.where(sampled.codes == code, fraction, 0.0) * 1e6)
    return np.asarray(found, dtype=np.int64)


def _independence(outcomes: Outcomes, place: Integers, reader: Any) -> Integers:
    source = np.append(_ranks(outcomes.source), len(SOURCES))[place]
    blinded = np.append(outcomes.blinded, np.int8(-1))[place]
    named_readers = np.append(_list_sizes(outcomes.readers), 0)[place] > 0
    consensus = source == SOURCES.index("consensus")
    assumed = (blinded < 0) | (consensus & ~named_readers)
    never = (source == SOURCES.index("report")) | (consensus & ((blinded == 0) | _shared(outcomes, place, reader)))
    return np.where(place < 0, 3, np.where(never, 2, np.where(assumed, 1, 0)))


def _shared(outcomes: Outcomes, place: Integers, reader: Any) -> npt.NDArray[np.bool_]:
    """Say per row whether its reader is one of those who established its outcome."""
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    parents = pc.list_parent_indices(outcomes.readers).to_numpy(zero_copy_only=False)
    pairs = _pairs(parents, pc.list_flatten(outcomes.readers))
    wanted = _pairs(place, reader)
    found = pc.is_in(wanted, value_set=pairs) if len(pairs) else pa.array(np.zeros(len(place), dtype=np.bool_))
    read = pc.and_(found, pc.not_equal(pc.fill_null(reader, ""), ""))
    return np.asarray(read.to_numpy(zero_copy_only=False), dtype=np.bool_) & (place >= 0)


def _pairs(rows: npt.NDArray[Any], reader: Any) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    numbers = pa.array(np.asarray(rows, dtype=np.int64)).cast(pa.string())
    return joined(numbers, pc.fill_null(reader, ""))


def _ranks(source: Labels) -> Integers:
    ranks = np.array([SOURCES.index(level) for level in source.levels] or [0], dtype=np.int64)
    return ranks[source.codes]


def _int_array(values: Integers) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    return pa.array(values)


def _lists(table: Any, name: str) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import

    if name not in table.column_names:
        return pa.array([[]] * table.num_rows, pa.list_(pa.string()))
    return table.column(name).cast(pa.list_(pa.string())).combine_chunks()


def _list_sizes(lists: Any) -> Integers:
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    return np.asarray(pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False), dtype=np.int64)
