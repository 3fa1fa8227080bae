"""`overread audit stamp --url` against a real time authority on loopback."""

from pathlib import Path

import pytest
from command import Command, new_workspace
from time_authorities import LocalAuthority, new_authority, serving


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> LocalAuthority:
    return new_authority(tmp_path_factory.mktemp("tsa") / "authority")


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory, authority: LocalAuthority) -> Command:
    """Return a workspace that pins the authority."""
    found = new_workspace(tmp_path_factory.mktemp("stamped"))
    (found.root / "keys" / "tsa.pem").write_bytes(authority.pem)
    return found


def test_the_newest_checkpoint_is_stamped_and_verifying_tells_it(command: Command, authority: LocalAuthority) -> None:
    with serving(authority) as url:
        done = command.well("audit", "stamp", "--url", url, "--json").json
    size = command.well("audit", "checkpoint", "--json").json["size"]
    assert done["size"] == size
    (told,) = [line for line in command.well("audit", "verify", "--json").json["warnings"] if "RFC 3161" in line]
    assert told == f"the first {size} events existed at {done['at']} (RFC 3161)"


def test_an_authority_that_is_not_pinned_is_refused(command: Command, tmp_path: Path) -> None:
    with serving(new_authority(tmp_path / "other")) as url:
        assert command("audit", "stamp", "--url", url).code == 1
    assert command("audit", "verify").code == 0


def test_an_authority_that_is_away_or_no_address_is_told(command: Command, authority: LocalAuthority) -> None:
    with serving(authority) as url:
        pass
    assert command("audit", "stamp", "--url", url).code == 6
    assert command("audit", "stamp", "--url", "ftp://127.0.0.1/").code == 2


def test_an_answer_that_is_none_is_refused(command: Command, authority: LocalAuthority, tmp_path: Path) -> None:
    del authority
    (tmp_path / "answer.tsr").write_bytes(b"no answer")
    assert command("audit", "stamp", "--take", tmp_path / "answer.tsr").code == 1
