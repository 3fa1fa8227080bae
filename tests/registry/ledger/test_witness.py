"""The witness: what it refuses, what it remembers, and that it remembers before it answers."""

import base64
import http.client
import threading
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ledgers import fill, open_ledger
from witnesses import Watched, new_witness, serving, watched

import registry.witness
from registry.domain.errors import LedgerBrokenError, NotAllowedError, ServiceUnreachableError, UsageError
from registry.ledger.cosignature import cosignatures
from registry.ledger.log_key import LogKey
from registry.ledger.policy import PolicyWitness
from registry.ledger.store import Ledger
from registry.ledger.witness_request import MAX_BYTES, WitnessRequest, parse_request
from registry.witness import Witness, make_witness
from registry.witness_client import answer_folder

STRANGER = LogKey.generate()


@pytest.fixture
def setting(file_ledger: Ledger, tmp_path: Path) -> Watched:
    fill(file_ledger, [3])
    return watched(file_ledger, tmp_path)


def answer(setting: Watched, old: int, note: str | None = None, path: tuple[bytes, ...] | None = None) -> HTTPStatus:
    asked = setting.asking.request(old)
    changed = WitnessRequest(old, asked.path if path is None else path, note or asked.note)
    return setting.witness.add_checkpoint(changed.to_text()).status


def test_a_witness_cosigns_each_tree_that_continues_the_last(setting: Watched) -> None:
    for events in (0, 1, 4, 0):
        if events:
            fill(setting.ledger, [events])
        setting.cosign()
        known = setting.witness.latest(setting.ledger.head().origin)
        assert known is not None
        assert (known.size, known.root) == (setting.ledger.head().size, setting.ledger.head().root)
    assert [anchor.witnesses for anchor in setting.anchors.anchors(setting.policy)] == [("quality.example",)] * 3


def test_another_old_size_than_the_remembered_one_is_told_the_right_one(setting: Watched) -> None:
    assert answer(setting, 2) == HTTPStatus.CONFLICT
    setting.cosign()
    fill(setting.ledger, [1])
    refused = setting.witness.add_checkpoint(setting.asking.request(0).to_text())
    assert (refused.status, refused.body, refused.content_type) == (HTTPStatus.CONFLICT, "3\n", "text/x.tlog.size")


def test_a_smaller_tree_is_refused(setting: Watched) -> None:
    old = setting.ledger.latest_checkpoint()
    assert old is not None
    fill(setting.ledger, [2])
    setting.cosign()
    refused = setting.witness.add_checkpoint(WitnessRequest(5, (), old.note).to_text())
    assert refused.status == HTTPStatus.BAD_REQUEST
    assert setting.witness.add_checkpoint(WitnessRequest(3, (), old.note).to_text()).body == "5\n"
    assert setting.witness.latest(setting.ledger.head().origin).size == 5  # type: ignore[union-attr]


def test_another_history_is_refused_whatever_its_proof(setting: Watched, tmp_path: Path) -> None:
    setting.cosign()
    other = open_ledger(f"sqlite:///{tmp_path}/other.db", setting.ledger._key)
    fill(other, [5])
    forged = other.latest_checkpoint()
    assert forged is not None
    proof = other.prove_continuation(3, 5)
    fill(setting.ledger, [2])
    honest = setting.asking.request(3).path
    for path in ((), proof, honest, (bytes(32),) * 3, (bytes(32),) * 63):
        assert answer(setting, 3, forged.note, path) == HTTPStatus.UNPROCESSABLE_ENTITY
    assert setting.witness.latest(other.head().origin).size == 3  # type: ignore[union-attr]


def test_another_root_of_the_same_size_is_refused(setting: Watched) -> None:
    setting.cosign()
    assert answer(setting, 3, setting.ledger._key.sign(3, bytes(32)), ()) == HTTPStatus.CONFLICT


def test_a_proof_from_nothing_is_empty(setting: Watched) -> None:
    assert answer(setting, 0, path=(bytes(32),)) == HTTPStatus.UNPROCESSABLE_ENTITY


def test_unknown_logs_and_foreign_signatures_are_refused(setting: Watched) -> None:
    assert answer(setting, 0, STRANGER.sign(3, bytes(32))) == HTTPStatus.NOT_FOUND
    forged = LogKey(setting.ledger.head().origin, STRANGER.private_key).sign(3, bytes(32))
    assert answer(setting, 0, forged) == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    "body",
    ["", "old 0\n", "old 01\n\nx", "old -1\n\nx", "old 0\n!!\n\nx", f"old 0\n{'A' * 44}\n\nx", "old 0\n\nnot a note"],
)
def test_what_is_no_request_is_a_bad_one(setting: Watched, body: str) -> None:
    assert setting.witness.add_checkpoint(body).status == HTTPStatus.BAD_REQUEST


def test_more_than_63_proof_lines_are_a_bad_request(setting: Watched) -> None:
    assert answer(setting, 0, path=(bytes(32),) * 64) == HTTPStatus.BAD_REQUEST
    line = base64.b64encode(bytes(32)).decode()
    assert len(parse_request("old 1\n" + f"{line}\n" * 63 + "\nx").path) == 63


