"""The SQL tables of the record (SQLAlchemy 2). Observation rows live in Parquet segments, everything else here.

Instants are UTC texts with microseconds, so that they sort and compare alike on SQLite and PostgreSQL.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from registry.domain.errors import LedgerBrokenError

_Big = BigInteger().with_variant(Integer, "sqlite")


class Bytes(LargeBinary):
    """Bytes; SQLite lets whoever edits the database put text in their place, which is refused when it is read."""

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], bytes | None]:
        """Return what turns a stored value into bytes.

        Raises:
            LedgerBrokenError: by the returned function, when the value is not bytes.
        """
        del dialect, coltype

        def process(value: Any) -> bytes | None:
            if value is None or isinstance(value, bytes):
                return value
            if isinstance(value, memoryview | bytearray):
                return bytes(value)
            raise LedgerBrokenError(
                "the database holds text or a number where bytes belong", mend="run `overread audit verify`"
            )

        return process


class Base(DeclarativeBase):
    """Root of the tables."""


class LedgerEntry(Base):
    """One event: the exact bytes that are hashed."""

    __tablename__ = "ledger_entries"
    seq: Mapped[int] = mapped_column(_Big, primary_key=True, autoincrement=False)
    event_id: Mapped[str] = mapped_column(String(36), unique=True)
    type: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[str] = mapped_column(String(27))
    data: Mapped[bytes] = mapped_column(Bytes)


class LedgerPayload(Base):
    """An event's payload with its salt; both go when it is erased."""

    __tablename__ = "ledger_payloads"
    seq: Mapped[int] = mapped_column(ForeignKey("ledger_entries.seq"), primary_key=True)
    salt: Mapped[bytes | None] = mapped_column(Bytes)
    payload: Mapped[bytes | None] = mapped_column(Bytes)
    erased_at: Mapped[str | None] = mapped_column(String(27))


class LedgerHead(Base):
    """How long the ledger is, and the Merkle frontier from which its root follows. One row."""

    __tablename__ = "ledger_head"
    origin: Mapped[str] = mapped_column(String(200), primary_key=True)
    size: Mapped[int] = mapped_column(_Big)
    frontier: Mapped[bytes] = mapped_column(Bytes)


class LedgerCheckpoint(Base):
    """A signed checkpoint (C2SP note)."""

    __tablename__ = "ledger_checkpoints"
    size: Mapped[int] = mapped_column(_Big, primary_key=True, autoincrement=False)
    note: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[str] = mapped_column(String(27))


class SiteRow(Base):
    """A site and its time zone."""

    __tablename__ = "sites"
    site: Mapped[str] = mapped_column(String(100), primary_key=True)
    time_zone: Mapped[str] = mapped_column(String(64))
    organisation: Mapped[str] = mapped_column(String(200), default="")


class TargetRow(Base):
    """A clinical question and its analysis unit."""

    __tablename__ = "targets"
    target: Mapped[str] = mapped_column(String(100), primary_key=True)
    analysis_unit: Mapped[str] = mapped_column(String(16))


class PersonRow(Base):
    """A person; the id is never reused."""

    __tablename__ = "persons"
    person: Mapped[str] = mapped_column(String(64), primary_key=True)
    printed_name: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    added_at: Mapped[str] = mapped_column(String(27))


class PersonRoleRow(Base):
    """A role of a person."""

    __tablename__ = "person_roles"
    person: Mapped[str] = mapped_column(ForeignKey("persons.person"), primary_key=True)
    role: Mapped[str] = mapped_column(String(32), primary_key=True)
    valid_from: Mapped[str] = mapped_column(String(27))
    valid_until: Mapped[str | None] = mapped_column(String(27))


class PersonKeyRow(Base):
    """A person's Ed25519 public key; the private key is a file, encrypted under the person's passphrase."""

    __tablename__ = "person_keys"
    key_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("persons.person"), index=True)
    public_key: Mapped[bytes] = mapped_column(Bytes(32))
    not_before: Mapped[str] = mapped_column(String(27))
    not_after: Mapped[str] = mapped_column(String(27))
    revoked_at: Mapped[str | None] = mapped_column(String(27))


class CredentialRow(Base):
    """A credential of an account: a password's hash, or an authenticator's secret sealed under the workspace's key."""

    __tablename__ = "credentials"
    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    secret: Mapped[bytes] = mapped_column(Bytes)
    event_seq: Mapped[int] = mapped_column(_Big)


