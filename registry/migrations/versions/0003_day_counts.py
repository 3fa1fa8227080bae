"""Stored counts: one version a day and change of its rows, and the cache that says which days a row touches."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _day_counts()
    _heads()
    _days()
    _places()


def downgrade() -> None:
    for table in ("count_places", "count_days", "count_heads", "day_counts"):
        op.drop_table(table)


def _day_counts() -> None:
    op.create_table(
        "day_counts",
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("target", sa.String(length=100), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("number", _BIG, autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("recipe", sa.String(length=71), nullable=False),
        sa.Column("basis", sa.String(length=71), nullable=False),
        sa.Column("tables", sa.Text(), nullable=False),
        sa.Column("counted_at", sa.String(length=27), nullable=False),
        sa.Column("event_seq", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("model", "target", "day", "number"),
    )


def _book() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("model", sa.String(length=100), nullable=False),
        sa.Column("target", sa.String(length=100), nullable=False),
        sa.Column("known", sa.String(length=8), nullable=False),
    )


def _heads() -> None:
    op.create_table(
        "count_heads",
        *_book(),
        sa.Column("as_of", sa.String(length=10), nullable=False),
        sa.Column("zones", sa.String(length=71), nullable=False),
        sa.Column("tables", sa.Text(), nullable=False),
        sa.Column("pending", sa.Text(), nullable=False),
        sa.Column("superseded", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model", "target", "known"),
    )


def _days() -> None:
    op.create_table(
        "count_days",
        *_book(),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("basis", sa.String(length=71), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("made_first", sa.String(length=27), nullable=False),
        sa.Column("made_last", sa.String(length=27), nullable=False),
        sa.Column("sites", sa.Text(), nullable=False),
        sa.Column("segments", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("model", "target", "known", "day"),
    )


def _places() -> None:
    op.create_table(
        "count_places",
        *_book(),
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("model", "target", "known", "key"),
    )
