"""Declarations: what a person says of a version that no evaluation measures, checked as a whole before it is kept."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from registry.domain.card import Claim
from registry.domain.card_fields import COHORT_COUNTS, FIELDS, LIST, METRIC_NAMES, METRICS
from registry.domain.display import plain
from registry.domain.errors import UsageError

SCHEMA = "overread.card-declaration/1"
LONGEST_TEXT, LONGEST_LIST = 10_000, 100
_TABLES = frozenset({"schema", "fields", "not_applicable", "claims"})
_CLAIM = frozenset({"metric", "on", "value", "interval", "n", "reference"})
_DECIMAL = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,12})?")
_MEND = "docs/how-to/cards.md shows a file"
Json = Mapping[str, Any]


def declaration_from(record: Json) -> dict[str, Any]:
    """Check a declaration and return it in its canonical form.

    Args:
        record: the tables `fields`, `not_applicable` and `claims` of a declaration file.

    Raises:
        UsageError: naming every fault.
    """
    faults = tuple(declaration_faults(record))
    if faults:
        raise UsageError(f"the declaration cannot be kept: {'; '.join(faults)}", mend=_MEND)
    return {
        "schema": SCHEMA,
        "fields": {key: _value(value) for key, value in sorted(record.get("fields", {}).items())},
        "not_applicable": {key: _text(why) for key, why in sorted(record.get("not_applicable", {}).items())},
        "claims": [_claim(row).to_json() for row in record.get("claims", ())],
    }


def declaration_faults(record: Json) -> Iterator[str]:
    """Yield what is wrong with a declaration, one phrase a fault."""
    yield from (f"unknown table '{_name(key)}'" for key in sorted(set(record) - _TABLES))
    if record.get("schema", SCHEMA) != SCHEMA:
        yield f"its schema is not {SCHEMA}"
    tables = {key: record.get(key, {}) for key in ("fields", "not_applicable")}
    for key, table in tables.items():
        if not isinstance(table, Mapping):
            yield f"'{key}' is no table"
            return
    yield from _field_faults(tables["fields"])
    yield from _reason_faults(tables["not_applicable"])
    both = sorted(set(tables["fields"]) & set(tables["not_applicable"]))
    yield from (f"'{_name(key)}' is declared and said not to apply" for key in both)
    yield from _claims_faults(record.get("claims", ()))
    if not any((*tables.values(), record.get("claims", ()))):
        yield "it declares nothing"


def claims_of(declaration: Json) -> tuple[Claim, ...]:
    """Return the claims of a kept declaration."""
    return tuple(_claim(row) for row in declaration["claims"])


def _field_faults(fields: Json) -> Iterator[str]:
    for key in sorted(fields):
        yield from _key_faults(key)
        if key not in FIELDS or FIELDS[key].measured:
            continue
        if FIELDS[key].shape == LIST:
            if not _is_list(fields[key]):
                yield f"'{key}' is no list of 1 to {LONGEST_LIST} texts"
        elif not _is_text(fields[key]):
            yield f"'{key}' is no text of 1 to {LONGEST_TEXT} characters"


def _reason_faults(table: Json) -> Iterator[str]:
    for key in sorted(table):
        yield from _key_faults(key)
        if not _is_text(table[key]):
            yield f"'{_name(key)}' does not say why it does not apply"


def _key_faults(key: str) -> Iterator[str]:
    if key not in FIELDS:
        yield f"unknown field '{_name(key)}'"
    elif FIELDS[key].measured:
        yield f"'{key}' is measured and cannot be declared: claim a number in [[claims]]"


def _claims_faults(rows: Any) -> Iterator[str]:
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not all(isinstance(row, Mapping) for row in rows):
        yield "'claims' is no list of tables"
        return
    for number, row in enumerate(rows, 1):
        yield from (f"claim {number}: {fault}" for fault in _claim_faults(row))


def _claim_faults(row: Json) -> Iterator[str]:
    yield from (f"unknown key '{_name(key)}'" for key in sorted(set(row) - _CLAIM))
    if metric_name(row.get("metric")) not in METRICS | COHORT_COUNTS:
        yield f"its metric is none of {', '.join(sorted(METRICS | COHORT_COUNTS))}"
    if not _is_text(row.get("on")):
        yield "it does not say on which cohort or cohort role ('on')"
    if not _is_decimal(row.get("value")):
        yield "its value is no decimal such as 0.91"
    bounds = row.get("interval")
    if bounds is not None and not _is_interval(bounds):
        yield "its interval is no pair of decimals, the lower first"
    n = row.get("n")
    if n is not None and not (isinstance(n, int) and not isinstance(n, bool) and n > 0):
        yield "its n is no whole number above 0"
    if row.get("reference") is not None and not _is_text(row["reference"]):
        yield "its reference is no text"


def metric_name(name: Any) -> str:
    """Return our name of a metric that may be called otherwise, such as AUROC."""
    text = str(name).strip().casefold()
    return METRIC_NAMES.get(text, text)


def _claim(row: Json) -> Claim:
    low, high = (_decimal(bound) for bound in row.get("interval") or ("", ""))
    return Claim(
        metric=metric_name(row["metric"]),
        on=_text(row["on"]),
        value=_decimal(row["value"]),
        low=low,
        high=high,
        n=row.get("n"),
        reference=_text(row.get("reference") or ""),
    )


def _is_interval(bounds: Any) -> bool:
    pair = isinstance(bounds, Sequence) and not isinstance(bounds, str) and len(bounds) == 2
    return pair and all(map(_is_decimal, bounds)) and Decimal(_decimal(bounds[0])) <= Decimal(_decimal(bounds[1]))


def _is_decimal(value: Any) -> bool:
    known = isinstance(value, str | int | float) and not isinstance(value, bool)
    return known and _DECIMAL.fullmatch(_decimal(value)) is not None


def _decimal(value: Any) -> str:
    return str(value).strip()


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(_text(value)) > 0 and len(value) <= LONGEST_TEXT


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= LONGEST_LIST and all(map(_is_text, value))


def _value(value: Any) -> Any:
    return [_text(item) for item in value] if isinstance(value, list) else _text(value)


def _text(text: str) -> str:
    """Return text in Unicode NFC, line by line, without control and bidirectional characters."""
    lines = (" ".join(plain(line, len(line)).split()) for line in unicodedata.normalize("NFC", text).splitlines())
    return "\n".join(lines).strip()


def _name(key: str) -> str:
    return plain(str(key), 40)
