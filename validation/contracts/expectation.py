"""What a table's contract expects, declared as data."""

from dataclasses import dataclass
from enum import StrEnum

from registry.domain.columns import Kind, Table

INSTANT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$"
ROW_ID_PATTERN = r"^[0-9a-f]{32}$"
FUTURE_DAYS = 1.0  # clocks differ; more than a day after the take-in is a wrong column or a wrong zone
TAKEN_IN = "taken_in_at"


class Check(StrEnum):
    """What is checked; the value is the name that a person reads."""

    NEVER_NULL = "always there"
    UNIQUE = "one row a key"
    IN_SET = "in the vocabulary"
    BETWEEN = "in range"
    MATCHES = "well spelled"
    NOT_FUTURE = "before the take-in (or a day after)"
    ONE_WITHIN = "one value a group"


@dataclass(frozen=True)
class Expectation:
    """One expectation of a contract.

    Attributes:
        check: what is checked.
        columns: the columns it speaks of; of `ONE_WITHIN` the value and the group.
        words: the vocabulary of `IN_SET`.
        low, high: the bounds of `BETWEEN`, both allowed.
        pattern: the regular expression of `MATCHES`.
        when: only rows in which this column has this value.
    """

    check: Check
    columns: tuple[str, ...]
    words: frozenset[str] = frozenset()
    low: float | None = None
    high: float | None = None
    pattern: str = ""
    when: tuple[str, str] | None = None


def never_null(column: str, when: tuple[str, str] | None = None) -> Expectation:
    """Expect a value in every row (in which another column has a value)."""
    return Expectation(Check.NEVER_NULL, (column,), when=when)


def not_future(column: str) -> Expectation:
    """Expect an instant at most a day after the row was taken in."""
    return Expectation(Check.NOT_FUTURE, (column, TAKEN_IN))


def one_within(column: str, group: str) -> Expectation:
    """Expect one value of a column within each value of another."""
    return Expectation(Check.ONE_WITHIN, (column, group))


def standard(table: Table) -> tuple[Expectation, ...]:
    """Return what the table's columns declare: required, vocabulary, range, spelling of instants, one row a key."""
    found = [never_null(name) for name in dict.fromkeys((*table.required, *table.key))]
    found.append(Expectation(Check.UNIQUE, (*table.key, "supersedes")))
    for column in table.columns:
        if column.enumeration:
            found.append(Expectation(Check.IN_SET, (column.name,), words=column.enumeration))
        if column.low is not None or column.high is not None:
            found.append(Expectation(Check.BETWEEN, (column.name,), low=column.low, high=column.high))
        if column.kind is Kind.INSTANT:
            found.append(Expectation(Check.MATCHES, (column.name,), pattern=INSTANT_PATTERN))
    found.append(Expectation(Check.MATCHES, ("supersedes",), pattern=ROW_ID_PATTERN))
    return tuple(found)
