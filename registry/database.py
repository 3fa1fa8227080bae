"""The database: SQLite by default (WAL, `synchronous=FULL`), or PostgreSQL by its URL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from registry.domain.errors import ServiceUnreachableError

VERSION_TABLE = "overread_alembic_version"  # MLflow and Dagster use Alembic too
_BUSY_TIMEOUT_MS = 30_000


def open_database(url: str) -> Engine:
    """Open the record's database; durable settings are made on every connection.

    Args:
        url: an SQLAlchemy URL, such as `sqlite:////path/overread.db` or `postgresql+psycopg://host/overread`.
    """
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _durable)
        event.listen(engine, "begin", _begin_immediate)
    return engine


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest version.

    Raises:
        ServiceUnreachableError: when the database does not answer.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["engine"] = engine
    try:
        command.upgrade(config, "head")
    except OperationalError as error:
        raise ServiceUnreachableError(
            "the database does not answer",
            where=engine.url.render_as_string(hide_password=True),
            mend="start it, or mend [database] url",
        ) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Open a session that only reads; nothing is committed."""
    with Session(engine) as session:
        yield session


def _durable(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Any) -> None:
    mode = connection.get_execution_options().get("overread_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
