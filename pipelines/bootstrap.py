"""The composition root: settings to adapters. The command line, Dagster, the web and the tests all go through it."""

import os
import secrets
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, inspect

from pipelines.settings import FILE_NAME, Settings, check_url, standard
from pipelines.telemetry import telemetry_off
from registry.catalogue import Catalogue, Seal
from registry.cohorts import Cohorts
from registry.count_index import CountIndex
from registry.count_seal import Seals
from registry.database import migrate, open_database, server_url
from registry.day_counts import DayCounts
from registry.domain.errors import NotAllowedError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import LOCAL_ADMINISTRATOR, Actor, actor_record
from registry.domain.ports import Clock, ModelStore
from registry.domain.pseudonym import KEY_BYTES, Pseudonymizer
from registry.gate import ServingGate
from registry.ledger.clock_watch import ClockWatch
from registry.ledger.disk_reserve import DiskReserve
from registry.ledger.log_key import LogKey
from registry.ledger.store import Ledger
from registry.lifecycle import Lifecycle
from registry.models import MlflowModels
from registry.objects import FileObjects, keep_files_private, write_durably
from registry.people import People
from registry.schedules import Schedules
from registry.sessions import current_actor
from registry.tables import ObservationTables
from registry.tasks import Tasks
from registry.tickets import Tickets
from registry.version import __version__


class SystemClock:
    """The system's clock, in UTC."""

    def now(self) -> datetime:
        """Return the present instant."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class Workspace:
    """Everything that a use case needs."""

    root: Path
    settings: Settings
    engine: Engine
    clock: Clock
    ledger: Ledger
    objects: FileObjects
    tables: ObservationTables
    day_counts: DayCounts
    count_index: CountIndex
    catalogue: Catalogue
    cohorts: Cohorts
    people: People
    lifecycle: Lifecycle
    models: ModelStore
    gate: ServingGate
    pseudonyms: Pseudonymizer
    seal: Seal
    schedules: Schedules
    tasks: Tasks
    tickets: Tickets
    actor: Actor
    log_key: LogKey


def init_workspace(root: Path, clock: Clock | None = None, *, database: str = "") -> Workspace:
    """Make a workspace: settings, keys, database, folders; the first event of its ledger.

    Args:
        root: the folder.
        clock: tells the time; the system's unless given.
        database: URL of the record's database, empty and without a password; SQLite in the folder unless given.

    Raises:
        UsageError: when the folder already is a workspace, the URL has a password, or its database is not empty.
        ServiceUnreachableError: when the database does not answer.
    """
    check_url(database, "--database")
    if database:
        _require_empty(database)
    if (root / FILE_NAME).exists():
        raise UsageError("this folder is a workspace already", where=str(root), mend="choose another folder")
    keep_files_private()
    (root / "keys").mkdir(parents=True, exist_ok=True, mode=0o700)
    root.chmod(0o700)
    write_durably(root / "keys" / "pseudonym.key", secrets.token_bytes(KEY_BYTES))
    LogKey.make(root / "keys" / "ledger.pem")
    write_durably(root / FILE_NAME, standard(database).encode())
    workspace = open_workspace(root, clock, fresh=True, client="overread init")
    with workspace.ledger.transaction() as tx:
        tx.append(
            EventDraft(
                "workspace.created",
                actor_record(LOCAL_ADMINISTRATOR),
                (Subject("workspace", workspace.ledger.head().origin),),
                {"version": __version__},
            ),
        )
    return workspace


def _require_empty(url: str) -> None:
    """Refuse a database that holds tables already: another workspace's record is never written into."""
    engine = open_database(server_url(url))
    tables = inspect(engine).get_table_names()
    engine.dispose()
    if tables:
        raise UsageError("the database is not empty", where=engine.url.render_as_string(), mend="make a new one")


