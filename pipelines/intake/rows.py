"""Rows: from foreign records to typed, pseudonymised rows of one observation table, or refusals row by row."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pipelines.intake.cells import boolean_of, instant, is_empty, number_of, typed
from pipelines.intake.files import Record
from pipelines.intake.identity import IdentifierGate
from pipelines.intake.mapping import ColumnMapping
from registry.domain.columns import EXPECTED, Column, Kind, Table
from registry.domain.display import plain
from registry.domain.instants import parse_instant
from registry.domain.joining import mode_of
from registry.domain.names import MEND, is_name
from registry.domain.ports import InstanceIndex
from registry.domain.pseudonym import Identifier
from registry.domain.refusal import CellRefusedError, RefusalCode, RowRefusal
from registry.domain.vocabulary import Unit

MAX_ATTRIBUTE_NAME = 64
_PERSONAL = re.compile(
    r"birth|dob|name|mrn|ssn|phone|mail|address|postal|zip|patient|accession|account|insur|licen|serial|street|fax"
    r"|(?<![a-z])(?:id|ids|no|nr|number|nhs|pid|uid|case|chart)(?![a-z])",
    re.IGNORECASE,
)
_PADDED = re.compile(r"[-+]?0[0-9]")  # no quantity is written with leading zeros; record numbers are
_SUBJECTS = ("prediction_id", "read_id", "outcome_key")


class StudyFacts(NamedTuple):
    """What is known of a study: its site, when it was acquired (the first series), and whether it is synthetic."""

    site: str
    acquired_at: str
    synthetic: bool = False


@dataclass(frozen=True)
class RowContext:
    """What rows are read against.

    Attributes:
        gate: the identifiers of the file pass through it.
        sites: the known sites and their time zones.
        studies: the known studies, by pseudonym.
        units: the instances that were taken in.
        mapping: how foreign columns become ours.
        new_zone: the time zone of a site that nobody named before.
        latest: the last instant at which something may have happened; empty: any.
    """

    gate: IdentifierGate
    sites: Mapping[str, str]
    studies: Mapping[str, StudyFacts]
    units: InstanceIndex
    mapping: ColumnMapping = field(default_factory=ColumnMapping)
    new_zone: str = "UTC"
    latest: str = ""


@dataclass(frozen=True)
class ParsedRow:
    """One typed row and its number in the file."""

    row: int
    values: dict[str, Any]


@dataclass
class ParsedRows:
    """What a file's records became; `seen` are the foreign columns that occurred."""

    rows: list[ParsedRow] = field(default_factory=list)
    refusals: list[RowRefusal] = field(default_factory=list)
    seen: dict[str, None] = field(default_factory=dict)


def parse_rows(table: Table, records: Iterable[Record], context: RowContext) -> ParsedRows:
    """Read every record of a file; a bad one is refused and the next one is read.

    Raises:
        UnreadableFileError: when the file mixes original identifiers and pseudonyms, or cannot be read on.
    """
    parsed = ParsedRows()
    for record in records:
        parsed.seen.update(dict.fromkeys(record.values))
        try:
            parsed.rows.append(ParsedRow(record.row, parse_row(table, record, context)))
        except CellRefusedError as refused:
            parsed.refusals.append(refused.at(record.row))
    return parsed


def parse_row(table: Table, record: Record, context: RowContext) -> dict[str, Any]:
    """Return the typed values of one record.

    Raises:
        CellRefusedError: with the column, the code and the reason.
    """
    if record.fault is not None:
        raise record.fault
    known, foreign = context.mapping.ours(table, record.values)
    cells = {name: value for name, value in known.items() if not is_empty(value)}
    values = _typed_cells(table, cells, context.gate)
    _look_up(values, context)
    _require(table, values, cells)
    zone = _zone(table, values, context)
    attributes = _attributes(foreign, context.gate)
    attributes |= _instants(table, values, cells, zone)
    _refuse_future(table, values, context.latest)
    _RULES.get(table.name, _no_rule)(values, context)
    defaults = {column.name: column.default for column in table.columns if column.default is not None}
    return {**defaults, **values, **({"attributes": attributes} if attributes else {})}


def _typed_cells(table: Table, cells: Mapping[str, Any], gate: IdentifierGate) -> dict[str, Any]:
    values = {}
    for column in table.columns:
        if column.name in cells and column.kind is not Kind.INSTANT:
            values[column.name] = _identified(column, typed(column, cells[column.name]), gate)
    if table.column("unit_uid") and "unit_uid" not in values and "study_uid" in values:
        values["unit_uid"] = values["study_uid"]
    return values


def _identified(column: Column, value: Any, gate: IdentifierGate) -> Any:
    if column.identifier is None:
        return value
    if isinstance(value, list):
        return [gate.of(column.identifier, item) for item in value]
    return gate.of(column.identifier, value)