class SegmentRow(Base):
    """One immutable Parquet segment: the manifest. `number` is the version of its table and counts per table."""

    __tablename__ = "segments"
    table_name: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(_Big, primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(String(71), unique=True)
    rows: Mapped[int] = mapped_column(_Big)
    source_digest: Mapped[str] = mapped_column(String(71), index=True)
    taken_in_at: Mapped[str] = mapped_column(String(27))
    synthetic: Mapped[bool] = mapped_column(default=False)
    event_seq: Mapped[int] = mapped_column(_Big)


class SegmentKeyRow(Base):
    """The key of a row that was taken in, as a digest, with the digest of the row's content."""

    __tablename__ = "segment_keys"
    table_name: Mapped[str] = mapped_column(String(32), primary_key=True)
    key_digest: Mapped[bytes] = mapped_column(Bytes(32), primary_key=True)
    content_digest: Mapped[bytes] = mapped_column(Bytes(32))
    row_id: Mapped[str] = mapped_column(String(32))
    number: Mapped[int] = mapped_column(_Big)


class InstanceRow(Base):
    """One DICOM instance, by pseudonyms, and where its file lies; the place is sealed under the workspace key."""

    __tablename__ = "instances"
    instance_uid: Mapped[str] = mapped_column(String(64), primary_key=True)
    series_uid: Mapped[str] = mapped_column(String(64), index=True)
    study_uid: Mapped[str] = mapped_column(String(64), index=True)
    patient: Mapped[str] = mapped_column(String(64), index=True)
    site: Mapped[str] = mapped_column(String(100))
    sealed_place: Mapped[bytes] = mapped_column(Bytes)
    content_digest: Mapped[str] = mapped_column(String(71))
    sop_class: Mapped[str] = mapped_column(String(64))
    frames: Mapped[int] = mapped_column(Integer)
    position_mm: Mapped[str | None] = mapped_column(String(32))


class QuarantineRow(Base):
    """A file or row that was refused: why, and where in the source, without its content."""

    __tablename__ = "quarantine"
    item: Mapped[str] = mapped_column(String(36), primary_key=True)
    batch: Mapped[str] = mapped_column(String(71), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    code: Mapped[str] = mapped_column(String(48))
    source: Mapped[str] = mapped_column(String(300))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[str] = mapped_column(String(27))


class CohortRow(Base):
    """A frozen cohort; its manifest is an object."""

    __tablename__ = "cohorts"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    digest: Mapped[str] = mapped_column(String(71), unique=True)
    target: Mapped[str] = mapped_column(String(100), index=True)
    role: Mapped[str] = mapped_column(String(16))
    frozen_at: Mapped[str] = mapped_column(String(27))
    event_seq: Mapped[int] = mapped_column(_Big)


class ModelVersionRow(Base):
    """A model version, its operating points as canonical JSON."""

    __tablename__ = "model_versions"
    model: Mapped[str] = mapped_column(String(100), primary_key=True)
    version: Mapped[str] = mapped_column(String(16), primary_key=True)
    target: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(32))
    artifact_digest: Mapped[str] = mapped_column(String(71))
    train_cohort: Mapped[str] = mapped_column(String(100))
    tune_cohort: Mapped[str] = mapped_column(String(100))
    operating_points: Mapped[bytes] = mapped_column(Bytes)
    trained_by: Mapped[str] = mapped_column(String(64))
    registered_at: Mapped[str] = mapped_column(String(27))
    submitted_at: Mapped[str | None] = mapped_column(String(27))
    mlflow_run: Mapped[str] = mapped_column(String(64))
    mlflow_version: Mapped[str] = mapped_column(String(16))
    synthetic: Mapped[bool] = mapped_column(default=False)


class EvaluationRow(Base):
    """An evaluation; its record is an object."""

    __tablename__ = "evaluations"
    digest: Mapped[str] = mapped_column(String(71), primary_key=True)
    model: Mapped[str] = mapped_column(String(100))
    version: Mapped[str] = mapped_column(String(16))
    cohort: Mapped[str] = mapped_column(String(100))
    cohort_role: Mapped[str] = mapped_column(String(16))
    verdict: Mapped[str] = mapped_column(String(16))
    completed_at: Mapped[str] = mapped_column(String(27))
    event_seq: Mapped[int] = mapped_column(_Big)
    __table_args__ = (Index("ix_evaluations_version", "model", "version"),)


class SignatureRow(Base):
    """A person's signature: the DSSE envelope, bound to what it signs."""

    __tablename__ = "signatures"
    digest: Mapped[str] = mapped_column(String(71), primary_key=True)
    model: Mapped[str] = mapped_column(String(100))
    version: Mapped[str] = mapped_column(String(16))
    act: Mapped[str] = mapped_column(String(16))
    person: Mapped[str] = mapped_column(ForeignKey("persons.person"))
    role: Mapped[str] = mapped_column(String(32))
    key_id: Mapped[str] = mapped_column(String(64))
    meaning: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[str] = mapped_column(String(27))
    evidence_digest: Mapped[str] = mapped_column(String(71))
    envelope: Mapped[bytes] = mapped_column(Bytes)
    event_seq: Mapped[int] = mapped_column(_Big)
    __table_args__ = (Index("ix_signatures_version", "model", "version"),)


class DeploymentRow(Base):
    """A version at a site."""

    __tablename__ = "deployments"
    deployment: Mapped[str] = mapped_column(String(36), primary_key=True)
    model: Mapped[str] = mapped_column(String(100))
    version: Mapped[str] = mapped_column(String(16))
    site: Mapped[str] = mapped_column(String(100))
    target: Mapped[str] = mapped_column(String(100))
    mode: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[str] = mapped_column(String(27))
    artifact_digest: Mapped[str] = mapped_column(String(71))
    signature: Mapped[str] = mapped_column(String(71))
    event_seq: Mapped[int] = mapped_column(_Big)


class MonitorRunRow(Base):
    """One run of the monitors; its JSON is an object."""

    __tablename__ = "monitor_runs"
    digest: Mapped[str] = mapped_column(String(71), primary_key=True)
    model: Mapped[str] = mapped_column(String(100), index=True)
    as_of: Mapped[str] = mapped_column(String(10))
    plan_digest: Mapped[str] = mapped_column(String(71))
    completed_at: Mapped[str] = mapped_column(String(27))
    event_seq: Mapped[int] = mapped_column(_Big)


class ReportRow(Base):
    """An issued report."""

    __tablename__ = "reports"
    digest: Mapped[str] = mapped_column(String(71), primary_key=True)
    model: Mapped[str] = mapped_column(String(100))
    version: Mapped[str] = mapped_column(String(16))
    period: Mapped[str] = mapped_column(String(32))
    format: Mapped[str] = mapped_column(String(8))
    issued_at: Mapped[str] = mapped_column(String(27))
    event_seq: Mapped[int] = mapped_column(_Big)


class AlertRow(Base):
    """An alert: what was opened and what became of it; its record, the contract's JSON, is an object."""

    __tablename__ = "alerts"
    alert: Mapped[str] = mapped_column(String(16), primary_key=True)
    model: Mapped[str] = mapped_column(String(100), index=True)
    version: Mapped[str] = mapped_column(String(16))
    mode: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(String(100))
    code: Mapped[str] = mapped_column(String(16))
    cause_kind: Mapped[str] = mapped_column(String(16))
    cause_who: Mapped[str] = mapped_column(String(200))
    opened: Mapped[str] = mapped_column(String(10))
    closed: Mapped[str | None] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(16))
    record: Mapped[str] = mapped_column(String(71))
    event_seq: Mapped[int] = mapped_column(_Big)


