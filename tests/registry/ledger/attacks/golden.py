"""The golden ledger: twenty events of fixed bytes, cosigned at eight and at sixteen by two witnesses.

`python golden.py` writes `golden.json` anew; the tests read the committed file and never make it. Keys here are of
fixed seeds and protect nothing.
"""

import base64
import json
import secrets
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.database import migrate, open_database
from registry.domain.canonical import canonical_bytes
from registry.domain.event import EventDraft, parse_event
from registry.domain.person import LOCAL_ADMINISTRATOR, actor_record
from registry.ledger.anchoring import Witnessed
from registry.ledger.anchors import Anchors
from registry.ledger.cosignature import cosign
from registry.ledger.log_key import LogKey
from registry.ledger.merkle import Frontier, leaf_hash
from registry.ledger.note import COSIGNATURE, VerifierKey
from registry.ledger.policy import WitnessPolicy, parse_policy
from registry.ledger.report import LedgerReport
from registry.ledger.verify import verify_ledger

FILE = Path(__file__).parent / "golden.json"
ACTOR = actor_record(LOCAL_ADMINISTRATOR)
SIZE, SEEN = 20, (8, 16)
LOG = LogKey._of(Ed25519PrivateKey.from_private_bytes(b"golden ledger's key, of no worth"))
THIEF = LogKey._of(Ed25519PrivateKey.from_private_bytes(b"another key of no worth, a thief"))
WITNESSES = {
    "quality.example": Ed25519PrivateKey.from_private_bytes(b"first witness's key, no worth..."),
    "physics.example": Ed25519PrivateKey.from_private_bytes(b"second witness's key, no worth.."),
}
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def vkey_of(name: str) -> str:
    """Return a witness's vkey."""
    return VerifierKey(name, WITNESSES[name].public_key().public_bytes_raw(), COSIGNATURE).to_text()


def policy(quorum: str = "all") -> WitnessPolicy:
    """Return the policy of both witnesses."""
    lines = [f"witness {name} {vkey_of(name)}" for name in WITNESSES]
    return parse_policy("\n".join([*lines, f"group q {quorum} {' '.join(WITNESSES)}", "quorum q", ""]))


@dataclass
class Golden:
    """The golden ledger in a database and a folder that somebody may edit."""

    folder: Path

    @property
    def place(self) -> Path:
        """The database's file."""
        return self.folder / "record.db"

    @property
    def anchors(self) -> Anchors:
        """The cosigned checkpoints."""
        return Anchors(self.folder / "witnessed", LOG.public_vkey)

    def run(self, statement: str, values: Sequence[object] = ()) -> list[Any]:
        """Run SQL as whoever holds the file can."""
        with sqlite3.connect(self.place) as raw:
            found = raw.execute(statement, values).fetchall()
        raw.close()
        return found

    def data(self, seq: int) -> bytes:
        """Return an event's bytes."""
        return bytes(self.run("SELECT data FROM ledger_entries WHERE seq = ?", (seq,))[0][0])

    def put(self, seq: int, data: bytes) -> None:
        """Replace an event's bytes."""
        self.run("UPDATE ledger_entries SET data = ? WHERE seq = ?", (data, seq))

    def rewrite(self, seq: int, **fields: object) -> None:
        """Replace fields of an event, with its columns."""
        record = dict(parse_event(self.data(seq)).record) | fields
        self.put(seq, canonical_bytes(record))
        self.run("UPDATE ledger_entries SET at = ?, type = ? WHERE seq = ?", (record["at"], record["type"], seq))

    def cut(self, keep: int) -> None:
        """Delete the tail, head and checkpoints with it."""
        for statement in (
            "DELETE FROM ledger_entries WHERE seq >= ?",
            "DELETE FROM ledger_payloads WHERE seq >= ?",
            "DELETE FROM ledger_checkpoints WHERE size > ?",
        ):
            self.run(statement, (keep,))
        self.head()

    def head(self) -> Frontier:
        """Make the head fit the entries."""
        frontier = Frontier()
        for (data,) in self.run("SELECT data FROM ledger_entries ORDER BY seq"):
            frontier.append(leaf_hash(bytes(data)))
        self.run("UPDATE ledger_head SET size = ?, frontier = ?", (frontier.size, frontier.to_bytes()))
        return frontier

    def sign_anew(self, key: LogKey, name: str = LOG.name) -> None:
        """Make head and checkpoints fit the entries, as whoever holds `key` can."""
        self.run("DELETE FROM ledger_checkpoints")
        frontier, signer = Frontier(), LogKey(name, key.private_key)
        for (data,) in self.run("SELECT data FROM ledger_entries ORDER BY seq"):
            frontier.append(leaf_hash(bytes(data)))
            note = signer.sign(frontier.size, frontier.root())
            self.run("INSERT INTO ledger_checkpoints VALUES (?, ?, '')", (frontier.size, note))
        self.head()

    def verify(self, quorum: str = "all", *, witnesses: bool = True) -> LedgerReport:
        """Verify it, with what the witnesses cosigned."""
        engine = open_database(f"sqlite:///{self.place}")
        seen = Witnessed(self.anchors, LOG.public_vkey, policy(quorum)) if witnesses else None
        report = verify_ledger(engine, LOG.public_vkey, None, None, seen)
        engine.dispose()
        return report