def test_an_answer_is_given_only_when_it_is_remembered(setting: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(registry.witness, "write_durably", full)
    with pytest.raises(OSError, match="space"):
        setting.witness.add_checkpoint(setting.asking.request(0).to_text())
    assert setting.witness.latest(setting.ledger.head().origin) is None


def test_a_witness_that_starts_again_still_remembers(setting: Watched) -> None:
    setting.cosign()
    again = Witness(setting.witness._folder, setting.witness._clock)
    assert again.add_checkpoint(setting.asking.request(0).to_text()).body == "3\n"


def test_a_witness_whose_memory_is_spoilt_answers_nothing(setting: Watched) -> None:
    setting.cosign()
    (place,) = (setting.witness._folder / "seen").iterdir()
    place.write_text("nothing")
    with pytest.raises(LedgerBrokenError, match="memory"):
        setting.witness.add_checkpoint(setting.asking.request(3).to_text())


def test_of_many_at_once_the_memory_never_goes_back(setting: Watched) -> None:
    bodies = []
    for _ in range(6):
        bodies.append(setting.asking.request(0).to_text())
        fill(setting.ledger, [1])
    threads = [threading.Thread(target=setting.witness.add_checkpoint, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    known = setting.witness.latest(setting.ledger.head().origin)
    assert known is not None
    refused = [setting.witness.add_checkpoint(body) for body in bodies]
    assert {one.body for one in refused} == {f"{known.size}\n"}


def test_a_witness_is_never_made_twice_and_keeps_to_a_logs_key(setting: Watched, tmp_path: Path) -> None:
    with pytest.raises(NotAllowedError, match="already"):
        make_witness(tmp_path / "witness", "other.example")
    forged = LogKey(setting.ledger.head().origin, STRANGER.private_key).public_vkey
    with pytest.raises(NotAllowedError, match="another key"):
        setting.witness.trust(forged)
    with pytest.raises(UsageError, match="name"):
        make_witness(tmp_path / "second", "two words")
    with pytest.raises(UsageError, match="no witness"):
        Witness(tmp_path / "nowhere", setting.witness._clock)
    assert (tmp_path / "witness" / "witness.pem").stat().st_mode & 0o777 == 0o600


def test_over_a_socket_the_log_learns_what_the_witness_knows_and_is_cosigned(setting: Watched) -> None:
    with serving(setting.witness) as address:
        asked = PolicyWitness("q1", setting.witness.key.vkey, address)
        for size in (3, 5, 5):
            anchor = setting.asking.ask(asked)
            assert (anchor.checkpoint.size, anchor.witnesses) == (size, ("quality.example",))
            if size == 3:
                fill(setting.ledger, [2])
    with pytest.raises(ServiceUnreachableError, match="does not answer"):
        setting.asking.ask(asked, patience_s=1)


def test_over_a_socket_a_truncated_ledger_is_found_out(setting: Watched, tmp_path: Path) -> None:
    setting.cosign()
    short = open_ledger(f"sqlite:///{tmp_path}/short.db", setting.ledger._key)
    fill(short, [2])
    other = Watched(short, setting.witness, setting.anchors, setting.policy)
    with serving(setting.witness) as address, pytest.raises(LedgerBrokenError, match="saw 3 events and only 2"):
        other.asking.ask(PolicyWitness("q1", setting.witness.key.vkey, address))
    fill(short, [1])
    with serving(setting.witness) as address, pytest.raises(LedgerBrokenError, match="another history"):
        other.asking.ask(PolicyWitness("q1", setting.witness.key.vkey, address))


@pytest.mark.parametrize(
    ("method", "path", "length", "status"),
    [
        ("POST", "/add-checkpoint", str(MAX_BYTES + 1), 413),
        ("POST", "/add-checkpoint", "-1", 413),
        ("POST", "/add-checkpoint", "x", 413),
        ("POST", "/other", "0", 404),
        ("POST", "/add-checkpoint", "0", 400),
        ("GET", "/add-checkpoint", "0", 501),
    ],
)
def test_the_service_answers_nothing_else(setting: Watched, method: str, path: str, length: str, status: int) -> None:
    with serving(setting.witness) as address:
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=5)
        connection.putrequest(method, path)
        connection.putheader("Content-Length", length)
        connection.endheaders()
        assert connection.getresponse().status == status
        connection.close()


def test_by_files_a_second_round_gives_the_proof_that_the_witness_asked_for(setting: Watched, tmp_path: Path) -> None:
    exchange = tmp_path / "exchange"
    setting.cosign()
    fill(setting.ledger, [4])
    (request,) = setting.asking.write_requests(exchange)
    assert [one.status for one in answer_folder(setting.witness, exchange).values()] == [HTTPStatus.CONFLICT]
    first = setting.asking.take_answers(exchange)["q1"]
    assert isinstance(first, ServiceUnreachableError)
    assert parse_request(request.read_text()).old_size == 3
    assert [one.status for one in answer_folder(setting.witness, exchange).values()] == [HTTPStatus.OK]
    assert answer_folder(setting.witness, exchange) == {}
    setting.asking.take_answers(exchange)
    (_, anchor) = setting.anchors.anchors(setting.policy)
    assert anchor.checkpoint.size == 7
    assert len(cosignatures(anchor.note, setting.policy.vkeys())) == 1


def test_by_files_a_forged_answer_and_a_link_are_refused(setting: Watched, tmp_path: Path) -> None:
    exchange = tmp_path / "exchange"
    (request,) = setting.asking.write_requests(exchange)
    place = request.with_suffix(".answer")
    stranger = new_witness(tmp_path / "stranger", "quality.example", setting.ledger)
    line = stranger.add_checkpoint(request.read_text()).body
    for text in (f"200\n{line}", "200\n", "no status\n", "999\n", "403\nno\n"):
        place.write_text(text)
        assert not hasattr(setting.asking.take_answers(exchange)["q1"], "checkpoint")
    place.unlink()
    place.symlink_to(tmp_path / "witness" / "witness.pem")
    assert not hasattr(setting.asking.take_answers(exchange)["q1"], "checkpoint")
    assert setting.anchors.sizes() == []
