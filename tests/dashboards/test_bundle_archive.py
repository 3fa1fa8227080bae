"""The archive of evidence: the same files give the same bytes, and no damaged file does more than be refused."""

import random
from pathlib import Path

import pytest

from dashboards.bundle.archive import pack, unpack
from registry.domain.errors import AnswerIsNoError, OverreadError, UnreadableFileError

FILES = {"README.txt": b"read me\n" * 40, "reports/a.html": b"<p>" * 300, "ledger/events.jsonl": b""}


def test_the_order_of_the_files_does_not_change_a_byte_and_all_come_back(tmp_path: Path) -> None:
    place = tmp_path / "a.zip"
    place.write_bytes(pack(FILES))
    assert pack(dict(reversed(FILES.items()))) == place.read_bytes()
    assert unpack(place) == FILES


@pytest.mark.parametrize("name", ["../a", "/a", "a//b", "a/../b", ".hidden", "a b", "a/b/c/d/e", "", "é"])
def test_a_name_that_would_be_refused_is_never_written(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        pack({name: b""})


def test_random_damage_is_refused_or_harmless(tmp_path: Path) -> None:
    whole, place, random_ = pack(FILES), tmp_path / "a.zip", random.Random(7)
    refused = 0
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(random_.choice((1, 2, 8))):
            data[random_.randrange(len(data))] = random_.randrange(256)
        place.write_bytes(bytes(data[: random_.randrange(len(data))] if random_.random() < 0.3 else data))
        try:
            found = unpack(place)
        except OverreadError as error:
            assert isinstance(error, AnswerIsNoError | UnreadableFileError)  # noqa: PT017 - both are answers
            refused += 1
        else:
            assert {name: found.get(name) for name in found if name in FILES}.items() <= FILES.items()
    assert refused > 1000
