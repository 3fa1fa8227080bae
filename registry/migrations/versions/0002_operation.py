"""Live operation: alerts, tasks, schedules, suspended strata."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _alerts()
    _tasks()
    _schedules()
    _suspensions()


def downgrade() -> None:
    for table in ("suspensions", "schedules", "tasks", "alerts"):
        op.drop_table(table)


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert", sa.String(length=16), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=100), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("cause_kind", sa.String(length=16), nullable=False),
        sa.Column("cause_who", sa.String(length=200), nullable=False),
        sa.Column("opened", sa.String(length=10), nullable=False),
        sa.Column("closed", sa.String(length=10), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("record", sa.String(length=71), nullable=False),
        sa.Column("event_seq", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("alert"),
    )
    op.create_index("ix_alerts_model", "alerts", ["model"])


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("task", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("cause", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_at", sa.String(length=27), nullable=False),
        sa.Column("closed_at", sa.String(length=27), nullable=True),
        sa.Column("event_seq", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("task"),
        sa.UniqueConstraint("cause"),
    )
    op.create_index("ix_tasks_model", "tasks", ["model"])


def _schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("cron", sa.String(length=100), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("set_by", sa.String(length=64), nullable=False),
        sa.Column("set_at", sa.String(length=27), nullable=False),
        sa.Column("event_seq", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("kind", "model"),
    )


def _suspensions() -> None:
    op.create_table(
        "suspensions",
        sa.Column("deployment", sa.String(length=36), nullable=False),
        sa.Column("axis", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("fallback", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since", sa.String(length=27), nullable=False),
        sa.Column("event_seq", _BIG, nullable=False),
        sa.ForeignKeyConstraint(["deployment"], ["deployments.deployment"]),
        sa.PrimaryKeyConstraint("deployment", "axis", "value"),
    )
