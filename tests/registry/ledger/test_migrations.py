from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from ledgers import open_ledger
from sqlalchemy import Connection, inspect

from registry.database import VERSION_TABLE, migrate, open_database
from registry.schema import Base


def context(connection: Connection) -> MigrationContext:
    options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
    return MigrationContext.configure(connection, opts=options)


def test_the_migrated_schema_is_that_of_the_code(url: str) -> None:
    engine = open_ledger(url).engine
    with engine.connect() as connection:
        assert compare_metadata(context(connection), Base.metadata) == []
        assert set(inspect(connection).get_table_names()) == set(Base.metadata.tables) | {VERSION_TABLE}
    engine.dispose()


def test_migrating_twice_changes_nothing(url: str) -> None:
    engine = open_database(url)
    migrate(engine)
    with engine.connect() as connection:
        before = context(connection).get_current_revision()
    migrate(engine)
    with engine.connect() as connection:
        assert context(connection).get_current_revision() == before == "0005"
    engine.dispose()
