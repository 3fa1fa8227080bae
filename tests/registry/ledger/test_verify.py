"""Each attack on a ledger of eight events: what the check must say, and of which event."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from fakes import FakeClock
from ledgers import ACTOR, SERVICE, fill, open_ledger
from sqlalchemy import text

from registry.database import open_database, writing
from registry.domain.canonical import canonical_bytes
from registry.domain.errors import ServiceUnreachableError, UnreadableFileError
from registry.domain.event import parse_event
from registry.ledger.log_key import LogKey
from registry.ledger.merkle import Frontier, leaf_hash
from registry.ledger.note import MalformedNoteError
from registry.ledger.report import LedgerReport
from registry.ledger.store import Ledger
from registry.ledger.verify import verify_ledger
from registry.schema import CohortRow

KEY, THIEF = LogKey.generate(), LogKey.generate()
BATCHES = (1, 1, 3, 1, 1, 1)
SIZE = sum(BATCHES)


@dataclass
class Attacked:
    """A ledger of eight events whose file somebody may edit."""

    ledger: Ledger
    place: Path
    saved: str

    def run(self, statement: str, values: Sequence[object] = ()) -> None:
        with sqlite3.connect(self.place) as raw:
            raw.execute(statement, values)
        raw.close()

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        with sqlite3.connect(self.place) as raw:
            found = raw.execute(statement).fetchall()
        raw.close()
        return found

    def data(self, seq: int) -> bytes:
        found = self.rows(f"SELECT data FROM ledger_entries WHERE seq = {seq}")[0][0]
        assert isinstance(found, bytes)
        return found

    def rewrite(self, seq: int, **fields: object) -> None:
        record = dict(parse_event(self.data(seq)).record) | fields
        self.run("UPDATE ledger_entries SET data = ? WHERE seq = ?", (canonical_bytes(record), seq))

    def shift(self, start: int, step: int) -> None:
        """Renumber the rows from `start` on, columns alone."""
        order = "DESC" if step > 0 else "ASC"
        for table in ("ledger_entries", "ledger_payloads"):
            for (seq,) in self.rows(f"SELECT seq FROM {table} WHERE seq >= {start} ORDER BY seq {order}"):
                self.run(f"UPDATE {table} SET seq = seq + ? WHERE seq = ?", (step, seq))

    def sign_anew(self, key: LogKey, name: str | None = None) -> None:
        """Make head and checkpoints fit the entries as they are now, as whoever holds `key` can."""
        self.run("DELETE FROM ledger_checkpoints")
        frontier = Frontier()
        signer = LogKey(name or key.name, key.private_key)
        for (data,) in self.rows("SELECT data FROM ledger_entries ORDER BY seq"):
            frontier.append(leaf_hash(bytes(data)))  # type: ignore[arg-type]
            note = signer.sign(frontier.size, frontier.root())
            self.run("INSERT INTO ledger_checkpoints VALUES (?, ?, '')", (frontier.size, note))
        self.run("UPDATE ledger_head SET size = ?, frontier = ?", (frontier.size, frontier.to_bytes()))

    def cut(self, keep: int) -> None:
        for table in ("ledger_entries", "ledger_payloads"):
            self.run(f"DELETE FROM {table} WHERE seq >= ?", (keep,))

    def verify(self, saved: str | None = None, vkey: str = KEY.public_vkey) -> LedgerReport:
        return verify_ledger(self.ledger.engine, vkey, saved)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a ledger of eight events, made once."""
    place = tmp_path_factory.mktemp("template") / "record.db"
    ledger = open_ledger(f"sqlite:///{place}", KEY)
    fill(ledger, BATCHES)
    ledger.engine.dispose()
    return place


@pytest.fixture
def attacked(template: Path, tmp_path: Path) -> Iterator[Attacked]:
    place = Path(shutil.copy(template, tmp_path / "record.db"))
    clock = FakeClock()
    clock.advance(hours=1)
    ledger = Ledger(open_database(f"sqlite:///{place}"), KEY, clock, SERVICE)
    newest = ledger.latest_checkpoint()
    assert newest is not None
    yield Attacked(ledger, place, newest.note)
    ledger.engine.dispose()


def test_an_untouched_ledger_is_verified_to_its_own_checkpoint_with_a_warning(attacked: Attacked) -> None:
    report = attacked.verify()
    assert (report.verdict, report.size, report.anchored_to, report.anchor) == ("VERIFIED", 8, 8, "own checkpoint")
    assert report.root == attacked.ledger.head().root.hex()
    assert "cannot be seen" in report.warnings[0]


