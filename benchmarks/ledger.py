"""The ledger against its limits, in one run: appending, verifying, proving, finding what was tampered with.

Run: python benchmarks/ledger.py [EVENTS]. Prints medians of interleaved rounds; the ratios are the claim. What each
row does not measure is said beside it: the peer of L1 is our own code in its slowest use, not another product.
"""

import hashlib
import math
import random
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from registry.database import migrate, open_database
from registry.domain.event import EventDraft, Subject
from registry.domain.person import LOCAL_ADMINISTRATOR, actor_record
from registry.ledger.levels import MerkleLevels
from registry.ledger.log_key import LogKey
from registry.ledger.merkle import Frontier, leaf_hash, verify_consistency, verify_inclusion
from registry.ledger.store import Ledger
from registry.ledger.verify import verify_ledger

ROUNDS = 5
BATCH = 1000
KEY = LogKey.generate()
ACTOR = actor_record(LOCAL_ADMINISTRATOR)
Rows = tuple[list[tuple[object, ...]], list[tuple[object, ...]]]


class Now:
    """The system's clock."""

    def now(self) -> datetime:
        """Return the present instant."""
        return datetime.now(UTC)


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def new_ledger(folder: Path, name: str) -> Ledger:
    """Make an empty ledger in a file."""
    engine = open_database(f"sqlite:///{folder / name}")
    migrate(engine)
    return Ledger(engine, KEY, Now(), {"name": "overread", "version": "0"})


def append(ledger: Ledger, events: int, batch: int) -> None:
    """Append events in batches of that many a transaction."""
    for start in range(0, events, batch):
        with ledger.transaction() as tx:
            for number in range(start, min(start + batch, events)):
                payload = {"site": f"site-{number}", "time_zone": "UTC"}
                tx.append(EventDraft("site.registered", ACTOR, (Subject("site", f"site-{number}"),), payload))


def raw_insert(folder: Path, name: str, rows: Rows) -> None:
    """Insert the same rows of both tables by `sqlite3` alone: no hashing, no canonical JSON, no signature."""
    entries, payloads = rows
    with sqlite3.connect(folder / name) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("CREATE TABLE e (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, type TEXT, at TEXT, data BLOB)")
        raw.execute("CREATE TABLE p (seq INTEGER PRIMARY KEY, salt BLOB, payload BLOB, erased_at TEXT)")
    for start in range(0, len(entries), BATCH):
        with raw:
            raw.executemany("INSERT INTO e VALUES (?, ?, ?, ?, ?)", entries[start : start + BATCH])
            raw.executemany("INSERT INTO p VALUES (?, ?, ?, ?)", payloads[start : start + BATCH])
    raw.close()


