"""Stored counts: one version a day and change of its rows."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
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


def downgrade() -> None:
    op.drop_table("day_counts")