def test_a_saved_checkpoint_anchors_the_ledger_outside(attacked: Attacked) -> None:
    report = attacked.verify(attacked.saved)
    assert (report.verdict, report.anchored_to, report.anchor) == ("VERIFIED", 8, "outside checkpoint")
    assert report.warnings == ()


def test_what_came_after_the_saved_checkpoint_rests_on_the_own_ones_and_says_so(attacked: Attacked) -> None:
    fill(attacked.ledger, [2])
    report = attacked.verify(attacked.saved)
    assert (report.verdict, report.size, report.anchored_to) == ("VERIFIED", 10, 8)
    assert report.warnings == ("the events 8 to 9 are covered by the ledger's own checkpoints alone",)


def test_a_report_is_json(attacked: Attacked) -> None:
    report = attacked.verify()
    assert json.loads(canonical_bytes(report.to_json())) == report.to_json()


@dataclass(frozen=True)
class Attack:
    """What somebody does, at which event the check must place it, and a word of what it must say."""

    act: Callable[[Attacked], None]
    broken_at: int | None
    why: str


def flip_byte(attacked: Attacked) -> None:
    data = bytearray(attacked.data(5))
    data[10] ^= 1
    attacked.run("UPDATE ledger_entries SET data = ? WHERE seq = 5", (bytes(data),))


def swap(attacked: Attacked) -> None:
    for source, target in ((2, 99), (3, 2), (99, 3)):
        attacked.run("UPDATE ledger_entries SET seq = ? WHERE seq = ?", (target, source))


def swap_with_payloads(attacked: Attacked) -> None:
    swap(attacked)
    for source, target in ((2, 99), (3, 2), (99, 3)):
        attacked.run("UPDATE ledger_payloads SET seq = ? WHERE seq = ?", (target, source))


def delete_and_close_the_gap(attacked: Attacked) -> None:
    attacked.run("DELETE FROM ledger_entries WHERE seq = 3")
    attacked.run("DELETE FROM ledger_payloads WHERE seq = 3")
    attacked.shift(4, -1)


def insert_row(attacked: Attacked) -> None:
    attacked.shift(5, 1)
    attacked.run("INSERT INTO ledger_entries SELECT 5, 'x', type, at, data FROM ledger_entries WHERE seq = 4")
    attacked.run("INSERT INTO ledger_payloads SELECT 5, salt, payload, NULL FROM ledger_payloads WHERE seq = 4")


def forge_with_another_key(attacked: Attacked) -> None:
    attacked.rewrite(1, reason="forged")
    attacked.sign_anew(THIEF, KEY.name)


def cut_and_forge_the_head(attacked: Attacked) -> None:
    frontier = Frontier()
    for seq in range(6):
        frontier.append(leaf_hash(attacked.data(seq)))
    attacked.cut(6)
    attacked.run("UPDATE ledger_head SET size = 6, frontier = ?", (frontier.to_bytes(),))


def edit_twice(attacked: Attacked) -> None:
    attacked.run("UPDATE ledger_entries SET type = 'x' WHERE seq = 4")
    attacked.rewrite(0, reason="other")


def run(*statements: str) -> Callable[[Attacked], None]:
    return lambda attacked: [attacked.run(statement) for statement in statements] and None


