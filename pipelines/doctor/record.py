"""The record: database, ledger, segments, objects."""

from collections.abc import Iterator

from sqlalchemy import Engine, select, text

from pipelines.bootstrap import Workspace
from pipelines.doctor.finding import Finding, State, ok
from pipelines.usecases.witnessing import tail, witnessed
from registry.database import VERSION_TABLE, reading
from registry.domain.errors import ArtifactChangedError
from registry.ledger.copy import CheckpointCopy
from registry.ledger.verify import verify_ledger
from registry.schema import AlertRow, CohortRow, EvaluationRow, LedgerEntry, MonitorRunRow, ReportRow

RECORD = ("database", "durability", "ledger", "witnesses", "segments", "objects")
_DURABLE = {
    "sqlite": {"journal_mode": "wal", "synchronous": "2"},
    "postgresql": {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"},
}
_MEND = {
    "sqlite": "mend the file system: it does not keep SQLite's write-ahead log",
    "postgresql": "set it in postgresql.conf: a power cut can lose what was acknowledged",
}
_DIGESTS = (CohortRow.digest, EvaluationRow.digest, MonitorRunRow.digest, ReportRow.digest, AlertRow.record)


def database(workspace: Workspace) -> Iterator[Finding]:
    """Say which database answers and which schema it has; opening the workspace has migrated it."""
    with reading(workspace.engine) as session:
        (version,) = session.scalars(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - our constant
    yield ok("database", f"{workspace.engine.dialect.name} answers, schema {version}")


def durability(workspace: Workspace) -> Iterator[Finding]:
    """Say whether what is acknowledged survives a power cut, so far as the database's own settings go."""
    kind = workspace.engine.dialect.name
    have = {name: _setting(workspace.engine, name) for name in _DURABLE[kind]}
    wrong = {name: value for name, value in have.items() if value != _DURABLE[kind][name]}
    said = ", ".join(f"{name} {value}" for name, value in (wrong or have).items())
    yield Finding("durability", State.FAILED, f"{said}: {_MEND[kind]}") if wrong else ok("durability", said)


def ledger(workspace: Workspace) -> Iterator[Finding]:
    """Verify the whole ledger against its checkpoints and the copy of the newest one."""
    key = workspace.ledger.public_vkey
    copy = CheckpointCopy(workspace.root / "checkpoints" / "latest.txt", key)
    report = verify_ledger(workspace.engine, key, None, copy, witnessed(workspace.root, key))
    states = {"VERIFIED": State.OK, "UNANCHORED": State.WATCH}
    yield Finding("ledger", states.get(report.verdict, State.FAILED), report.why)
    why = workspace.ledger.contradiction()
    if why:
        yield Finding("ledger", State.FAILED, f"read-only: {why}")


def witnesses(workspace: Workspace) -> Iterator[Finding]:
    """Say how long the ledger's tail has been without witnesses."""
    found = tail(workspace)
    if found is None:
        says = "none is asked for: whoever holds the log key can rewrite the ledger unseen; adopt a witness policy"
        yield Finding("witnesses", State.WATCH, says)
    elif not found.events:
        yield ok("witnesses", "a quorum has cosigned every event")
    else:
        minutes = max(0, int(found.age.total_seconds() // 60))
        says = f"{found.events} events are unanchored, the first since {minutes} minutes: overread audit witness ask"
        late = minutes > 2 * workspace.settings.witness.every_minutes
        yield Finding("witnesses", State.WATCH, says) if late else ok("witnesses", says)


def segments(workspace: Workspace) -> Iterator[Finding]:
    """Hash every segment of observations."""
    garbage = workspace.tables.startup_check()
    says = "every referenced segment is there with its bytes" + (f"; {len(garbage)} unreferenced" if garbage else "")
    yield ok("segments", says)


def objects(workspace: Workspace) -> Iterator[Finding]:
    """Hash every object that the record names: cohorts, evaluations, monitor runs, reports, appendices, alerts."""
    with reading(workspace.engine) as session:
        named = {digest for column in _DIGESTS for digest in session.scalars(select(column))}
        pages = session.scalars(select(LedgerEntry.seq).where(LedgerEntry.type == "appendix.issued")).all()
    payloads = [workspace.ledger.payload(seq) for seq in pages]
    named |= {payload["digest"] for payload in payloads if payload is not None}
    broken = [digest for digest in sorted(named) if not _is_whole(workspace, digest)]
    if broken:
        says = f"{len(broken)} of {len(named)} are missing or changed ({broken[0][:19]}…): restore them from a backup"
        yield Finding("objects", State.FAILED, says)
    else:
        yield ok("objects", f"{len(named)} named objects are there with their bytes")


def _is_whole(workspace: Workspace, digest: str) -> bool:
    try:
        workspace.objects.get(digest)
    except ArtifactChangedError:
        return False
    return True


def _setting(engine: Engine, name: str) -> str:
    word = "PRAGMA" if engine.dialect.name == "sqlite" else "SHOW"
    with engine.connect() as connection:
        return str(connection.execute(text(f"{word} {name}")).scalar())
