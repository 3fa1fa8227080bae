import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.domain.digest import digest_bytes, digest_hex, digest_value

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_digest_is_sha256_in_lower_case_hexadecimal() -> None:
    assert digest_bytes(b"") == f"sha256:{EMPTY}"
    assert digest_hex(f"sha256:{EMPTY}") == EMPTY


def test_values_that_are_equal_have_one_digest() -> None:
    assert digest_value({"b": 1, "a": [2]}) == digest_value({"a": [2], "b": 1}) == digest_bytes(b'{"a":[2],"b":1}')


@pytest.mark.parametrize(
    "text",
    [
        "",
        EMPTY,
        f"sha256:{EMPTY.upper()}",
        f"sha256:{EMPTY[:-1]}",
        f"sha256:{EMPTY}0",
        f"sha256:{EMPTY[:-2]} 5",
        f"sha256:{EMPTY[:-2]}  ",
        f"sha256:{EMPTY}\n",
        f"sha256:sha256:{EMPTY[7:]}",
        f"sha256:{'../' * 21}a",
        f"md5:{EMPTY}",
    ],
)
def test_another_spelling_is_no_digest(text: str) -> None:
    with pytest.raises(ValueError, match="not a digest"):
        digest_hex(text)


@given(st.binary())
def test_every_digest_is_read_back(data: bytes) -> None:
    assert f"sha256:{digest_hex(digest_bytes(data))}" == digest_bytes(data)
