"""Counts of rows that stay in a database: only counts come out, to the byte those of the workspace's own kernel."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from monitors.counts import Family
from monitors.engine.embedded import count_tables
from monitors.engine.in_database import count_in_database
from monitors.engine.tables import Request, axes_of
from pipelines.bootstrap import Workspace
from pipelines.counting.known_rows import Source
from pipelines.usecases.monitoring_plan import read_plan
from pipelines.usecases.run_monitors import day_of
from registry.domain.digest import digest_value
from registry.domain.display import plain
from registry.domain.errors import ServiceUnreachableError, UnknownNameError, UsageError
from registry.domain.joining import Known

SCHEMES = ("duckdb", "postgres", "postgresql")
TABLES = ("acquisitions", "predictions", "reads", "outcomes")
_BYTEWISE = frozenset({"C", "POSIX", "C.UTF-8", "C.utf8", "ucs_basic"})
_COLLATIONS = """
    SELECT DISTINCT COALESCE(c.collation_name, d.datcollate)
    FROM information_schema.columns c, pg_database d
    WHERE d.datname = current_database() AND c.table_schema = ANY (current_schemas(false))
      AND c.data_type IN ('text', 'character varying', 'character')
      AND c.table_name IN ('acquisitions', 'predictions', 'reads', 'outcomes')
"""


@dataclass(frozen=True)
class DatabaseCounts:
    """What a database counted.

    Attributes:
        model, target: whose; the target empty for all.
        families: by name.
        compared: whether they were held against the workspace's own.
        differing: names of the families that differ from it.
    """

    model: str
    target: str | None
    families: Mapping[str, Family]
    compared: bool
    differing: tuple[str, ...]

    @property
    def digest(self) -> str:
        """One SHA-256 of the families' own."""
        return digest_value({name: family.digest for name, family in sorted(self.families.items())})

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        told = {
            name: {"units": family.total, "cells": len(family.counts), "digest": family.digest}
            for name, family in sorted(self.families.items())
        }
        found = {"model": self.model, "target": self.target, "families": told, "digest": self.digest}
        return found | {"compared": self.compared, "differing": list(self.differing)}


def count_database(
    workspace: Workspace, address: str, model: str, target: str | None, *, check: bool
) -> DatabaseCounts:
    """Count a model's rows inside a database, by the axes and pairs of the workspace's plan and its sites' time zones.

    Args:
        workspace: whose plan, sites and suspensions count.
        address: of the database, such as `duckdb://warehouse.duckdb`.
        model: whose predictions.
        target: only this clinical question.
        check: whether the counts are held against those of the workspace's own rows.

    Raises:
        UsageError: for another kind of database, a missing table or column, or a collation that is not by bytes.
        ServiceUnreachableError: when the database does not answer.
    """
    plan = read_plan(workspace, None)
    suspended = workspace.lifecycle.suspensions(model)
    request = Request(model, workspace.settings.time_zone, axes_of(plan), target, suspended, plan.pairs)
    with _connected(address) as database:
        _require_tables(database)
        _require_bytewise(database)
        families = _counted(database, request)
    if not families["F0"].total:
        raise UnknownNameError.of("model with predictions in the database", model, ())
    return DatabaseCounts(model, target, families, check, _differing(workspace, request, families) if check else ())


def database_lines(done: DatabaseCounts) -> list[str]:
    """Spell the counts for a person."""
    lines = [
        f"{name:24} {family.total:>12,} units {len(family.counts):>10,} cells  {family.digest}"
        for name, family in sorted(done.families.items())
    ]
    lines.append(f"all together: {done.digest}")
    if not done.compared:
        return lines
    said = f"differ from the workspace's: {', '.join(done.differing)}" if done.differing else "as the workspace counts"
    return [*lines, said]


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    scheme = address.split("://", 1)[0]
    if "://" not in address or scheme not in SCHEMES:
        raise UnknownNameError.of("kind of database", plain(scheme, 20), SCHEMES, mend="write duckdb://FILE")
    if find_spec("ibis") is None:
        raise UsageError("counting in a database needs ibis", where="--database", mend="pip install 'overread[sql]'")
    import duckdb  # noqa: PLC0415 - lazy: optional
    import ibis  # noqa: PLC0415 - lazy: optional, slow to import
    import psycopg  # noqa: PLC0415 - lazy: optional

    read_only = {"read_only": True} if scheme == "duckdb" else {}
    try:
        found = ibis.connect(address, **read_only)
    except (duckdb.Error, psycopg.Error, ibis.common.exceptions.IbisError, OSError, ValueError) as error:
        # Its text may hold the address with a password: only its kind is told.
        raise ServiceUnreachableError(
            f"the database does not answer ({type(error).__name__})",
            where=f"--database {scheme}://…",
            mend="check host, name, user and that it runs",
        ) from None
    try:
        yield found
    finally:
        found.disconnect()


def _require_tables(database: Any) -> None:
    import ibis  # noqa: PLC0415 - lazy: optional, slow to import

    for name in TABLES:
        try:
            database.table(name)
        except ibis.common.exceptions.TableNotFound as error:
            raise UsageError(
                f"the database has no table {name}", where="--database", mend="make a view of that name"
            ) from error


def _require_bytewise(database: Any) -> None:
    """Refuse a PostgreSQL whose texts sort by a language: first and last would be others than the kernel's."""
    if database.name != "postgres":
        return
    with database.raw_sql(_COLLATIONS) as cursor:
        others = sorted({str(row[0]) for row in cursor.fetchall()} - _BYTEWISE)
    if others:
        raise UsageError(
            f"texts of the database sort by {plain(', '.join(others), 60)}", where="--database", mend='COLLATE "C"'
        )


def _counted(database: Any, request: Request) -> dict[str, Family]:
    import ibis  # noqa: PLC0415 - lazy: optional, slow to import

    try:
        return count_in_database(database, request)
    except (ibis.common.exceptions.IbisError, AttributeError) as error:
        raise UsageError(
            f"the tables are not as documented: {plain(str(error), 120)}",
            where="--database",
            mend="columns: docs/reference/files.md",
        ) from error


def _differing(workspace: Workspace, request: Request, families: Mapping[str, Family]) -> tuple[str, ...]:
    own = count_tables(Source(workspace, request, day_of(workspace, None), Known.RECORDED).every()[0], request)
    return tuple(name for name, family in sorted(families.items()) if own[name].digest != family.digest)
