"""Check a table against its contract with Great Expectations; results hold counts, never values."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from registry.domain.columns import TABLES
from registry.domain.errors import UnknownNameError
from registry.domain.instants import instant_text
from validation.contracts import acquisitions, expected, findings, measurements, outcomes, predictions, reads
from validation.contracts.expectation import FUTURE_DAYS, Check, Expectation

CONTRACTS: Mapping[str, tuple[Expectation, ...]] = {
    "acquisitions": acquisitions.EXPECTATIONS,
    "predictions": predictions.EXPECTATIONS,
    "reads": reads.EXPECTATIONS,
    "outcomes": outcomes.EXPECTATIONS,
    "findings": findings.EXPECTATIONS,
    "measurements": measurements.EXPECTATIONS,
    "expected": expected.EXPECTATIONS,
}
# Counts only: no unexpected value enters a result.
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


@dataclass(frozen=True)
class ContractFailure:
    """One expectation that does not hold: its name, the columns, and how many rows break it."""

    expectation: str
    columns: tuple[str, ...]
    count: int

    def line(self) -> str:
        """Say it in one phrase."""
        return f"{', '.join(self.columns)}: {self.count} row(s) break '{self.expectation}'"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"expectation": self.expectation, "columns": list(self.columns), "count": self.count}


@dataclass(frozen=True)
class ContractResult:
    """How a table fared: expectations checked, rows, and what failed."""

    table: str
    success: bool
    rows: int
    checked: int
    failures: tuple[ContractFailure, ...]

    def lines(self) -> list[str]:
        """Say what failed, one phrase each."""
        return [failure.line() for failure in self.failures]


def check_rows(table: str, rows: Sequence[Mapping[str, Any]], taken_in_at: datetime) -> ContractResult:
    """Check typed rows against their table's contract before they are stored; see `check_table`."""
    if not rows:
        return _nothing(table)
    import pandas as pd  # noqa: PLC0415 - lazy: pandas is slow to import

    names = [column.name for column in TABLES[table].columns] if table in TABLES else []
    frame = pd.DataFrame(list(rows), columns=names, dtype=object)
    return check_table(table, frame.assign(taken_in_at=instant_text(taken_in_at)))


def check_table(table: str, rows: Any) -> ContractResult:
    """Check a frame of one table's rows against its contract.

    Args:
        table: the table's name.
        rows: a pandas frame with the table's columns and `taken_in_at`; instants as stored texts. It is not changed.

    Raises:
        UnknownNameError: when no table bears the name.
    """
    if table not in CONTRACTS:
        raise UnknownNameError.of("table", table, CONTRACTS)
    contract = CONTRACTS[table]
    if rows.empty:
        return _nothing(table)
    frame = _prepared(contract, rows)
    checks = [_CHECKS[expectation.check](_library().expectations, expectation) for expectation in contract]
    results = _validate(frame, checks)
    pairs = zip(contract, results, strict=True)
    failures = tuple(_failure(expectation, result, len(rows)) for expectation, result in pairs if not result.success)
    return ContractResult(table, not failures, len(rows), len(contract), failures)


def _nothing(table: str) -> ContractResult:
    return ContractResult(table, success=True, rows=0, checked=0, failures=())


def _validate(frame: Any, checks: Sequence[Any]) -> list[Any]:
    """Return one result an expectation, in their order; the library sorts its results otherwise."""
    for place, check in enumerate(checks):
        check.meta = {"place": place}
    suite = _library().ExpectationSuite(name="contract", expectations=checks)
    batch = _batches().get_batch(batch_parameters={"dataframe": frame})
    results = batch.validate(suite, result_format=_RESULT_FORMAT).results
    return sorted(results, key=lambda result: result.expectation_config.meta["place"])


@cache
def _library() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with _without_spark():
        import great_expectations  # noqa: PLC0415 - lazy: great_expectations is slow to import
        import great_expectations.expectations.row_conditions  # noqa: PLC0415 - lazy: as above

    return great_expectations


