"""The paper witness: a code that a person types back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.errors import UsageError
from registry.ledger.checkpoint import Checkpoint
from registry.ledger.log_key import LogKey
from registry.ledger.paper import checkpoint_of, code_of, page_of

KEY = LogKey.generate()


@given(st.integers(0, 10**18 - 1), st.binary(min_size=32, max_size=32))
def test_a_code_gives_its_checkpoint_back_however_it_is_spaced(size: int, root: bytes) -> None:
    found = Checkpoint("log.example", size, root)
    code = code_of(found)
    for typed in (code, code.lower(), code.replace("-", " "), f" {code} "):
        assert checkpoint_of(typed, "log.example") == found


def test_every_single_mistyped_letter_is_found() -> None:
    code = code_of(Checkpoint("log.example", 907, bytes(range(32))))
    for place, letter in enumerate(code):
        if letter != "-":
            wrong = "8" if letter.isdecimal() else chr(ord("A") + (ord(letter) - ord("A") + 1) % 26)
            with pytest.raises(UsageError, match="mistyped"):
                checkpoint_of(code[:place] + wrong + code[place + 1 :], "log.example")


@pytest.mark.parametrize("code", ["", "x", "12", "-1-AAAA", "1-" + "A" * 56, "1-" + "é" * 56])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(UsageError, match="mistyped"):
        checkpoint_of(code, "log.example")


def test_the_page_names_origin_size_root_code_and_key() -> None:
    note = KEY.sign(907, bytes(range(32)))
    page = page_of(note, KEY.public_vkey, "2026-03-02T09:00:00.000000Z")
    checkpoint = Checkpoint(KEY.name, 907, bytes(range(32)))
    for part in (KEY.name, "907", bytes(range(32)).hex(), code_of(checkpoint), KEY.public_vkey, "2026-03-02T09"):
        assert part in page
