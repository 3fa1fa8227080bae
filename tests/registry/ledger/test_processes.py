import subprocess
import sys
from pathlib import Path

from ledgers import open_ledger

from registry.ledger.log_key import LogKey
from registry.ledger.verify import verify_ledger

PROCESSES, EVENTS = 4, 5
PROGRAM = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[2]]
from fakes import FakeClock
from ledgers import SERVICE, fill
from registry.database import open_database
from registry.ledger.log_key import LogKey
from registry.ledger.store import Ledger
folder = Path(sys.argv[3])
engine = open_database(sys.argv[4])
fill(Ledger(engine, LogKey.load(folder / "log.pem"), FakeClock(), SERVICE, folder / "checkpoint.txt"), [1] * 5)
"""


def test_processes_append_without_gap(url: str, tmp_path: Path) -> None:
    key = LogKey.make(tmp_path / "log.pem")
    ledger = open_ledger(url, key)
    tests = Path(__file__).parents[2]
    command = [sys.executable, "-c", PROGRAM, str(tests.parent), str(tests), str(tmp_path), url]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(PROCESSES)]
    assert [(process.communicate(timeout=120)[1], process.returncode) for process in running] == [(b"", 0)] * PROCESSES
    saved = (tmp_path / "checkpoint.txt").read_text("utf-8")
    report = verify_ledger(ledger.engine, key.public_vkey, saved)
    assert (report.verdict, report.size) == ("VERIFIED", PROCESSES * EVENTS)
    ledger.engine.dispose()
