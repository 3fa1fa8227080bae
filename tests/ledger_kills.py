"""Writers that are killed at a chosen point of an append, and what is left afterwards.

One process imports everything once and forks a writer for each kill. A writer prints every event that was acknowledged
to it; the parent then holds the ledger against what was printed.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fakes import FakeClock
from ledgers import SERVICE, site_registered
from sqlalchemy import event

import registry.ledger.store as store_module
from registry.database import open_database
from registry.ledger.copy import CheckpointCopy
from registry.ledger.log_key import LogKey
from registry.ledger.store import Ledger
from registry.ledger.transaction import Transaction
from registry.ledger.verify import verify_ledger

PHASES = ("begun", "appended", "inserted", "committing", "committed", "copying", "copied")


@dataclass(frozen=True)
class Outcome:
    """What was left after the kills."""

    kills: int
    acknowledged: int
    lost: int
    doubled: int
    unacknowledged: int
    verdicts: tuple[str, ...]


def die() -> None:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def campaign(folder: Path, kills: int, *, early_ack: bool = False) -> Outcome:
    """Kill writers in every phase in turn, and look after each.

    Args:
        folder: holds the database, the log key and the copy of the newest checkpoint.
        kills: how many.
        early_ack: acknowledge before the commit: the negative control, which must lose events.
    """
    acknowledged: list[str] = []
    verdicts = []
    for number in range(kills):
        phase, events = PHASES[number % len(PHASES)], 1 + number % 4
        said = _killed(folder, phase, events, early_ack=early_ack)
        acknowledged += said
        ledger = opened(folder)
        copy = CheckpointCopy(folder / "checkpoint.txt", ledger.public_vkey)
        verdicts.append(verify_ledger(ledger.engine, ledger.public_vkey, None, copy).verdict)
        ledger.engine.dispose()
    ledger = opened(folder)
    stored = [f"{one.seq} {one.record['id']}" for one in ledger.events(1_000_000)]
    ledger.engine.dispose()
    return Outcome(
        kills,
        len(acknowledged),
        len(set(acknowledged) - set(stored)),
        len(acknowledged) - len(set(acknowledged)) + len(stored) - len(set(stored)),
        len(set(stored) - set(acknowledged)),
        tuple(sorted(set(verdicts))),
    )


def opened(folder: Path) -> Ledger:
    """Open the ledger of a folder."""
    key, clock = LogKey.load(folder / "log.pem"), FakeClock()
    engine = open_database(f"sqlite:///{folder / 'record.db'}")
    return Ledger(engine, key, clock, SERVICE, folder / "checkpoint.txt")


def _killed(folder: Path, phase: str, events: int, *, early_ack: bool) -> list[str]:
    """Fork a writer that dies in a phase of its last event; return what was acknowledged to it."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        with suppress(BaseException):
            _write(folder, phase, events, sink, early_ack=early_ack)
        os._exit(99)
    os.close(sink)
    with os.fdopen(source) as said:
        lines = said.read().splitlines()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"the writer was not killed in phase '{phase}': {status}"
    return lines


def _write(folder: Path, phase: str, events: int, sink: int, *, early_ack: bool) -> None:
    ledger = opened(folder)
    for number in range(events):
        if number == events - 1:
            _arm(ledger, phase)
        with ledger.transaction() as transaction:
            found = transaction.append(site_registered(number))
            if early_ack:
                os.write(sink, f"{found.seq} {found.record['id']}\n".encode())
        if not early_ack:
            os.write(sink, f"{found.seq} {found.record['id']}\n".encode())
    die()


def _arm(ledger: Ledger, phase: str) -> None:
    """Let this process die at a point of its next append."""
    if phase == "begun":
        _die_before(Transaction, "append")
    elif phase == "appended":
        _die_before(Transaction, "seal")
    elif phase == "inserted":
        event.listen(ledger.engine, "after_cursor_execute", _after_insert)
    elif phase == "committing":
        event.listen(ledger.engine, "commit", lambda _: die())
    elif phase == "committed":
        _die_before(CheckpointCopy, "write")
    elif phase == "copying":
        _die_before(Path, "replace")
    else:
        write = CheckpointCopy.write

        def and_die(self: CheckpointCopy, note: str) -> None:
            write(self, note)
            die()

        store_module.CheckpointCopy.write = and_die  # type: ignore[method-assign]


def _after_insert(_connection: object, _cursor: object, statement: str, *_: object) -> None:
    if statement.startswith("INSERT INTO ledger_entries"):
        die()


def _die_before(owner: type, name: str) -> None:
    def dead(*_: object, **__: object) -> None:
        die()

    setattr(owner, name, dead)


def main(words: list[str], run: Callable[..., Outcome] = campaign) -> None:
    """Run a campaign in a folder and print what was left: FOLDER KILLS [early-ack]."""
    found = run(Path(words[0]), int(words[1]), early_ack=len(words) > 2)
    figures = (found.acknowledged, found.lost, found.doubled, found.unacknowledged, *found.verdicts)
    sys.stdout.write(" ".join(map(str, figures)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
