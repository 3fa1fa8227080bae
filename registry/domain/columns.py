"""The observation tables: their columns, types, units and enumerations (contract, section 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from registry.domain.pseudonym import Identifier
from registry.domain.vocabulary import (
    ACTIONS,
    REPORT_STATUSES,
    SEXES,
    SOURCES,
    STAGES,
    STATUSES,
    VERIFICATIONS,
    Mode,
    Unit,
)


class Kind(StrEnum):
    """Type of a column's values."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    INSTANT = "instant"  # stored as UTC text with microseconds
    NUMBERS = "numbers"  # a list of numbers
    TEXTS = "texts"  # a list of texts


@dataclass(frozen=True)
class Column:
    """One column: its type, whether a row must have it, and what its values may be."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    enumeration: frozenset[str] = frozenset()
    identifier: Identifier | None = None
    default: str | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""  # physical unit, UCUM


@dataclass(frozen=True)
class Table:
    """One observation table: columns and the columns of its key."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    event_time: str = ""

    def column(self, name: str) -> Column | None:
        """Return a column by name, or None for an attribute that the contract does not know."""
        return self.by_name.get(name)

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Names of the required columns."""
        return tuple(column.name for column in self.columns if column.required)


def _texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names)


def _numbers(**units: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.NUMBER, unit=unit) for name, unit in units.items())


def _uid(name: str, *, required: bool = False) -> Column:
    return Column(name, required=required, identifier=Identifier.UID)


def _record(name: str, *, required: bool = False) -> Column:
    return Column(name, required=required, identifier=Identifier.RECORD)


def _when(name: str, *, required: bool = False) -> Column:
    return Column(name, Kind.INSTANT, required=required)


_EVERY = (_when("available_at"), Column("supersedes"))
_UNIT = (
    Column("unit", enumeration=frozenset(Unit), default=Unit.STUDY.value),
    _uid("unit_uid"),
)

ACQUISITIONS = Table(
    "acquisitions",
    (
        _uid("series_uid", required=True),
        _uid("study_uid", required=True),
        Column("patient", required=True, identifier=Identifier.PATIENT),
        Column("site", required=True),
        _when("acquired_at", required=True),
        Column("modality", required=True),
        *_texts("manufacturer", "manufacturer_model_name"),
        Column("scanner", identifier=Identifier.DEVICE),
        *_texts("software_versions", "convolution_kernel", "body_part_examined"),
        *_numbers(
            magnetic_field_strength="T",
            kvp="kV",
            slice_thickness_mm="mm",
            pixel_spacing_mm="mm",
            repetition_time_ms="ms",
            echo_time_ms="ms",
            inversion_time_ms="ms",
            flip_angle_deg="deg",
            exposure_mas="mA.s",
            ctdi_vol_mgy="mGy",
            dlp_mgy_cm="mGy.cm",
            contrast_volume_ml="mL",
        ),
        Column("contrast", Kind.BOOLEAN),
        Column("protocol_name", identifier=Identifier.TEXT),
        Column("age_years", Kind.NUMBER, low=0, high=130, unit="a"),
        Column("sex", enumeration=SEXES),
        *_texts("race", "ethnicity"),
        _when("received_at"),
        _when("ordered_at"),
        _uid("repeat_of"),
        *_numbers(snr="1", cnr="1", noise="1", sharpness="1", motion="1"),
        *_EVERY,
    ),
    key=("series_uid",),
    event_time="acquired_at",
)

PREDICTIONS = Table(
    "predictions",
    (
        _record("prediction_id", required=True),
        Column("model", required=True),
        Column("version", required=True),
        _uid("study_uid", required=True),
        Column("target", required=True),
        _when("predicted_at", required=True),
        *_UNIT,
        Column("status", enumeration=STATUSES, default="scored"),
        Column("reason", identifier=Identifier.TEXT),
        _uid("series_uid"),
        Column("score", Kind.NUMBER, low=0, high=1),
        Column("decision", Kind.BOOLEAN),
        Column("threshold", Kind.NUMBER),
        Column("latency_ms", Kind.NUMBER, low=0, unit="ms"),
        Column("mode", enumeration=frozenset(Mode), default=Mode.LIVE.value),
        Column("embedding", Kind.NUMBERS),
        *_EVERY,
    ),
    key=("prediction_id",),
    event_time="predicted_at",
)

READS = Table(
    "reads",
    (
        _record("read_id", required=True),
        _uid("study_uid", required=True),
        Column("target", required=True),
        Column("reader", required=True, identifier=Identifier.READER),
        _when("read_at", required=True),
        Column("decision", Kind.BOOLEAN, required=True),
        *_UNIT,
        _record("prediction_id"),
        Column("ai_shown", Kind.BOOLEAN),
        Column("opened_before_ai", Kind.BOOLEAN),
        Column("action", enumeration=ACTIONS),
        Column("reason", identifier=Identifier.TEXT),
        Column("stage", enumeration=STAGES, default="final"),
        Column("report_status", enumeration=REPORT_STATUSES),
        Column("confidence", Kind.NUMBER),
        Column("read_seconds", Kind.NUMBER, low=0, unit="s"),
        Column("experience", identifier=Identifier.TEXT),
        _when("reported_at"),
        *_EVERY,
    ),
    key=("read_id",),
    event_time="read_at",
)

OUTCOMES = Table(
    "outcomes",
    (
        _uid("study_uid", required=True),
        Column("target", required=True),
        Column("truth", Kind.BOOLEAN, required=True),
        Column("source", required=True, enumeration=frozenset(SOURCES)),
        _when("established_at", required=True),
        *_UNIT,
        Column("established_by", Kind.TEXTS, identifier=Identifier.READER),
        Column("ai_blinded", Kind.BOOLEAN),
        Column("indeterminate", Kind.BOOLEAN),
        Column("verification", enumeration=VERIFICATIONS),
        Column("sampling_fraction", Kind.NUMBER, low=0, high=1),
        *_EVERY,
    ),
    key=("target", "unit", "unit_uid", "source", "established_at"),
    event_time="established_at",
)

FINDINGS = Table(
    "findings",
    (
        _record("finding_id", required=True),
        Column("label", required=True),
        Column("score", Kind.NUMBER, low=0, high=1),
        *(_record(name) for name in ("prediction_id", "read_id", "outcome_key")),
        *_UNIT,
        *_numbers(x_mm="mm", y_mm="mm", z_mm="mm", diameter_mm="mm", volume_ml="mL"),
        Column("accepted", Kind.BOOLEAN),
        *_EVERY,
    ),
    key=("finding_id",),
)

MEASUREMENTS = Table(
    "measurements",
    (
        _record("subject_id", required=True),
        Column("name", required=True),
        Column("value", Kind.NUMBER, required=True),
        Column("unit", required=True),
        *_EVERY,
    ),
    key=("subject_id", "name"),
)

EXPECTED = Table(
    "expected",
    (
        Column("site", required=True),
        Column("modality", required=True),
        Column("hour", Kind.INSTANT, required=True),
        Column("n", Kind.NUMBER, required=True, low=0),
        *_EVERY,
    ),
    key=("site", "modality", "hour"),
    event_time="hour",
)

TABLES: Mapping[str, Table] = {
    table.name: table for table in (ACQUISITIONS, PREDICTIONS, READS, OUTCOMES, FINDINGS, MEASUREMENTS, EXPECTED)
}