def find_workspace(start: Path | None) -> Path:
    """Return the given workspace, `OVERREAD_WORKSPACE`, or the nearest folder upwards that holds `overread.toml`.

    Raises:
        UsageError: when there is none.
    """
    named = start or (Path(os.environ["OVERREAD_WORKSPACE"]) if os.environ.get("OVERREAD_WORKSPACE") else None)
    candidates = [named] if named else [Path.cwd(), *Path.cwd().parents]
    for folder in candidates:
        if (folder / FILE_NAME).is_file():
            return folder.resolve()
    where = str(named) if named else str(Path.cwd())
    raise UsageError("no workspace here", where=where, mend="make one with: overread init DIR")


def open_workspace(
    root: Path,
    clock: Clock | None = None,
    *,
    fresh: bool = False,
    actor: Actor | None = None,
    ticket: tuple[str, str] = ("", ""),
    client: str = "python",
) -> Workspace:
    """Open a workspace: read settings, migrate the database, build the adapters.

    Args:
        root: the folder that holds `overread.toml`.
        clock: tells the time; the system's unless given.
        fresh: whether the ledger may be empty (only while the workspace is made).
        actor: who acts; the logged-in person, else unauthenticated local use, unless given.
        ticket: a background run's ticket and its job; with one, its person acts.
        client: by what the record is reached, such as a command; events tell it.

    Raises:
        NotAllowedError: when a key of the workspace is missing, or the ticket is over or of another job.
        SignatureBrokenError: when the ticket was not made with this workspace's key.
    """
    telemetry_off()
    keep_files_private()
    settings = Settings.read(root / FILE_NAME)
    clock = clock or SystemClock()
    key = _pseudonym_key(root)
    DiskReserve(root).keep()
    engine = open_database(settings.database_url(root))
    migrate(engine)
    log_key = _log_key(root)
    ledger = _ledger(root, engine, clock, log_key, client)
    objects = FileObjects(root / "objects")
    seal = Seal(key)
    people = People(ledger, root / "keys" / "persons", clock, seal, require_totp=settings.people.require_totp)
    lifecycle = Lifecycle(ledger, people, objects, clock)
    models = MlflowModels(root / "mlflow", settings.mlflow_url(root))
    tickets = Tickets(log_key, ledger, people, clock)
    if ticket[0]:
        actor = tickets.actor(*ticket)
    return Workspace(
        root=root,
        settings=settings,
        engine=engine,
        clock=clock,
        ledger=ledger,
        objects=objects,
        tables=ObservationTables(ledger, root / "segments", engine),
        day_counts=DayCounts(ledger, objects),
        count_index=CountIndex(engine, Seals(ledger)),
        catalogue=Catalogue(engine),
        cohorts=Cohorts(ledger, objects),
        people=people,
        lifecycle=lifecycle,
        models=models,
        gate=ServingGate(ledger, lifecycle, people, models, root),
        pseudonyms=Pseudonymizer(key, settings.workspace.project),
        seal=seal,
        schedules=Schedules(ledger, clock),
        tasks=Tasks(ledger, clock),
        tickets=tickets,
        actor=actor or (LOCAL_ADMINISTRATOR if fresh else current_actor(root, people, clock, log_key)),
        log_key=log_key,
    )


def _pseudonym_key(root: Path) -> bytes:
    place = root / "keys" / "pseudonym.key"
    if not place.is_file():
        raise NotAllowedError(
            "the pseudonym key is missing", where="keys/pseudonym.key", mend="restore it from its backup"
        )
    return place.read_bytes()


def _log_key(root: Path) -> LogKey:
    place = root / "keys" / "ledger.pem"
    if not place.is_file():
        raise NotAllowedError("the ledger's key is missing", where="keys/ledger.pem", mend="restore it from its backup")
    return LogKey.load(place)


def _ledger(root: Path, engine: Engine, clock: Clock, key: LogKey, client: str) -> Ledger:
    service = {"name": "overread", "version": __version__, "client": client, "host": socket.gethostname()}
    checkpoints = root / "checkpoints"
    watch = ClockWatch(checkpoints / "clock.json") if isinstance(clock, SystemClock) else None
    outside = (checkpoints / "latest.txt", checkpoints / "witnessed")
    return Ledger(engine, key, clock, service, *outside, watch, DiskReserve(root))
