"""Power cuts: no acknowledged event is lost; with `synchronous=NORMAL`, the negative control, some are."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ledgers import fill, open_ledger

from registry.database import open_database
from registry.ledger.log_key import LogKey
from registry.ledger.verify import verify_ledger
from registry.schema import LedgerEntry

TESTS = Path(__file__).parents[2]
ROUNDS, SECONDS = 30, 1.0
HAS_FUSE = Path("/dev/fuse").exists() and shutil.which("fusermount3") and importlib.util.find_spec("mfusepy")
WRITER = """
import sys
from fakes import FakeClock
from ledgers import SERVICE, site_registered
from sqlalchemy import event
from pathlib import Path
from registry.database import open_database
from registry.ledger.log_key import LogKey
from registry.ledger.store import Ledger
engine = open_database(sys.argv[1])
if sys.argv[3] == "NORMAL":
    event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=NORMAL"))
ledger = Ledger(engine, LogKey.load(Path(sys.argv[2])), FakeClock(), SERVICE)
number = 0
while True:
    with ledger.transaction() as transaction:
        found = transaction.append(site_registered(number % 50))
    sys.stdout.write(f"{found.seq} {found.record['id']}\\n")
    sys.stdout.flush()
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not HAS_FUSE, reason="NOT RUN: needs /dev/fuse, fusermount3 and mfusepy"),
]


@contextmanager
def forgetful(mountpoint: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Mount the file system that forgets."""
    mountpoint.mkdir()
    server = subprocess.Popen([sys.executable, str(TESTS / "power_cut.py"), str(mountpoint)])
    deadline = time.monotonic() + 20
    while not mountpoint.is_mount():
        assert time.monotonic() < deadline, "the file system did not mount"
        time.sleep(0.05)
    try:
        yield server
    finally:
        subprocess.run(["fusermount3", "-u", "-z", str(mountpoint)], check=True)
        server.wait(timeout=20)


def cut_once(folder: Path, synchronous: str) -> tuple[int, int, str]:
    """Write until the power fails; return how many events were acknowledged, how many of them lost, and the verdict."""
    key_file, mountpoint = folder / "log.pem", folder / "disk"
    key = LogKey.make(key_file)
    with forgetful(mountpoint) as server:
        url = f"sqlite:///{mountpoint}/record.db"
        ledger = open_ledger(url, key)
        fill(ledger, [1])
        ledger.engine.dispose()
        environment = dict(os.environ) | {"PYTHONPATH": f"{TESTS.parent}:{TESTS}"}
        command = [sys.executable, "-c", WRITER, url, str(key_file), synchronous]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(SECONDS)
        writer.kill()
        acknowledged = (first + writer.communicate()[0]).splitlines()
        server.send_signal(signal.SIGUSR1)
        time.sleep(0.2)
        shutil.copytree(mountpoint, folder / "after")
    (folder / "after" / "record.db-shm").unlink(missing_ok=True)
    engine = open_database(f"sqlite:///{folder}/after/record.db")
    report = verify_ledger(engine, key.public_vkey)
    with engine.connect() as connection:
        rows = connection.execute(LedgerEntry.__table__.select())
        stored = {f"{row.seq} {row.event_id}" for row in rows}
    engine.dispose()
    return len(acknowledged), len(set(acknowledged) - stored), report.verdict


def rounds(folder: Path, number: int, synchronous: str) -> list[tuple[int, int, str]]:
    found = []
    for count in range(number):
        place = folder / str(count)
        place.mkdir()
        found.append(cut_once(place, synchronous))
    print(synchronous, "acknowledged", sum(one[0] for one in found), "lost", sum(one[1] for one in found), found)  # noqa: T201 - the figures of the campaign
    return found


def test_no_acknowledged_event_is_lost_in_thirty_power_cuts(tmp_path: Path) -> None:
    found = rounds(tmp_path, ROUNDS, "FULL")
    assert [lost for _, lost, _ in found] == [0] * ROUNDS
    assert {verdict for *_, verdict in found} == {"VERIFIED"}
    assert sum(acknowledged for acknowledged, *_ in found) > ROUNDS


def test_without_full_syncs_the_same_cuts_lose_events(tmp_path: Path) -> None:
    found = rounds(tmp_path, 5, "NORMAL")
    assert all(lost > 0 for _, lost, _ in found)
    assert {verdict for *_, verdict in found} == {"VERIFIED"}
