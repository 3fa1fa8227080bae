"""Attacks on the log itself: mutants of the golden ledger, each with the verdict that it must get.

The keys of MUTANTS begin with the attack's number in docs/explanation/attacks.md.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from golden import FILE, LOG, SEEN, SIZE, START, THIEF, WITNESSES, Golden, copied, load

from registry.domain.canonical import canonical_bytes
from registry.domain.event import parse_event
from registry.ledger.cosignature import cosign
from registry.ledger.log_key import LogKey
from registry.ledger.merkle import leaf_hash
from registry.ledger.note import VerifierKey, signature_line

Act = Callable[[Golden], object]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Golden:
    return load(tmp_path_factory.mktemp("golden"))


@pytest.fixture
def golden(template: Golden, tmp_path: Path) -> Golden:
    return copied(template, tmp_path)


def test_the_golden_ledger_rests_on_its_witnesses_and_its_bytes_never_change(golden: Golden) -> None:
    report = golden.verify()
    assert (report.verdict, report.size, report.anchored_to, report.anchor) == ("UNANCHORED", 20, 16, "witnesses")
    first, second = report.ranges
    assert (first.first, first.last, first.at) == (0, 15, "2026-03-02T09:15:30.000000Z")
    assert first.witnesses == ("physics.example", "quality.example")
    assert (second.first, second.last, second.verdict) == (16, 19, "UNANCHORED")
    assert golden.verify(witnesses=False).verdict == "VERIFIED"
    events = json.loads(FILE.read_text("utf-8"))["events"]
    assert len(events) == SIZE
    assert report.root == json.loads((FILE.parent / "root.json").read_text("utf-8"))


def reorder(golden: Golden) -> None:
    fourth, fifth = golden.data(4), golden.data(5)
    golden.put(4, fifth)
    golden.put(5, fourth)


def insert(golden: Golden) -> None:
    for table in ("ledger_entries", "ledger_payloads"):
        for (seq,) in golden.run(f"SELECT seq FROM {table} WHERE seq >= 5 ORDER BY seq DESC"):
            golden.run(f"UPDATE {table} SET seq = seq + 1 WHERE seq = ?", (seq,))
    golden.run("INSERT INTO ledger_entries SELECT 5, 'x', type, at, data FROM ledger_entries WHERE seq = 4")
    golden.run("INSERT INTO ledger_payloads SELECT 5, salt, payload, NULL FROM ledger_payloads WHERE seq = 4")


def rewrite_with(key: LogKey) -> Act:
    def act(golden: Golden) -> None:
        golden.rewrite(3, reason="forged")
        golden.sign_anew(key)

    return act


def split_view(golden: Golden) -> None:
    """Show a log whose tail before the last cosigned checkpoint is another one's."""
    golden.rewrite(12, outcome="other")
    golden.sign_anew(LOG)


def fork(golden: Golden) -> None:
    """Put the second of two events of the same number in the first one's place, checkpoint of its writer included."""
    golden.rewrite(19, reason="the other writer's")
    golden.head()


def restored(golden: Golden) -> None:
    golden.cut(12)


def as_leaf(golden: Golden) -> None:
    """Give an inner node's two hashes out for a leaf."""
    pair = leaf_hash(golden.data(0)) + leaf_hash(golden.data(1))
    golden.put(0, pair)
    golden.run("DELETE FROM ledger_entries WHERE seq = 1")


def doubled_leaf(golden: Golden) -> None:
    """Repeat the last leaf, which a tree that doubles odd leaves would not notice."""
    golden.run("INSERT INTO ledger_entries SELECT 20, 'x', type, at, data FROM ledger_entries WHERE seq = 19")
    golden.run("INSERT INTO ledger_payloads SELECT 20, salt, payload, NULL FROM ledger_payloads WHERE seq = 19")
    golden.head()


def respelled(spelling: Callable[[bytes], bytes]) -> Act:
    def act(golden: Golden) -> None:
        golden.put(4, spelling(golden.data(4)))

    return act


def doubled_key(data: bytes) -> bytes:
    return data.replace(b'"outcome":', b'"outcome":"forged","outcome":', 1)


def cosignature_as_log(golden: Golden) -> None:
    """Pass a witness's cosignature off as the log's own signature."""
    note = golden.run("SELECT note FROM ledger_checkpoints WHERE size = 20")[0][0]
    text = note.partition("\n\n")[0] + "\n"
    line = cosign(text, LOG.name, LOG.private_key, START)
    golden.run("UPDATE ledger_checkpoints SET note = ? WHERE size = 20", (f"{text}\n{line}",))


def log_as_witness(golden: Golden) -> None:
    """Pass a plain signature by the witness's key off as its cosignature."""
    place = golden.folder / "witnessed" / "16.txt"
    note = place.read_text("utf-8")
    text, body = note.partition("\n\n")[0] + "\n", note.partition("\n\n")[2].split("\n")[0]
    lines = [
        signature_line(VerifierKey(name, key.public_key().public_bytes_raw()), key.sign(text.encode()))
        for name, key in WITNESSES.items()
    ]
    place.write_text(f"{text}\n{body}\n" + "".join(lines), encoding="utf-8")


def old_key(golden: Golden) -> None:
    """Sign on with a key that was the log's no more, under the log's name."""
    golden.sign_anew(THIEF)


def erase_in_silence(golden: Golden) -> None:
    golden.run("UPDATE ledger_payloads SET payload = NULL, salt = NULL, erased_at = 'x' WHERE seq = 6")


