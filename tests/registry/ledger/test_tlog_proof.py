"""Proofs of single events as files."""

import base64

import pytest
from ledgers import fill

from registry.ledger.merkle import inclusion_proof, leaf_hash, root_of
from registry.ledger.note import MalformedNoteError, NoteRefusedError
from registry.ledger.store import Ledger
from registry.ledger.tlog_proof import TlogProof, check_proof, parse_proof


def proof_of(ledger: Ledger, seq: int) -> TlogProof:
    found = ledger.prove(seq)
    return TlogProof(seq, ledger.event(seq).data, found.path, found.checkpoint)


def test_every_event_of_every_size_is_proved_by_its_file(file_ledger: Ledger) -> None:
    for size in range(1, 9):
        fill(file_ledger, [1])
        for seq in range(size):
            text = proof_of(file_ledger, seq).to_text()
            assert check_proof(parse_proof(text), file_ledger.public_vkey).size == size
            assert parse_proof(text).to_text() == text


def test_the_file_is_that_of_the_specification(file_ledger: Ledger) -> None:
    fill(file_ledger, [3])
    lines = proof_of(file_ledger, 2).to_text().split("\n")
    leaves = [leaf_hash(file_ledger.event(seq).data) for seq in range(3)]
    (node,) = inclusion_proof(leaves, 2)
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert base64.b64decode(lines[1].removeprefix("extra ")) == file_ledger.event(2).data
    assert lines[2:5] == ["index 2", base64.b64encode(node).decode(), ""]
    assert lines[5:8] == [file_ledger.head().origin, "3", base64.b64encode(root_of(leaves)).decode()]


@pytest.mark.parametrize("change", ["index", "path", "extra", "swap"])
def test_a_proof_of_another_place_or_event_does_not_hold(file_ledger: Ledger, change: str) -> None:
    fill(file_ledger, [5])
    sound, other = proof_of(file_ledger, 2), proof_of(file_ledger, 3)
    changed = {
        "index": TlogProof(3, sound.data, sound.path, sound.note),
        "path": TlogProof(2, sound.data, sound.path[:-1], sound.note),
        "extra": TlogProof(2, other.data, sound.path, sound.note),
        "swap": TlogProof(3, sound.data, other.path, sound.note),
    }[change]
    with pytest.raises(NoteRefusedError, match="does not stand"):
        check_proof(parse_proof(changed.to_text()), file_ledger.public_vkey)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2"),
        ("index 1", "index 01"),
        ("index 1", "index -1"),
        ("extra ", "extra"),
        ("\n\n", "\n"),
        ("index 1\n", "index 1\nAAAA\n"),
        ("index 1\n", "index 1\n!\n"),
    ],
)
def test_a_file_of_another_form_is_refused(file_ledger: Ledger, old: str, new: str) -> None:
    fill(file_ledger, [2])
    text = proof_of(file_ledger, 1).to_text()
    with pytest.raises(MalformedNoteError):
        parse_proof(text.replace(old, new))
