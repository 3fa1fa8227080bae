"""Servers that tests start for themselves; import the fixtures into a folder's conftest.

A server's programs may be absent: then its tests skip with the reason, or fail where OVERREAD_REQUIRE_SERVICES=1.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_START_S = 60
LOCKED = "locked"  # the one role that needs a password; a test makes it
_ACCOUNT = "postgres"  # the server refuses to run as root


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Run a temporary PostgreSQL cluster on loopback and yield its `host:port`; the superuser is `overread`."""
    programs = _postgres_programs()
    folder = Path(tempfile.mkdtemp(prefix="overread-postgres-"))
    try:
        yield from _run_postgres(programs, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Yield the SQLAlchemy URL of a fresh, empty database."""
    with fresh_database(postgres_server) as url:
        yield url


SERVERS = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


@pytest.fixture(params=SERVERS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database, on each kind of server: a contract of storage holds on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/record.db"
    return str(request.getfixturevalue("postgres_url"))


@contextmanager
def fresh_database(server: str, template: str = "template1") -> Iterator[str]:
    """Make a database, a copy of a template to which nobody is connected, and yield its URL; it is dropped at exit."""
    name = f"t_{secrets.token_hex(6)}"
    with psycopg.connect(_dsn(server), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield f"postgresql+psycopg://overread@{server}/{name}"
    with psycopg.connect(_dsn(server), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def absent(reason: str) -> None:
    """Skip the test, or fail it where services are required."""
    if os.environ.get("OVERREAD_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    """Return a loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _postgres_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    place = str(found[-1]) if found else shutil.which("postgres")
    if place is None or not Path(place).with_name("initdb").exists():
        absent("PostgreSQL's programs (initdb, postgres) are not installed")
    if os.getuid() == 0 and _ACCOUNT not in {entry.pw_name for entry in pwd.getpwall()}:
        absent("running as root, and there is no user 'postgres' to run the server")
    return Path(str(place)).parent


def _run_postgres(programs: Path, folder: Path) -> Iterator[str]:
    account = {"user": _ACCOUNT, "group": _ACCOUNT, "extra_groups": []} if os.getuid() == 0 else {}
    if account:
        shutil.chown(folder, _ACCOUNT, _ACCOUNT)
    data, port = folder / "data", free_port()
    make = [programs / "initdb", "-D", data, "-U", "overread", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(make, check=True, capture_output=True, cwd=folder, **account)
    with (data / "postgresql.conf").open("a") as file:
        file.write("fsync = off\n")  # a test may switch it on: ALTER SYSTEM comes before this file
    access = data / "pg_hba.conf"
    access.write_text(f"host all {LOCKED} 127.0.0.1/32 scram-sha-256\n{access.read_text()}")
    settings = [f"-cport={port}", "-clisten_addresses=127.0.0.1", "-cunix_socket_directories="]
    with (folder / "log").open("wb") as log:
        run = [programs / "postgres", "-D", data, *settings]
        server = subprocess.Popen(run, stdout=log, stderr=log, cwd=folder, **account)
    try:
        _await_postgres(server, f"127.0.0.1:{port}", folder / "log")
        yield f"127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)  # fast shutdown, of the process that was started here
        server.wait(_START_S)


def _await_postgres(server: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(_dsn(address), connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"PostgreSQL did not start: {log.read_text(errors='replace')[-500:]}")


def _dsn(address: str) -> str:
    return f"postgresql://overread@{address}/postgres"
