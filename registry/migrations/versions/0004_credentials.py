"""Credentials of accounts: passwords' hashes and authenticators' sealed secrets."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "credentials",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("event_seq", _BIG, nullable=False),
        sa.PrimaryKeyConstraint("account", "kind"),
    )


def downgrade() -> None:
    op.drop_table("credentials")