def load(folder: Path) -> Golden:
    """Lay the committed bytes out in a folder."""
    stored = json.loads(FILE.read_text("utf-8"))
    found = Golden(folder)
    engine = open_database(f"sqlite:///{found.place}")
    migrate(engine)
    engine.dispose()
    for seq, one in enumerate(stored["events"]):
        data, salt, payload = (base64.b64decode(one[key]) for key in ("data", "salt", "payload"))
        record = parse_event(data).record
        row = (seq, record["id"], record["type"], record["at"], data)
        found.run("INSERT INTO ledger_entries VALUES (?, ?, ?, ?, ?)", row)
        found.run("INSERT INTO ledger_payloads VALUES (?, ?, ?, NULL)", (seq, salt, payload))
    for size, note in enumerate(stored["checkpoints"], 1):
        found.run("INSERT INTO ledger_checkpoints VALUES (?, ?, '')", (size, note))
    found.run("INSERT INTO ledger_head VALUES (?, 0, x'00')", (LOG.name,))
    found.head()
    (folder / "witnessed").mkdir()
    for size, note in stored["witnessed"].items():
        (folder / "witnessed" / f"{size}.txt").write_text(note, encoding="utf-8")
    return found


def copied(template: Golden, folder: Path) -> Golden:
    """Return a copy of a laid-out ledger."""
    shutil.copytree(template.folder, folder, dirs_exist_ok=True)
    return Golden(folder)


def make() -> dict[str, Any]:
    """Make the golden ledger anew: new salts, so new bytes."""
    from registry.domain.event import new_event, payload_digest
    from registry.domain.instants import instant_text
    from registry.domain.uuid7 import uuid7

    frontier, events, notes, witnessed = Frontier(), [], [], {}
    for seq in range(SIZE):
        at = START + timedelta(minutes=seq)
        draft = _draft(seq)
        salt, payload = secrets.token_bytes(32), canonical_bytes(dict(draft.payload))
        fixed = {"event_id": uuid7(at), "seq": seq, "at": instant_text(at), "service": {"name": "overread"}}
        data = new_event(draft, payload_digest=payload_digest(salt, payload), **fixed).data  # type: ignore[arg-type]
        values = {"data": data, "salt": salt, "payload": payload}
        events.append({key: base64.b64encode(value).decode() for key, value in values.items()})
        frontier.append(leaf_hash(data))
        note = LOG.sign(frontier.size, frontier.root())
        notes.append(note)
        if frontier.size in SEEN:
            text = note.partition("\n\n")[0] + "\n"
            lines = [cosign(text, name, key, at + timedelta(seconds=30)) for name, key in WITNESSES.items()]
            witnessed[str(frontier.size)] = note + "".join(lines)
    return {"events": events, "checkpoints": notes, "witnessed": witnessed}


def _draft(seq: int) -> EventDraft:
    kinds: tuple[tuple[str, dict[str, Any]], ...] = (
        ("site.registered", {"site": f"site-{seq}", "time_zone": "Europe/Zürich"}),
        ("serving.refused", {"model": "m", "version": "1", "why": "no approval"}),
        ("data.simulated", {"table": "reads", "rows": seq, "seed": 7}),
        ("cohort.refused", {"name": "c", "role": "train", "proof": "x"}),
    )
    kind, payload = kinds[seq % len(kinds)]
    return EventDraft(kind, ACTOR, (), payload, reason=f"reason {seq}")


if __name__ == "__main__":
    FILE.write_text(json.dumps(make(), indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
