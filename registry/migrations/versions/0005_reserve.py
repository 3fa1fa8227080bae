"""Filler pages that are kept for stops, suspensions, reads and outcomes when the database runs full."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ROWS, _ROW_BYTES = 64, 16_384


def upgrade() -> None:
    table = op.create_table(
        "reserve",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("filler", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.bulk_insert(table, [{"number": number, "filler": bytes(_ROW_BYTES)} for number in range(_ROWS)])


def downgrade() -> None:
    op.drop_table("reserve")
