"""The database: SQLite by default (WAL, `synchronous=FULL`), or PostgreSQL by its URL.

There is one writer at a time: `BEGIN IMMEDIATE` on SQLite, an advisory lock held by the transaction on PostgreSQL.
Readers see one snapshot for as long as their session lives, and never wait for the writer.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, RootTransaction, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from registry.domain.errors import ServiceUnreachableError

VERSION_TABLE = "overread_alembic_version"  # MLflow and Dagster use Alembic too
_BUSY_TIMEOUT_MS = 30_000
_PATIENCE_S = 10
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")  # erased is overwritten
_PARAMETERS = 500  # bound parameters of one query
_Value = TypeVar("_Value")
_WRITER_LOCK = 0x4F56524541440001  # "OVREAD", 1: the key of the writers' advisory lock on PostgreSQL
_SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def open_database(url: str) -> Engine:
    """Open the record's database; durable settings are made on every connection.

    A new SQLite file gets mode 0600, which SQLite passes on to its write-ahead log.

    Args:
        url: an SQLAlchemy URL, such as `sqlite:////path/overread.db` or `postgresql+psycopg://host/overread`.
    """
    place = _with_driver(make_url(url))
    patience = {"connect_timeout": _PATIENCE_S} if place.get_backend_name() == "postgresql" else {}
    engine = create_engine(place, connect_args=patience)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", _private_file)
        event.listen(engine, "connect", _durable)
        event.listen(engine, "begin", _begin)
    return engine


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest version.

    Raises:
        ServiceUnreachableError: when the database does not answer.
    """
    from alembic import command  # noqa: PLC0415 - lazy: alembic is slow to import
    from alembic.config import Config  # noqa: PLC0415 - lazy: alembic is slow to import

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["engine"] = engine
    try:
        command.upgrade(config, "head")
    except OperationalError as error:
        raise unreachable(engine) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Open a session that only reads, from one snapshot; nothing is committed.

    Raises:
        ServiceUnreachableError: when the database does not answer.
    """
    with _connect(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(**_SNAPSHOT)
        with Session(bind=connection) as session:
            yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Open the one writer's session: it commits at exit and rolls back on an exception.

    `session.commit()` inside it only flushes, so that no part of a change can be committed alone.

    Raises:
        ServiceUnreachableError: when the database does not answer, or another writer does not finish.
    """
    with (
        writer_connection(engine) as connection,
        Session(bind=connection, join_transaction_mode="rollback_only") as session,
    ):
        yield session
        session.commit()


@contextmanager
def writer_connection(engine: Engine) -> Iterator[Connection]:
    """Open the one writer's connection, in a transaction that commits at exit.

    Raises:
        ServiceUnreachableError: when the database does not answer, or another writer does not finish.
    """
    connection, transaction = _begin_writing(engine)
    with connection, transaction:
        yield connection


def _begin_writing(engine: Engine) -> tuple[Connection, RootTransaction]:
    connection = _connect(engine).execution_options(overread_begin="IMMEDIATE")
    try:
        transaction = connection.begin()
        _lock_writers(connection)
    except OperationalError as error:
        connection.close()
        raise unreachable(engine, "the database is busy with another change") from error
    return connection, transaction


def _lock_writers(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = {_BUSY_TIMEOUT_MS}"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITER_LOCK})


def _connect(engine: Engine) -> Connection:
    try:
        return engine.connect()
    except OperationalError as error:
        raise unreachable(engine) from error


def server_url(url: str) -> str:
    """Return a URL with the driver that Overread uses, for a library that opens a database itself.

    Raises:
        ServiceUnreachableError: when it names a server that does not answer; a library would try for minutes.
    """
    place = _with_driver(make_url(url))
    if place.get_backend_name() == "postgresql":
        engine = open_database(url)
        _connect(engine).close()
        engine.dispose()
    return place.render_as_string(hide_password=False)


def in_chunks(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    """Yield values in pieces that one query may bind."""
    return (values[start : start + _PARAMETERS] for start in range(0, len(values), _PARAMETERS))


def unreachable(engine: Engine, what: str = "the database does not answer") -> ServiceUnreachableError:
    """Build the error that names the database, without its password."""
    place = engine.url.render_as_string(hide_password=True)
    return ServiceUnreachableError(
        what, where=place, mend="start it, make the database, or mend [database] in overread.toml and the password file"
    )


def _with_driver(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _private_file(_dialect: object, _record: object, args: list[Any], _options: object) -> None:
    place = str(args[0]) if args else ":memory:"
    if place != ":memory:" and not place.startswith("file:"):
        os.close(os.open(place, os.O_RDWR | os.O_CREAT, 0o600))


def _durable(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (f"busy_timeout={_BUSY_TIMEOUT_MS}", *_PRAGMAS):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Any) -> None:
    mode = connection.get_execution_options().get("overread_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
