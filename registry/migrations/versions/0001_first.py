"""The first schema: ledger, people, observations, cohorts, models, decisions, monitors and reports."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = (
    "reports",
    "monitor_runs",
    "deployments",
    "signatures",
    "model_versions",
    "evaluations",
    "cohorts",
    "quarantine",
    "instances",
    "segment_keys",
    "segments",
    "person_keys",
    "person_roles",
    "persons",
    "targets",
    "sites",
    "ledger_checkpoints",
    "ledger_head",
    "ledger_payloads",
    "ledger_entries",
)


def upgrade() -> None:
    _ledger()
    _places()
    _people()
    _observations()
    _instances()
    _cohorts_and_evaluations()
    _models()
    _decisions()
    _monitors_and_reports()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)


def _ledger() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("seq", _BIG, autoincrement=False, nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("event_id"),
    )
    op.create_index("ix_ledger_entries_type", "ledger_entries", ["type"])
    op.create_table(
        "ledger_payloads",
        sa.Column("seq", _BIG, nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("erased_at", sa.String(length=27), nullable=True),
        sa.ForeignKeyConstraint(
            ["seq"],
            ["ledger_entries.seq"],
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "ledger_head",
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("size", _BIG, nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("origin"),
    )
    op.create_table(
        "ledger_checkpoints",
        sa.Column("size", _BIG, autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )


def _places() -> None:
    op.create_table(
        "sites",
        sa.Column("site", sa.String(length=100), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("organisation", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("site"),
    )
    op.create_table(
        "targets",
        sa.Column("target", sa.String(length=100), nullable=False),
        sa.Column("analysis_unit", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("target"),
    )


def _people() -> None:
    op.create_table(
        "persons",
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("printed_name", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("added_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("person"),
    )
    op.create_table(
        "person_roles",
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("valid_from", sa.String(length=27), nullable=False),
        sa.Column("valid_until", sa.String(length=27), nullable=True),
        sa.ForeignKeyConstraint(
            ["person"],
            ["persons.person"],
        ),
        sa.PrimaryKeyConstraint("person", "role"),
    )
    op.create_table(
        "person_keys",
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("not_before", sa.String(length=27), nullable=False),
        sa.Column("not_after", sa.String(length=27), nullable=False),
        sa.Column("revoked_at", sa.String(length=27), nullable=True),
        sa.ForeignKeyConstraint(
            ["person"],
            ["persons.person"],
        ),
        sa.PrimaryKeyConstraint("key_id"),
    )
    op.create_index("ix_person_keys_person", "person_keys", ["person"])


def _observations() -> None:
    op.create_table(
        "segments",
        sa.Column("table_name", sa.String(length=32), nullable=False),
        sa.Column("number", _BIG, autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("rows", _BIG, nullable=False),
        sa.Column("source_digest", sa.String(length=71), nullable=False),
        sa.Column("taken_in_at", sa.String(length=27), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("event_seq", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("table_name", "number"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_segments_source_digest", "segments", ["source_digest"])
    op.create_table(
        "segment_keys",
        sa.Column("table_name", sa.String(length=32), nullable=False),
        sa.Column("key_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("content_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("row_id", sa.String(length=32), nullable=False),
        sa.Column("number", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("table_name", "key_digest"),
    )


def _instances() -> None:
    op.create_table(
        "instances",
        sa.Column("instance_uid", sa.String(length=64), nullable=False),
        sa.Column("series_uid", sa.String(length=64), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("patient", sa.String(length=64), nullable=False),
        sa.Column("site", sa.String(length=100), nullable=False),
        sa.Column("sealed_place", sa.LargeBinary(), nullable=False),
        sa.Column("content_digest", sa.String(length=71), nullable=False),
        sa.Column("sop_class", sa.String(length=64), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("position_mm", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("instance_uid"),
    )
    op.create_index("ix_instances_patient", "instances", ["patient"])
    op.create_index("ix_instances_series_uid", "instances", ["series_uid"])
    op.create_index("ix_instances_study_uid", "instances", ["study_uid"])
    op.create_table(
        "quarantine",
        sa.Column("item", sa.String(length=36), nullable=False),
        sa.Column("batch", sa.String(length=71), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("code", sa.String(length=48), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("item"),
    )
    op.create_index("ix_quarantine_batch", "quarantine", ["batch"])


def _cohorts_and_evaluations() -> None:
    op.create_table(
        "cohorts",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("target", sa.String(length=100), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("frozen_at", sa.String(length=27), nullable=False),
        sa.Column("event_seq", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_cohorts_target", "cohorts", ["target"])
    op.create_table(
        "evaluations",
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("cohort", sa.String(length=100), nullable=False),
        sa.Column("cohort_role", sa.String(length=16), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("completed_at", sa.String(length=27), nullable=False),
        sa.Column("event_seq", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_evaluations_version", "evaluations", ["model", "version"])


def _models() -> None:
    op.create_table(
        "model_versions",
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("artifact_digest", sa.String(length=71), nullable=False),
        sa.Column("train_cohort", sa.String(length=100), nullable=False),
        sa.Column("tune_cohort", sa.String(length=100), nullable=False),
        sa.Column("operating_points", sa.LargeBinary(), nullable=False),
        sa.Column("trained_by", sa.String(length=64), nullable=False),
        sa.Column("registered_at", sa.String(length=27), nullable=False),
        sa.Column("submitted_at", sa.String(length=27), nullable=True),
        sa.Column("mlflow_run", sa.String(length=64), nullable=False),
        sa.Column("mlflow_version", sa.String(length=16), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("model", "version"),
    )


def _decisions() -> None:
    op.create_table(
        "signatures",
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("person", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.String(length=27), nullable=False),
        sa.Column("evidence_digest", sa.String(length=71), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("event_seq", _BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["person"],
            ["persons.person"],
        ),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_signatures_version", "signatures", ["model", "version"])
    op.create_table(
        "deployments",
        sa.Column("deployment", sa.String(length=36), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("site", sa.String(length=100), nullable=False),
        sa.Column("target", sa.String(length=100), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("started_at", sa.String(length=27), nullable=False),
        sa.Column("artifact_digest", sa.String(length=71), nullable=False),
        sa.Column("signature", sa.String(length=71), nullable=False),
        sa.Column("event_seq", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("deployment"),
    )


def _monitors_and_reports() -> None:
    op.create_table(
        "monitor_runs",
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("as_of", sa.String(length=10), nullable=False),
        sa.Column("plan_digest", sa.String(length=71), nullable=False),
        sa.Column("completed_at", sa.String(length=27), nullable=False),
        sa.Column("event_seq", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_monitor_runs_model", "monitor_runs", ["model"])
    op.create_table(
        "reports",
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("period", sa.String(length=32), nullable=False),
        sa.Column("format", sa.String(length=8), nullable=False),
        sa.Column("issued_at", sa.String(length=27), nullable=False),
        sa.Column("event_seq", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
