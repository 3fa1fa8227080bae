"""Alembic's environment: runs the migrations as the one writer, on the engine that the caller opened."""

from alembic import context

from registry.count_schema import CountHeadRow
from registry.database import VERSION_TABLE, writer_connection


def run() -> None:
    """Run the migrations in one writer transaction."""
    with writer_connection(context.config.attributes["engine"]) as connection:
        context.configure(connection=connection, target_metadata=CountHeadRow.metadata, version_table=VERSION_TABLE)
        with context.begin_transaction():
            context.run_migrations()


run()
