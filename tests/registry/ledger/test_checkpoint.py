import base64

import pytest

from registry.ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from registry.ledger.log_key import LogKey
from registry.ledger.merkle import EMPTY_ROOT
from registry.ledger.note import MalformedNoteError, NoteRefusedError, sign_note

ROOT = base64.b64encode(EMPTY_ROOT).decode()


def test_a_checkpoint_is_origin_size_and_root() -> None:
    checkpoint = Checkpoint("overread.local/0011", 7, EMPTY_ROOT)
    assert checkpoint.to_text() == f"overread.local/0011\n7\n{ROOT}\n"
    assert parse_checkpoint(checkpoint.to_text()) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"origin\n7\n{ROOT}",
        f"origin\n7\n{ROOT}\nextension\n",
        f"\n7\n{ROOT}\n",
        f"origin\n07\n{ROOT}\n",
        f"origin\n-1\n{ROOT}\n",
        f"origin\n+7\n{ROOT}\n",
        f"origin\n\u0667\n{ROOT}\n",
        f"origin\n{'9' * 30}\n{ROOT}\n",
        "origin\n7\nAAAA\n",
        f"origin\n7\n{ROOT[:-2]}V=\n",
        "origin\n7\nnot base64\n",
        "origin\n7\nüüü\n",
    ],
)
def test_another_spelling_is_not_a_checkpoint(text: str) -> None:
    with pytest.raises(MalformedNoteError, match="checkpoint"):
        parse_checkpoint(text)


def test_a_signed_checkpoint_opens_under_its_key_alone() -> None:
    key = LogKey.generate()
    note = key.sign(3, EMPTY_ROOT)
    assert open_checkpoint(note, key.public_vkey) == Checkpoint(key.name, 3, EMPTY_ROOT)
    with pytest.raises(NoteRefusedError):
        open_checkpoint(note, LogKey.generate().public_vkey)


def test_a_checkpoint_of_another_origin_is_refused_though_the_key_signed_it() -> None:
    key = LogKey.generate()
    note = sign_note(Checkpoint("elsewhere", 3, EMPTY_ROOT).to_text(), key.name, key.private_key)
    with pytest.raises(NoteRefusedError, match="another log"):
        open_checkpoint(note, key.public_vkey)