ATTACKS = {
    "edited byte": Attack(flip_byte, 5, "bytes"),
    "edited to other canonical bytes": Attack(lambda attacked: attacked.rewrite(5, reason="other"), 5, "signs"),
    "edited inside a batch": Attack(lambda attacked: attacked.rewrite(3, reason="other"), 2, "events 2 to 4"),
    "edited to an unknown type": Attack(lambda attacked: attacked.rewrite(5, type="site.invented"), 5, "bytes"),
    "bytes turned into text": Attack(run("UPDATE ledger_entries SET data = 'x' WHERE seq = 5"), 5, "bytes"),
    "edited column: type": Attack(run("UPDATE ledger_entries SET type = 'x' WHERE seq = 4"), 4, "columns"),
    "edited column: time": Attack(run("UPDATE ledger_entries SET at = 'x' WHERE seq = 4"), 4, "columns"),
    "edited column: id": Attack(run("UPDATE ledger_entries SET event_id = 'x' WHERE seq = 4"), 4, "columns"),
    "edited payload": Attack(run("UPDATE ledger_payloads SET payload = x'7b7d' WHERE seq = 6"), 6, "commits"),
    "payload turned into text": Attack(run("UPDATE ledger_payloads SET payload = 'x' WHERE seq = 6"), 6, "gone"),
    "edited salt": Attack(run("UPDATE ledger_payloads SET salt = zeroblob(32) WHERE seq = 6"), 6, "commits"),
    "payload deleted": Attack(run("DELETE FROM ledger_payloads WHERE seq = 6"), 6, "missing"),
    "payload blanked": Attack(run("UPDATE ledger_payloads SET payload = NULL WHERE seq = 6"), 6, "salt is gone"),
    "payload erased in silence": Attack(
        run("UPDATE ledger_payloads SET payload = NULL, salt = NULL, erased_at = 'x' WHERE seq = 6"),
        6,
        "no event tells",
    ),
    "two edits": Attack(edit_twice, 0, "signs"),
    "deleted middle row": Attack(run("DELETE FROM ledger_entries WHERE seq = 3"), 3, "missing"),
    "deleted middle row, gap closed": Attack(delete_and_close_the_gap, 3, "columns"),
    "deleted first row": Attack(run("DELETE FROM ledger_entries WHERE seq = 0"), 0, "missing"),
    "reordered rows": Attack(swap, 2, "columns"),
    "reordered rows with their payloads": Attack(swap_with_payloads, 2, "columns"),
    "inserted row": Attack(insert_row, 5, "columns"),
    "row put before the first": Attack(
        run("INSERT INTO ledger_entries SELECT -1, 'x', type, at, data FROM ledger_entries WHERE seq = 0"), 0, "put in"
    ),
    "truncated tail": Attack(lambda attacked: attacked.cut(6), 6, "truncated: the newest checkpoint covers 8"),
    "truncated tail, head forged": Attack(cut_and_forge_the_head, 6, "truncated"),
    "emptied entries": Attack(lambda attacked: attacked.cut(0), 0, "empty"),
    "emptied ledger": Attack(
        lambda attacked: (attacked.cut(0), run("DELETE FROM ledger_checkpoints", "DELETE FROM ledger_head")(attacked))[
            1
        ],
        0,
        "empty",
    ),
    "head deleted": Attack(run("DELETE FROM ledger_head"), None, "head is missing"),
    "second head": Attack(run("INSERT INTO ledger_head VALUES ('x', 8, x'00')"), None, "several heads"),
    "head of another origin": Attack(run("UPDATE ledger_head SET origin = 'x'"), None, "its key"),
    "head forged": Attack(run("UPDATE ledger_head SET frontier = zeroblob(40)"), None, "head is not that"),
    "head made smaller": Attack(run("UPDATE ledger_head SET size = 7"), None, "head is not that"),
    "head made greater": Attack(run("UPDATE ledger_head SET size = 9"), 8, "head counts 9"),
    "head turned into text": Attack(run("UPDATE ledger_head SET size = 'x', frontier = 'x'"), None, "head is not"),
    "checkpoint edited": Attack(
        run("UPDATE ledger_checkpoints SET note = replace(note, '7', '6') WHERE size = 7"), None, "checkpoint of 7"
    ),
    "checkpoint no note": Attack(
        run("UPDATE ledger_checkpoints SET note = x'00' WHERE size = 7"), None, "not a signed"
    ),
    "checkpoint under another size": Attack(
        run("DELETE FROM ledger_checkpoints WHERE size = 7", "UPDATE ledger_checkpoints SET size = 7 WHERE size = 6"),
        None,
        "stands as one of 7",
    ),
    "event rewritten, signed with another key": Attack(forge_with_another_key, None, "signature|no pinned key"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_found_and_placed_and_no_saved_checkpoint_hides_it(attacked: Attacked, name: str) -> None:
    attack = ATTACKS[name]
    attack.act(attacked)
    report = attacked.verify()
    assert (report.verdict, report.broken_at) == ("BROKEN", attack.broken_at), report
    assert any(word in report.why for word in attack.why.split("|")), report.why
    assert (report.anchored_to, report.anchor) == (None, None)
    assert attacked.verify(attacked.saved).verdict == "BROKEN"


def cut_everything(attacked: Attacked) -> None:
    attacked.cut(6)
    attacked.sign_anew(KEY)


def test_a_truncation_with_its_checkpoints_is_seen_only_against_a_saved_one(attacked: Attacked) -> None:
    cut_everything(attacked)
    assert attacked.verify().verdict == "VERIFIED"
    report = attacked.verify(attacked.saved)
    assert (report.verdict, report.broken_at) == ("BROKEN", 6)
    assert "truncated: the saved checkpoint covers 8 events, only 6 are here" in report.why


def test_a_truncation_is_seen_where_a_record_still_names_a_lost_event(attacked: Attacked) -> None:
    with writing(attacked.ledger.engine) as session:
        row = {"name": "a", "digest": "d", "target": "t", "role": "train", "frozen_at": "x", "event_seq": 7}
        session.add(CohortRow(**row))
    cut_everything(attacked)
    report = attacked.verify()
    assert (report.verdict, report.broken_at) == ("BROKEN", 6)
    assert "a row of 'cohorts' refers to event 7" in report.why


def test_a_rewriting_with_the_log_key_is_seen_only_against_a_saved_checkpoint(attacked: Attacked) -> None:
    attacked.rewrite(1, reason="forged")
    attacked.sign_anew(KEY)
    assert attacked.verify().verdict == "VERIFIED"
    report = attacked.verify(attacked.saved)
    assert (report.verdict, report.broken_at) == ("BROKEN", None)
    assert report.why.startswith("rewritten")


def test_events_after_the_newest_checkpoint_are_unanchored(attacked: Attacked) -> None:
    attacked.run("DELETE FROM ledger_checkpoints WHERE size > 5")
    report = attacked.verify()
    assert (report.verdict, report.anchored_to, report.broken_at) == ("UNANCHORED", 5, None)
    assert "5 to 7" in report.why


def test_without_any_checkpoint_nothing_is_anchored(attacked: Attacked) -> None:
    attacked.run("DELETE FROM ledger_checkpoints")
    report = attacked.verify()
    assert (report.verdict, report.anchored_to, report.anchor) == ("UNANCHORED", None, None)
    assert attacked.verify(attacked.saved).verdict == "VERIFIED"


def test_an_erased_payload_that_is_there_again_is_told(attacked: Attacked) -> None:
    (salt, payload), *_ = attacked.rows("SELECT salt, payload FROM ledger_payloads WHERE seq = 2")
    with attacked.ledger.transaction() as transaction:
        transaction.erase_payload(2, ACTOR, "asked for")
    assert attacked.verify().verdict == "VERIFIED"
    attacked.run("UPDATE ledger_payloads SET salt = ?, payload = ?, erased_at = NULL WHERE seq = 2", (salt, payload))
    report = attacked.verify()
    assert report.verdict == "VERIFIED"
    assert "event 2 was erased, yet its payload is here" in report.warnings


def test_the_wrong_key_verifies_nothing(attacked: Attacked) -> None:
    report = attacked.verify(vkey=THIEF.public_vkey)
    assert (report.verdict, report.anchored_to) == ("BROKEN", None)


def test_a_saved_checkpoint_of_another_key_is_an_answer_and_a_text_that_is_none_is_a_wrong_file(
    attacked: Attacked,
) -> None:
    report = attacked.verify(THIEF.sign(8, bytes(32)))
    assert report.verdict == "BROKEN"
    assert report.why.startswith("the saved checkpoint")
    with pytest.raises(UnreadableFileError, match="saved checkpoint"):
        attacked.verify("not a note")
    with pytest.raises(MalformedNoteError):
        attacked.verify(vkey="not a key")


def test_a_database_without_a_ledger_is_broken_and_a_silent_server_is_unreachable(tmp_path: Path) -> None:
    bare = open_database(f"sqlite:///{tmp_path}/bare.db")
    assert verify_ledger(bare, KEY.public_vkey).verdict == "BROKEN"
    (tmp_path / "noise.db").write_bytes(b"no database" * 1000)
    noise = open_database(f"sqlite:///{tmp_path}/noise.db")
    assert verify_ledger(noise, KEY.public_vkey).verdict == "BROKEN"
    with pytest.raises(ServiceUnreachableError):
        verify_ledger(open_database("postgresql://127.0.0.1:9/none?connect_timeout=2"), KEY.public_vkey)


@pytest.mark.postgres
def test_an_edited_event_is_found_on_postgresql(postgres_url: str) -> None:
    ledger = open_ledger(postgres_url, KEY)
    fill(ledger, BATCHES)
    assert verify_ledger(ledger.engine, KEY.public_vkey).verdict == "VERIFIED"
    with ledger.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_entries SET data = set_byte(data, 9, 120) WHERE seq = 5"))
    report = verify_ledger(ledger.engine, KEY.public_vkey)
    assert (report.verdict, report.broken_at) == ("BROKEN", 5)
    ledger.engine.dispose()
