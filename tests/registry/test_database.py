import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from registry import database
from registry.database import migrate, open_database, reading, writing
from registry.domain.errors import ServiceUnreachableError
from registry.schema import SiteRow


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    found = open_database(f"sqlite:///{tmp_path}/record.db")
    migrate(found)
    yield found
    found.dispose()


def site(name: str) -> SiteRow:
    return SiteRow(site=name, time_zone="UTC", organisation="")


def sites(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(session.execute(select(SiteRow.site)).scalars())


def test_every_connection_is_durable(engine: Engine) -> None:
    with engine.connect() as connection:
        found = {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")}
        assert found == {"journal_mode": "wal", "synchronous": 2}
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_the_files_are_the_owners_alone(engine: Engine, tmp_path: Path) -> None:
    with writing(engine) as session:
        session.add(site("a"))
        modes = {place.name: place.stat().st_mode & 0o777 for place in tmp_path.iterdir()}
    assert {"record.db", "record.db-wal", "record.db-shm"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_a_reader_sees_one_snapshot_and_does_not_wait(engine: Engine) -> None:
    with reading(engine) as session:
        assert session.execute(select(SiteRow.site)).scalars().all() == []
        with writing(engine) as other:
            other.add(site("a"))
        assert session.execute(select(SiteRow.site)).scalars().all() == []
    assert sites(engine) == ["a"]


def write_and_fail(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(site("a"))
        session.commit()
        raise KeyError


def test_a_failing_writer_leaves_nothing_even_after_a_commit_inside(engine: Engine) -> None:
    with pytest.raises(KeyError):
        write_and_fail(engine)
    assert sites(engine) == []


def test_a_reader_commits_nothing(engine: Engine) -> None:
    with reading(engine) as session:
        session.add(site("a"))
        session.flush()
    assert sites(engine) == []


def test_a_second_writer_gives_up_with_a_clear_error(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_TIMEOUT_MS", 10)
    engine.dispose()
    other = sqlite3.connect(tmp_path / "record.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ServiceUnreachableError, match="busy"), writing(engine):
        pass
    other.close()
    assert sites(engine) == []


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    engine = open_database("postgresql://user:s3cret@127.0.0.1:9/none?connect_timeout=2")
    for act in (lambda: migrate(engine), lambda: sites(engine)):
        with pytest.raises(ServiceUnreachableError) as caught:
            act()
        assert "127.0.0.1" in str(caught.value)
        assert "s3cret" not in str(caught.value)
