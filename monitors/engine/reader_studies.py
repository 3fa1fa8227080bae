"""Reader studies from the tables: which studies several readers read alone, and with the model's answer on screen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitors.counts import Labels, day_text
from monitors.engine.acquisitions import acquired
from monitors.engine.columns import flags, instants, joined, labels, numbers, texts
from monitors.engine.outcomes import outcomes_of, reference_for
from monitors.engine.predictions import Predictions, predictions_of, subjects
from monitors.engine.tables import Request, Tables
from monitors.reader_study import LEAST, ReaderStudy
from monitors.scope import MONITORED_MODES, Scope
from registry.domain.signal import Window
from validation.statistics.grid import to_values

_STAGES = ("final", "second")
_EPOCH = 719_163  # the proleptic ordinal of 1970-01-01
Unit = tuple[int, str]  # row of the prediction, patient


@dataclass(frozen=True, eq=False)
class _Rated:
    """Reads of one target: rating, truth and day by unit, for each reader and arm."""

    ratings: Mapping[bool, Mapping[str, Mapping[str, float]]]
    truth: Mapping[str, bool]
    days: Mapping[str, int]
    rated: bool


def reader_studies(tables: Tables, request: Request) -> tuple[ReaderStudy, ...]:
    """Return the reader studies of a model's versions; none where each study has one reader, which costs a column.

    Of a reader's reads of a unit, alone or with the model, the first counts; of a patient's units the first by name.
    Reads that do not say whether the model was shown are in none. A reader belongs to a study where he or she read at
    least half of what the most diligent one read; units that one of them did not read are left out.

    Args:
        tables: the observation tables.
        request: whose predictions.
    """
    several = several_readers(tables.reads)
    if several.num_rows == 0:
        return ()
    predictions = predictions_of(tables, request)
    where = acquired(tables, request, predictions.series, predictions.study)
    fit = np.asarray(predictions.analysed & where.known, dtype=np.bool_)
    patients = [where.patient.levels[code] for code in where.patient.codes.tolist()]
    return tuple(_studies(tables, several, predictions, (fit, patients)))


def several_readers(reads: Any) -> Any:
    """Return the final and second reads that say whether the model was shown, of units that two readers read.

    Args:
        reads: the table of reads.
    """
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    table = of_studies(reads)
    if table.num_rows == 0:
        return table
    pairs = pa.table({"unit": subjects(table), "reader": texts(table, "reader")})
    counted = pairs.group_by("unit").aggregate([("reader", "count_distinct")])
    several = counted.filter(pc.greater_equal(counted["reader_count_distinct"], LEAST))["unit"]
    return table.filter(pc.is_in(pairs["unit"], value_set=several))


def of_studies(reads: Any) -> Any:
    """Return the final and second reads that say whether the model was shown: only these are of a reader study.

    Args:
        reads: the table of reads.
    """
    import pyarrow as pa  # noqa: PLC0415 - lazy: pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 - lazy: pyarrow is slow to import

    if reads.num_rows == 0:
        return reads
    kept = pc.is_in(texts(reads, "stage", "final"), value_set=pa.array(_STAGES))
    return reads.filter(pc.and_(kept, pa.array(flags(reads, "ai_shown") >= 0)))


def _studies(
    tables: Tables, reads: Any, predictions: Predictions, known: tuple[npt.NDArray[np.bool_], list[str]]
) -> Iterator[ReaderStudy]:
    fit, patients = known
    names = predictions.subject.to_pylist()
    columns = (predictions.version, predictions.mode, predictions.target)
    scopes: dict[Scope, dict[str, Unit]] = {}
    for row in np.flatnonzero(fit).tolist():
        scope = Scope(*(column.levels[column.codes[row]] for column in columns))
        if scope.mode in MONITORED_MODES:
            scopes.setdefault(scope, {})[names[row]] = (row, patients[row])
    by_target = {target: _rated(tables, part) for target, part in _by_target(reads)}
    for scope in sorted(scopes):
        rated = by_target.get(scope.target)
        found = None if rated is None else _study(scope, rated, scopes[scope], predictions)
        if found is not None:
            yield found


def _by_target(reads: Any) -> Iterator[tuple[str, Any]]:
    target: Labels = labels(texts(reads, "target"))
    for code, name in enumerate(target.levels):
        yield name, reads.take(np.flatnonzero(target.codes == code))


def _rated(tables: Tables, reads: Any) -> _Rated:
    """Return the ratings of a target's reads; decisions where not every read has a confidence."""
    subject, reader = subjects(reads), texts(reads, "reader")
    reference = reference_for(outcomes_of(tables), subject, reader)
    independent = [
        reference.independence.levels[code] in {"stated", "assumed"} for code in reference.independence.codes
    ]
    confidence = numbers(reads, "confidence")
    rated = not bool(np.isnan(confidence).any())
    values = confidence if rated else flags(reads, "decision").astype(np.float64)
    key = joined(texts(reads, "read_at"), texts(reads, "read_id")).to_pylist()
    day = instants(texts(reads, "read_at")).astype("datetime64[D]").astype(np.int64) + _EPOCH
    shown, names, who = flags(reads, "ai_shown").tolist(), subject.to_pylist(), reader.to_pylist()
    ratings: dict[bool, dict[str, dict[str, float]]] = {False: {}, True: {}}
    truth: dict[str, bool] = {}
    days: dict[str, int] = {}
    for row in sorted(range(len(key)), key=key.__getitem__):
        if reference.truth[row] >= 0 and independent[row]:
            ratings[bool(shown[row])].setdefault(who[row], {}).setdefault(names[row], float(values[row]))
            truth[names[row]] = bool(reference.truth[row])
            days[names[row]] = int(day[row])
    return _Rated(ratings, truth, days, rated)


def _study(scope: Scope, rated: _Rated, units: Mapping[str, Unit], predictions: Predictions) -> ReaderStudy | None:
    """Return the complete set of one version: with and without the model where two readers read so, else without."""
    alone = {who: set(read) & set(units) for who, read in rated.ratings[False].items()}
    both = {who: alone.get(who, set()) & set(read) for who, read in rated.ratings[True].items()}
    aided = len(_diligent(both)) >= LEAST
    sets = both if aided else alone
    readers = _diligent(sets)
    if len(readers) < LEAST:
        return None
    kept = _one_a_patient(set.intersection(*(sets[who] for who in readers)), units)
    if not kept:
        return None
    rows = np.array([units[name][0] for name in kept])
    days = [rated.days[name] for name in kept]
    arms = [
        np.array([[rated.ratings[arm][who][name] for name in kept] for who in readers])
        for arm in ((False, True) if aided else (False,))
    ]
    every = sum(len(read) for arm in rated.ratings.values() for read in arm.values())
    return ReaderStudy(
        scope,
        Window(day_text(min(days)), day_text(max(days))),
        np.array([rated.truth[name] for name in kept]),
        arms[0],
        arms[1] if aided else None,
        to_values(predictions.q[rows]),
        every - len(arms) * len(readers) * len(kept),
        rated.rated,
    )


def _diligent(sets: Mapping[str, set[str]]) -> list[str]:
    most = max(map(len, sets.values()), default=0)
    return sorted(who for who, read in sets.items() if read and 2 * len(read) >= most)


def _one_a_patient(names: set[str], units: Mapping[str, Unit]) -> list[str]:
    first: dict[str, str] = {}
    for name in sorted(names):
        first.setdefault(units[name][1], name)
    return sorted(first.values())