def forged_cosignature(golden: Golden) -> None:
    place = golden.folder / "witnessed" / "16.txt"
    head, _, tail = place.read_text("utf-8").rpartition("physics.example ")
    place.write_text(f"{head}physics.example {tail[:20]}AAAA{tail[24:]}", encoding="utf-8")


def statement(*statements: str) -> Act:
    return lambda golden: [golden.run(one) for one in statements]


MUTANTS: dict[str, tuple[Act, str, int | None]] = {
    "1 edited": (lambda golden: golden.rewrite(5, reason="other"), "BROKEN", 5),
    "1 deleted": (statement("DELETE FROM ledger_entries WHERE seq = 5"), "BROKEN", 5),
    "1 inserted": (insert, "BROKEN", 5),
    "1 reordered": (reorder, "BROKEN", 4),
    "2 tail cut with its checkpoints": (lambda golden: golden.cut(12), "BROKEN", 12),
    "2 tail cut and signed anew with the log key": (
        lambda golden: (golden.cut(12), golden.sign_anew(LOG)),
        "BROKEN",
        12,
    ),
    "3 emptied": (lambda golden: (golden.cut(0), golden.run("DELETE FROM ledger_head")), "BROKEN", 0),
    "4 rewritten without the log key": (rewrite_with(THIEF), "BROKEN", None),
    "5 rewritten with the log key": (rewrite_with(LOG), "BROKEN", None),
    "6 another log is shown": (split_view, "BROKEN", None),
    "7 fork": (fork, "BROKEN", 19),
    "8 backdated": (lambda golden: golden.rewrite(9, at="2026-01-01T00:00:00.000000Z"), "BROKEN", 9),
    "11 restored from a backup": (restored, "BROKEN", 12),
    "12 node passed off as a leaf": (as_leaf, "BROKEN", 0),
    "12 last leaf doubled": (doubled_leaf, "BROKEN", 20),
    "13 a key twice": (respelled(doubled_key), "BROKEN", 4),
    "13 a space": (respelled(lambda data: data.replace(b":", b": ", 1)), "BROKEN", 4),
    "13 decomposed letters": (respelled(lambda data: data.replace(b"reason 4", "zu\u0308rich".encode())), "BROKEN", 4),
    "13 minus zero": (respelled(lambda data: data.replace(b'"seq":4', b'"seq":-0')), "BROKEN", 4),
    "13 a float": (respelled(lambda data: data.replace(b'"seq":4', b'"seq":4.0')), "BROKEN", 4),
    "13 a huge integer": (respelled(lambda data: data.replace(b'"seq":4', b'"seq":9007199254740993')), "BROKEN", 4),
    "14 a cosignature as the log's signature": (cosignature_as_log, "BROKEN", None),
    "14 the witnesses' plain signatures as cosignatures": (log_as_witness, "UNANCHORED", None),
    "15 another key under the log's name": (old_key, "BROKEN", None),
    "18 a payload erased in silence": (erase_in_silence, "BROKEN", 6),
    "30 a forged cosignature": (forged_cosignature, "BROKEN", None),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_gets_its_verdict(golden: Golden, name: str) -> None:
    act, verdict, broken_at = MUTANTS[name]
    act(golden)
    report = golden.verify()
    assert (report.verdict, report.broken_at) == (verdict, broken_at), report


def test_plain_signatures_of_witnesses_anchor_nothing_beyond_the_last_true_cosignature(golden: Golden) -> None:
    log_as_witness(golden)
    assert golden.verify().anchored_to == SEEN[0]


def test_a_rewriting_with_the_log_key_is_seen_by_the_witnesses_alone(golden: Golden) -> None:
    rewrite_with(LOG)(golden)
    assert golden.verify(witnesses=False).verdict == "VERIFIED"
    assert golden.verify().verdict == "BROKEN"


def test_backdating_with_the_log_key_is_told_by_the_step_of_the_clock(golden: Golden) -> None:
    golden.rewrite(18, at="2026-01-01T00:00:00.000000Z")
    golden.sign_anew(LOG)
    assert "the clock went backwards at event 18" in golden.verify().warnings


def test_an_event_dated_after_its_witnesses_saw_it_is_told(golden: Golden) -> None:
    golden.rewrite(15, at="2026-03-02T23:00:00.000000Z")
    golden.sign_anew(LOG)
    shutil.rmtree(golden.folder / "witnessed")
    note = golden.run("SELECT note FROM ledger_checkpoints WHERE size = 16")[0][0]
    text = note.partition("\n\n")[0] + "\n"
    lines = [cosign(text, name, key, START) for name, key in WITNESSES.items()]
    (golden.folder / "witnessed").mkdir()
    (golden.folder / "witnessed" / "16.txt").write_text(note + "".join(lines), encoding="utf-8")
    assert any("after the witnesses saw it" in warning for warning in golden.verify().warnings)


def test_one_witness_away_leaves_a_quorum_of_one_anchored_and_a_quorum_of_both_not(golden: Golden) -> None:
    place = golden.folder / "witnessed" / "16.txt"
    kept = [line for line in place.read_text("utf-8").splitlines(keepends=True) if "physics" not in line]
    place.write_text("".join(kept), encoding="utf-8")
    assert golden.verify("all").anchored_to == 8
    assert golden.verify("any").anchored_to == 16


def test_the_salted_digest_of_a_payload_is_no_digest_of_a_guess(golden: Golden) -> None:
    payload = canonical_bytes({"model": "m", "version": "1", "why": "no approval"})
    stored = {parse_event(golden.data(seq)).record["payload_digest"] for seq in range(SIZE)}
    assert f"sha256:{hashlib.sha256(payload).hexdigest()}" not in stored
    assert len(stored) == SIZE, "the same payload has another digest each time"