class TaskRow(Base):
    """Work that was asked for, such as a retraining or a revalidation: why, and whether it is still open."""

    __tablename__ = "tasks"
    task: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    model: Mapped[str] = mapped_column(String(100), index=True)
    why: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(String(200), unique=True)  # what asked for it; the same cause asks once
    state: Mapped[str] = mapped_column(String(16))
    opened_at: Mapped[str] = mapped_column(String(27))
    closed_at: Mapped[str | None] = mapped_column(String(27))
    event_seq: Mapped[int] = mapped_column(_Big)


class ScheduleRow(Base):
    """When a kind of work runs by itself for a model."""

    __tablename__ = "schedules"
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    model: Mapped[str] = mapped_column(String(100), primary_key=True)
    cron: Mapped[str] = mapped_column(String(100))
    time_zone: Mapped[str] = mapped_column(String(64))
    paused: Mapped[bool] = mapped_column(default=False)
    set_by: Mapped[str] = mapped_column(String(64))
    set_at: Mapped[str] = mapped_column(String(27))
    event_seq: Mapped[int] = mapped_column(_Big)


class SuspensionRow(Base):
    """A stratum of a deployment's envelope in which the model does not count, until it is resumed."""

    __tablename__ = "suspensions"
    deployment: Mapped[str] = mapped_column(ForeignKey("deployments.deployment"), primary_key=True)
    axis: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(String(200), primary_key=True)
    fallback: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    since: Mapped[str] = mapped_column(String(27))
    event_seq: Mapped[int] = mapped_column(_Big)


class ReserveRow(Base):
    """Filler that gives its pages to a stop when the database runs full (`registry.reserve`)."""

    __tablename__ = "reserve"
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    filler: Mapped[bytes] = mapped_column(Bytes)