@contextmanager
def _without_spark() -> Iterator[None]:
    """Hide PySpark while Great Expectations is imported, which tries all of it.

    The module `pyspark.sql.connect` (4.3.0) ends the process with code 0 where the main module is neither a file nor a
    module, as in a process that `multiprocessing` spawned.
    """
    hidden = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "pyspark"}
    for name in hidden:
        del sys.modules[name]
    sys.modules["pyspark"] = None  # type: ignore[assignment] # what Python takes for "not importable"
    try:
        yield
    finally:
        del sys.modules["pyspark"]
        sys.modules.update(hidden)


@cache
def _batches() -> Any:
    """Return where frames are handed in: an ephemeral context of this process, silent and without analytics."""
    context = _library().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    context.enable_analytics(enable=False)
    return (
        context.data_sources.add_pandas("rows").add_dataframe_asset("rows").add_batch_definition_whole_dataframe("all")
    )


def _prepared(contract: Sequence[Expectation], rows: Any) -> Any:
    """Return a copy with the columns that expectations over several columns need."""
    import pandas as pd  # noqa: PLC0415 - lazy: pandas is slow to import

    frame = rows.copy()
    for expectation in contract:
        derive = _DERIVE.get(expectation.check)
        if derive is not None and set(expectation.columns) <= set(frame):
            frame[_derived(expectation)] = derive(pd, frame, *expectation.columns)
    return frame


def _days_after(pd: Any, frame: Any, column: str, taken_in: str) -> Any:
    """Return by how many days an instant lies after the take-in; not a number where it is no instant."""
    event, known = (
        pd.to_datetime(frame[name], utc=True, errors="coerce", format="ISO8601") for name in (column, taken_in)
    )
    return (event - known).dt.total_seconds() / 86_400


def _values_within(_pd: Any, frame: Any, column: str, group: str) -> Any:
    return frame.groupby(group)[column].transform("nunique")


_DERIVE: Mapping[Check, Callable[..., Any]] = {Check.NOT_FUTURE: _days_after, Check.ONE_WITHIN: _values_within}


def _derived(expectation: Expectation) -> str:
    return f"{expectation.check.value}: {' '.join(expectation.columns)}"


def _never_null(library: Any, expectation: Expectation) -> Any:
    condition = None
    if expectation.when is not None:
        column, value = expectation.when
        condition = library.row_conditions.Column(column) == value
    return library.ExpectColumnValuesToNotBeNull(column=expectation.columns[0], row_condition=condition)


def _unique(library: Any, expectation: Expectation) -> Any:
    return library.ExpectCompoundColumnsToBeUnique(column_list=list(expectation.columns), ignore_row_if="never")


def _in_set(library: Any, expectation: Expectation) -> Any:
    return library.ExpectColumnValuesToBeInSet(column=expectation.columns[0], value_set=sorted(expectation.words))


def _between(library: Any, expectation: Expectation) -> Any:
    return library.ExpectColumnValuesToBeBetween(
        column=expectation.columns[0], min_value=expectation.low, max_value=expectation.high
    )


def _matches(library: Any, expectation: Expectation) -> Any:
    return library.ExpectColumnValuesToMatchRegex(column=expectation.columns[0], regex=expectation.pattern)


def _not_future(library: Any, expectation: Expectation) -> Any:
    return library.ExpectColumnValuesToBeBetween(column=_derived(expectation), max_value=FUTURE_DAYS)


def _one_within(library: Any, expectation: Expectation) -> Any:
    return library.ExpectColumnValuesToBeBetween(column=_derived(expectation), max_value=1)


_CHECKS: Mapping[Check, Callable[[Any, Expectation], Any]] = {
    Check.NEVER_NULL: _never_null,
    Check.UNIQUE: _unique,
    Check.IN_SET: _in_set,
    Check.BETWEEN: _between,
    Check.MATCHES: _matches,
    Check.NOT_FUTURE: _not_future,
    Check.ONE_WITHIN: _one_within,
}


def _failure(expectation: Expectation, result: Any, rows: int) -> ContractFailure:
    """Return what failed; a column that is absent fails in every row."""
    count = result.result.get("unexpected_count") if result.result else None
    return ContractFailure(expectation.check.value, expectation.columns, rows if count is None else int(count))