def appending(folder: Path, events: int) -> None:
    """L1: batches of 1,000 against one transaction an event, and against the same rows by `sqlite3` alone."""
    single, batched, raw = [], [], []
    few = max(1, events // 50)
    for number in range(ROUNDS):
        one, many = new_ledger(folder, f"one-{number}.db"), new_ledger(folder, f"many-{number}.db")
        single.append(few / seconds(partial(append, one, few, 1)))
        batched.append(events / seconds(partial(append, many, events, BATCH)))
        with many.engine.connect() as connection:
            tables = ("ledger_entries", "ledger_payloads")
            found = [connection.exec_driver_sql(f"SELECT * FROM {table}").all() for table in tables]
        rows = ([tuple(row) for row in found[0]], [tuple(row) for row in found[1]])
        raw.append(events / seconds(partial(raw_insert, folder, f"raw-{number}.db", rows)))
        one.engine.dispose()
        many.engine.dispose()
    mine, slow, limit = (statistics.median(found) for found in (batched, single, raw))
    print(f"L1 append: {mine:,.0f} events/s in batches of 1,000; one a transaction {slow:,.0f}; sqlite3 {limit:,.0f}")
    print(f"   ratio to one a transaction {mine / slow:.1f}; to sqlite3 alone {mine / limit:.2f}")


def verifying(folder: Path, events: int) -> None:
    """L2: the tree alone and the whole check, against reading and hashing the same bytes to the same root."""
    ledger = new_ledger(folder, "verify.db")
    append(ledger, events, 5000)
    with ledger.engine.connect() as connection:
        data = [row[0] for row in connection.exec_driver_sql("SELECT data FROM ledger_entries ORDER BY seq")]
    whole, tree, leaves = [], [], []
    for _ in range(ROUNDS):
        whole.append(events / seconds(lambda: verify_ledger(ledger.engine, KEY.public_vkey)))
        tree.append(events / seconds(lambda: read_root(folder / "verify.db", ledger.head().root)))
        leaves.append(events / seconds(lambda: [leaf_hash(one) for one in data]))
    mine, limit, bare = (statistics.median(found) for found in (whole, tree, leaves))
    print(f"L2 verify {events:,}, every event, column and payload: {mine:,.0f} events/s")
    print(f"   bytes read and hashed to the root {limit:,.0f}; ratio {mine / limit:.2f}")
    print(f"   leaves hashed in memory {bare:,.0f}; the root alone {limit / bare:.2f} of it, all {mine / bare:.3f}")
    ledger.engine.dispose()


def read_root(place: Path, expected: bytes) -> None:
    """Read every event's bytes by `sqlite3` alone and hash them to the root: what no check can do without."""
    frontier = Frontier()
    connection = sqlite3.connect(place)
    for row in connection.execute("SELECT data FROM ledger_entries ORDER BY seq"):
        frontier.append(leaf_hash(row[0]))
    connection.close()
    if frontier.root() != expected:
        raise SystemExit("the root differs")


def proving() -> None:
    """L3: both proofs and their checks at 10^6 leaves against hashing the chain anew; growth from 10^4."""
    small, _ = proof_seconds(10**4)
    large, chain = proof_seconds(10**6)
    growth = math.log(large / small) / math.log(100)
    print(f"L3 inclusion and consistency, proved and checked at 10^6 leaves, the tree in memory: {large * 1e6:.0f} us")
    print(f"   the chain anew {chain:.2f} s; ratio {chain / large:,.0f}; exponent 10^4 to 10^6 {growth:.2f}")
    for size in (10**4, 10**6):
        inclusion, consistency = proof_hashes(size)
        print(f"   the longest proofs at {size:,}: {inclusion} and {consistency} hashes of 32 bytes")


def proof_seconds(size: int) -> tuple[float, float]:
    """Return the time of a pair of proofs with their checks, and of hashing a chain of that length anew."""
    leaves = [hashlib.sha256(number.to_bytes(8, "big")).digest() for number in range(size)]
    tree, old = MerkleLevels(leaves), size // 3
    root, old_root = tree.root(), tree.root(old)
    places = random.Random(1).sample(range(size), 200)

    def prove() -> None:
        for place in places:
            held = verify_inclusion(leaves[place], place, size, tree.inclusion(place, size), root)
            if not held or not verify_consistency(old, old_root, size, root, tree.consistency(old, size)):
                raise SystemExit("a proof does not hold")

    took = statistics.median(seconds(prove) / len(places) for _ in range(ROUNDS))
    return took, statistics.median(seconds(lambda: chained(leaves)) for _ in range(3))


def proof_hashes(size: int) -> tuple[int, int]:
    """Return the length of the longest inclusion and consistency proof among 2,000 of each, in hashes."""
    tree, draw = MerkleLevels(bytes(32) for _ in range(size)), random.Random(2)
    places = [draw.randrange(1, size) for _ in range(2000)]
    inclusion = max(len(tree.inclusion(place, size)) for place in (0, *places, size - 1))
    return inclusion, max(len(tree.consistency(place, size)) for place in places)


def chained(leaves: list[bytes]) -> bytes:
    """Hash a plain chain from its start: what a proof of one event costs without a tree."""
    state = b""
    for leaf in leaves:
        state = hashlib.sha256(state + leaf).digest()
    return state


def tampering(folder: Path) -> None:
    """L4: flip, drop, swap and truncate at every position of a ledger of 60 events."""
    size, found, tried = 60, 0, 0
    ledger = new_ledger(folder, "tampered.db")
    append(ledger, size, 7)
    newest = ledger.latest_checkpoint()
    if newest is None:
        raise SystemExit("the ledger has no checkpoint")
    connection = sqlite3.connect(folder / "tampered.db", isolation_level=None)
    rows = connection.execute("SELECT seq, data FROM ledger_entries ORDER BY seq").fetchall()
    for seq in range(size):
        for act in ("flip", "drop", "swap", "truncate"):
            tried += 1
            found += tampered(ledger, connection, rows, (seq, act), newest.note)
    print(f"L4 tampering: {found} of {tried} found (flip, drop, swap, truncate at each of {size} positions)")


def tampered(
    ledger: Ledger, connection: sqlite3.Connection, rows: list[tuple[int, bytes]], what: tuple[int, str], note: str
) -> bool:
    """Tamper with one row, say whether the check finds it, and put everything back."""
    seq, act = what
    kept = connection.execute("SELECT * FROM ledger_entries").fetchall()
    other = (seq + 1) % len(rows)
    if act == "flip":
        data = bytearray(rows[seq][1])
        data[len(data) // 2] ^= 1
        connection.execute("UPDATE ledger_entries SET data = ? WHERE seq = ?", (bytes(data), seq))
    elif act == "swap":
        connection.execute("UPDATE ledger_entries SET data = ? WHERE seq = ?", (rows[other][1], seq))
        connection.execute("UPDATE ledger_entries SET data = ? WHERE seq = ?", (rows[seq][1], other))
    else:
        connection.execute(f"DELETE FROM ledger_entries WHERE seq {'=' if act == 'drop' else '>='} ?", (seq,))
    verdict = verify_ledger(ledger.engine, KEY.public_vkey, note).verdict
    connection.execute("DELETE FROM ledger_entries")
    connection.executemany("INSERT INTO ledger_entries VALUES (?, ?, ?, ?, ?)", kept)
    return verdict == "BROKEN"


def main() -> None:
    """Run all four."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with TemporaryDirectory() as folder:
        appending(Path(folder), events)
        verifying(Path(folder), 10 * events)
        proving()
        tampering(Path(folder))


if __name__ == "__main__":
    main()
