"""Writers in processes of their own, on each kind of server."""

import subprocess
import sys
from pathlib import Path

from ledgers import open_ledger

from registry.ledger.log_key import LogKey
from registry.ledger.verify import verify_ledger

PROCESSES, EVENTS = 8, 5
PROGRAM = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[2]]
from fakes import FakeClock
from ledgers import SERVICE, site_registered
from registry.database import open_database
from registry.ledger.log_key import LogKey
from registry.ledger.store import Ledger
folder, engine = Path(sys.argv[3]), open_database(sys.argv[4])
ledger = Ledger(engine, LogKey.load(folder / "log.pem"), FakeClock(), SERVICE, folder / "checkpoint.txt")
for number in range(int(sys.argv[5])):
    with ledger.transaction() as transaction:
        event = transaction.append(site_registered(number))
    print(event.seq, event.record["id"])  # acknowledged: the transaction is committed
"""


def test_eight_processes_lose_no_event_and_double_none(url: str, tmp_path: Path) -> None:
    key = LogKey.make(tmp_path / "log.pem")
    ledger = open_ledger(url, key)
    tests = Path(__file__).parents[2]
    command = [sys.executable, "-c", PROGRAM, str(tests.parent), str(tests), str(tmp_path), url, str(EVENTS)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, **pipes) for _ in range(PROCESSES)]
    ended = [process.communicate(timeout=120) for process in running]
    assert [error for _, error in ended] == [""] * PROCESSES
    acknowledged = sorted(line for said, _ in ended for line in said.splitlines())
    stored = sorted(f"{event.seq} {event.record['id']}" for event in ledger.events(1000))
    assert acknowledged == stored
    assert len(set(stored)) == PROCESSES * EVENTS
    saved = (tmp_path / "checkpoint.txt").read_text("utf-8")
    report = verify_ledger(ledger.engine, key.public_vkey, saved)
    assert (report.verdict, report.size) == ("VERIFIED", PROCESSES * EVENTS)
    ledger.engine.dispose()
