import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.ledger.note import MalformedNoteError, NoteRefusedError, VerifierKey, sign_note, verify_note

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
TEXT = "first line\nsecond line\n"


def vkey(name: str, key: Ed25519PrivateKey) -> str:
    return VerifierKey(name, key.public_key().public_bytes_raw()).to_text()


def example(shared: Path) -> tuple[str, str]:
    text = (shared / "oracles" / "c2sp_signed_note_example.txt").read_text("utf-8")
    head, _, note = text.partition("note (ends with a newline):\n")
    return head.splitlines()[1], note


@pytest.mark.shared
def test_the_example_of_the_specification_verifies(shared: Path) -> None:
    key, note = example(shared)
    assert verify_note(note, [key]) == "This is an example message.\n"
    assert VerifierKey.parse(key).to_text() == key


@pytest.mark.shared
def test_the_example_fails_after_any_one_changed_byte(shared: Path) -> None:
    key, note = example(shared)
    data = note.encode()
    for place in range(len(data)):
        changed = (data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]).decode(errors="replace")
        with pytest.raises(NoteRefusedError):
            verify_note(changed, [key])


def test_a_signed_note_gives_its_text_back() -> None:
    note = sign_note(TEXT, "a.example", KEY)
    assert note.startswith(TEXT + "\n\N{EM DASH} a.example ")
    assert verify_note(note, [vkey("b.example", OTHER), vkey("a.example", KEY)]) == TEXT


def test_unknown_signatures_are_ignored_beside_a_known_one() -> None:
    note = sign_note(TEXT, "a.example", KEY) + sign_note(TEXT, "witness.example", OTHER).rpartition("\n\n")[2]
    assert verify_note(note, [vkey("a.example", KEY)]) == TEXT


def test_a_bad_signature_of_a_known_key_refuses_the_note_beside_a_good_one() -> None:
    bad = base64.b64encode(VerifierKey.parse(vkey("b.example", OTHER)).key_id + bytes(64)).decode()
    note = sign_note(TEXT, "a.example", KEY) + f"\N{EM DASH} b.example {bad}\n"
    assert verify_note(note, [vkey("a.example", KEY)]) == TEXT
    with pytest.raises(NoteRefusedError, match="does not fit"):
        verify_note(note, [vkey("a.example", KEY), vkey("b.example", OTHER)])


@pytest.mark.parametrize("pinned", [[], [("a.example", OTHER)], [("other.example", KEY)]])
def test_a_note_that_no_pinned_key_signed_is_refused(pinned: list[tuple[str, Ed25519PrivateKey]]) -> None:
    with pytest.raises(NoteRefusedError, match="no pinned key"):
        verify_note(sign_note(TEXT, "a.example", KEY), [vkey(*pair) for pair in pinned])


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note[:-1],
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.replace("\N{EM DASH}", "-"),
        lambda note: note + "\n",
        lambda note: note.replace("first", "fi\tst"),
        lambda note: note.rpartition("\n\n")[0] + "\n\n",
        lambda note: note.replace(" a.example", ""),
        lambda note: note + "\N{EM DASH} short AAAA\n",
        lambda note: note + "\N{EM DASH} odd !!!!\n",
        lambda note: note + "\N{EM DASH} x AAAAAAAA\n" * 100,
        lambda note: "x" * 1_000_000 + note,
        lambda _: "",
    ],
)
def test_what_is_not_a_note_is_refused_as_such(change: Callable[[str], str]) -> None:
    with pytest.raises(MalformedNoteError):
        verify_note(change(sign_note(TEXT, "a.example", KEY)), [vkey("a.example", KEY)])


def test_base64_has_one_spelling() -> None:
    note = sign_note(TEXT, "a.example", KEY)
    assert note.endswith("=\n")
    letter = note[-3]
    with pytest.raises(MalformedNoteError, match="base64"):
        verify_note(note[:-3] + chr(ord(letter) + 1) + "=\n", [vkey("a.example", KEY)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.example",
        "a example+00000000+AAAA",
        "a.example+00000000+AQ==",
        vkey("a.example", KEY).replace("a.example", "b.example"),
        "a.example+00000000+" + base64.b64encode(b"\x02" + bytes(32)).decode(),
    ],
)
def test_what_is_not_a_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(MalformedNoteError):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    ("text", "name"), [("no newline", "a"), ("tab\t\n", "a"), (TEXT, "a b"), (TEXT, "a+b"), (TEXT, "")]
)
def test_a_text_or_name_that_no_note_may_have_is_not_signed(text: str, name: str) -> None:
    with pytest.raises(ValueError, match="newline"):
        sign_note(text, name, KEY)