def _look_up(values: dict[str, Any], context: RowContext) -> None:
    if not context.mapping.lookup:
        return
    unit = Unit(values.get("unit", Unit.STUDY))
    finders = {"study_uid": context.units.study_of, "series_uid": context.units.series_of}
    for column in context.mapping.lookup:
        found = finders[column](unit, values["unit_uid"]) if "unit_uid" in values else None
        if found is None:
            reason = f"no {unit.value} that was taken in has this unit_uid"
            raise CellRefusedError("unit_uid", RefusalCode.UNIT_UID, reason)
        values[column] = found


def _require(table: Table, values: Mapping[str, Any], cells: Mapping[str, Any]) -> None:
    for name in table.required:
        if name not in values and name not in cells:
            raise CellRefusedError(name, RefusalCode.REQUIRED, f"{name} is missing")


def _zone(table: Table, values: Mapping[str, Any], context: RowContext) -> str | None:
    """Return the time zone of the row's site, once its site or study is known."""
    site = values.get("site")
    if "study_uid" in values and table.column("site") is None:
        study = context.studies.get(values["study_uid"])
        if study is None:
            reason = "the study is unknown; take its acquisitions in first"
            raise CellRefusedError("study_uid", RefusalCode.STUDY, reason)
        site = study.site
    elif site is not None and site not in context.sites and not is_name(site):
        raise CellRefusedError("site", RefusalCode.SITE, f"that is no name of a site; {MEND}")
    return None if site is None else context.sites.get(site, context.new_zone)


def _instants(table: Table, values: dict[str, Any], cells: Mapping[str, Any], zone: str | None) -> dict[str, str]:
    """Fill the instants in; return an attribute for each whose zone was assumed."""
    flags = {}
    for column in table.columns:
        if column.kind is Kind.INSTANT and column.name in cells:
            values[column.name], assumed = instant(column, cells[column.name], zone)
            if assumed:
                flags[f"{column.name}_zone"] = "assumed"
    return flags


def _refuse_future(table: Table, values: Mapping[str, Any], latest: str) -> None:
    """Refuse what happens after the take-in; only what is expected lies ahead."""
    at = values.get(table.event_time, "")
    if latest and at > latest and table is not EXPECTED:
        reason = f"{at} lies more than a day after now: check the clock, the zone and the column"
        raise CellRefusedError(table.event_time, RefusalCode.FUTURE, reason)


def _attributes(foreign: Mapping[str, Any], gate: IdentifierGate) -> dict[str, str]:
    """Keep unknown columns: numbers, booleans and times as they are, other text as a pseudonym."""
    found = {}
    for name, value in foreign.items():
        if not is_empty(value):
            found[_attribute_name(name)] = _attribute(name, value, gate)
    return found


def _attribute_name(name: str) -> str:
    return plain(name.encode("utf-8", "replace").decode("utf-8"), MAX_ATTRIBUTE_NAME).strip() or "unnamed"


def _attribute(name: str, value: Any, gate: IdentifierGate) -> str:
    text = str(value).strip()
    if _harmless(value, text) and not _PERSONAL.search(name):
        return text
    return gate.of(Identifier.TEXT, text.encode("utf-8", "replace").decode("utf-8"))


def _harmless(value: Any, text: str) -> bool:
    """Say whether a foreign value is a number, a boolean or a time.

    Whole numbers of six digits and more, or with leading zeros, may be record numbers: replaced like other text.
    """
    if _PADDED.match(text):
        return False
    number = number_of(value)
    if number is not None:
        return abs(number) < 100_000 or not number.is_integer()
    return boolean_of(value) is not None or _is_time(text)


def _is_time(text: str) -> bool:
    if not 10 <= len(text) <= 40 or text[4] != "-":
        return False
    try:
        parse_instant(text, "UTC")
    except (ValueError, OverflowError):
        return False
    return True


def _check_prediction(values: dict[str, Any], context: RowContext) -> None:
    if values.get("status", "scored") == "scored":
        for name in ("score", "decision"):
            if name not in values:
                raise CellRefusedError(name, RefusalCode.REQUIRED, f"{name} is missing; a scored prediction has one")
    study = context.studies[values["study_uid"]]
    values["mode"] = mode_of(values.get("mode"), values["predicted_at"], study.acquired_at).value


def _check_finding(values: dict[str, Any], _context: RowContext) -> None:
    named = [name for name in _SUBJECTS if name in values]
    if len(named) != 1:
        reason = f"a finding names one of {', '.join(_SUBJECTS)}; this one names {len(named)}"
        raise CellRefusedError("prediction_id", RefusalCode.SUBJECT, reason)


def _no_rule(_values: dict[str, Any], _context: RowContext) -> None:
    return


_RULES = {"predictions": _check_prediction, "findings": _check_finding}
