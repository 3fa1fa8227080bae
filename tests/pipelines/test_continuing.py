"""A record restored from an older backup goes on by two signatures, and says exactly what was lost."""

import shutil
from pathlib import Path

import pytest
from command import Command, new_workspace
from witnesses import policy_text

from pipelines.bootstrap import SystemClock, open_workspace
from pipelines.usecases import continue_ledger as usecase
from registry.ledger.checkpoint import open_checkpoint
from registry.witness import Witness

REASON = ("--reason", "no newer backup is to be found")
DATABASE = ("overread.db", "overread.db-wal", "overread.db-shm")


class Restored:
    """A workspace that lost its three newest events to a restored backup, while read-only took in a stop's worth."""

    def __init__(self, folder: Path) -> None:
        self.command = new_workspace(folder)
        self.root = self.command.root
        (self.root / "session.json").unlink()  # training is recorded by whoever holds the files, no engineer
        self.command.well("people", "train", "quality", "--course", "c", "--valid-until", "2099-12-31")
        acquired = folder / "acquisitions.csv"
        acquired.write_text(
            "series_uid,study_uid,patient,site,acquired_at,modality\n1.2.3.4,1.2.3,p1,general,2026-06-01T06:00:00Z,MR\n"
        )
        self.command.well("ingest", "acquisitions", acquired)
        self.close()
        shutil.copytree(self.root, folder / "backup")
        self.kept = self.size
        self.early = self.note(folder / "early.txt")
        for number in range(3):
            self.command.well("people", "train", "quality", "--course", f"c{number}", "--valid-until", "2099-12-31")
        self.late = self.note(folder / "late.txt")
        self.old_vkey = open_workspace(self.root).ledger.public_vkey
        self.restore(folder / "backup")
        reads = folder / "reads.csv"
        reads.write_text(
            "read_id,study_uid,target,reader,read_at,decision\nr1,1.2.3,lesion-visible,ann,2026-06-01T08:00:00Z,true\n"
        )
        self.unsigned = self.size
        self.command.well("ingest", "reads", reads)
        self.unsigned = self.size - self.unsigned

    @property
    def size(self) -> int:
        return open_workspace(self.root).ledger.head().size

    def close(self) -> None:
        open_workspace(self.root).engine.dispose()

    def restore(self, backup: Path) -> None:
        self.close()
        for name in DATABASE:
            (self.root / name).unlink(missing_ok=True)
            if (backup / name).exists():
                shutil.copy(backup / name, self.root / name)

    def note(self, place: Path) -> Path:
        self.command.well("audit", "checkpoint", "--out", place)
        return place

    def go_on(self, first: str = "quality", second: str = "clinician", reason: tuple[str, str] = REASON) -> object:
        secret = self.command.secret
        files = ("--passphrase-file", secret, "--second-passphrase-file", secret)
        return self.command("audit", "continue", "--signer", first, "--second", second, *reason, *files, "--json")


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Restored:
    """Return the read-only workspace; tests that change it copy it."""
    return Restored(tmp_path_factory.mktemp("lost"))


@pytest.fixture
def copy(lost: Restored, tmp_path: Path) -> Restored:
    """Return a copy of it."""
    shutil.copytree(lost.root.parent, tmp_path / "copy")
    found = Restored.__new__(Restored)
    vars(found).update(vars(lost))
    found.command = Command(tmp_path / "copy" / lost.root.name)
    found.root = found.command.root
    return found


def test_it_is_read_only_and_the_reads_went_in_all_the_same(lost: Restored) -> None:
    assert lost.command("people", "train", "quality", "--course", "x", "--valid-until", "2099-12-31").code == 1
    assert lost.unsigned >= 1
    assert lost.command("audit", "verify").code == 1


def test_it_goes_on_and_verifying_tells_exactly_what_was_lost(copy: Restored) -> None:
    done = copy.go_on()
    assert done.code == 0, done.err  # type: ignore[attr-defined]
    assert done.json["lost"] == 3  # type: ignore[attr-defined]
    report = copy.command("audit", "verify", "--json")
    assert (report.code, report.json["verdict"]) == (0, "VERIFIED")
    (told,) = [line for line in report.json["warnings"] if "were lost" in line]
    assert f"the events {copy.kept} to {copy.kept + 2} of {copy.old_vkey.partition('+')[0]} were lost" in told
    assert f"{copy.unsigned} went in unsigned" in told
    assert "signed by quality and clinician: no newer backup is to be found" in told
    copy.command.well("people", "train", "quality", "--course", "x", "--valid-until", "2099-12-31")
    assert copy.command.well("audit", "verify", "--json").json["size"] == copy.kept + copy.unsigned + 2


def test_the_old_log_signs_nothing_more_and_its_files_are_put_aside(copy: Restored) -> None:
    copy.go_on()
    workspace = open_workspace(copy.root)
    newest = workspace.ledger.latest_checkpoint()
    assert newest is not None
    assert workspace.ledger.public_vkey != copy.old_vkey
    mark = copy.old_vkey.partition("+")[0].rpartition("/")[2]
    aside = copy.root / "checkpoints" / "former" / mark
    assert open_checkpoint((aside / "latest.txt").read_text(), copy.old_vkey).size == copy.kept + 3
    assert (copy.root / "keys" / f"ledger.{mark}.pem").is_file()
    assert not (copy.root / "keys" / "ledger.next.pem").exists()
    by_the_old_key = copy.command("audit", "verify", "--key", copy.old_vkey)
    assert by_the_old_key.code == 1


def test_checkpoints_of_the_old_log_that_were_kept_elsewhere_are_held_against_it(copy: Restored) -> None:
    copy.go_on()
    assert copy.command("audit", "verify", "--checkpoint", copy.early).code == 0
    assert copy.command("audit", "verify", "--checkpoint", copy.late).code == 0
    key = next((copy.root / "keys").glob("ledger.*.pem"))
    from registry.ledger.log_key import LogKey

    old = LogKey.load(key)
    for size, root, says in (
        (copy.kept + 4, bytes(32), "more was lost than event"),
        (copy.kept + 3, bytes(32), "of another history"),
        (2, bytes(32), "rewritten: the first 2 events"),
    ):
        place = copy.root / "forged.txt"
        place.write_text(old.sign(size, root))
        found = copy.command("audit", "verify", "--checkpoint", place)
        assert (found.code, says in found.out) == (1, True), found.out


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ("quality", "quality", "one human, or one role"),
        ("engineer", "quality", "may not sign"),
        ("quality", "engineer", "may not sign"),
    ],
)
def test_it_takes_two_persons_in_two_roles(copy: Restored, first: str, second: str, says: str) -> None:
    before = copy.size
    done = copy.go_on(first, second)
    assert done.code == 5  # type: ignore[attr-defined]
    assert says in done.line  # type: ignore[attr-defined]
    assert copy.size == before
    assert not (copy.root / "keys" / "ledger.next.pem").exists()


def test_it_says_why(copy: Restored) -> None:
    assert copy.go_on(reason=("--reason", " ")).code == 2  # type: ignore[attr-defined]


def test_a_record_that_is_whole_has_no_way_out(tmp_path: Path) -> None:
    command = new_workspace(tmp_path)
    files = ("--passphrase-file", command.secret, "--second-passphrase-file", command.secret)
    done = command("audit", "continue", "--signer", "quality", "--second", "clinician", *REASON, *files)
    assert (done.code, "is not read-only" in done.line) == (2, True)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE ledger_payloads SET payload = X'7B7D' WHERE seq = 0",
        "UPDATE ledger_entries SET at = '2001-01-01T00:00:00.000000Z' WHERE seq = 0",
    ],
)
def test_a_database_that_was_edited_has_no_way_out_but_the_backup(copy: Restored, edit: str) -> None:
    with open_workspace(copy.root).engine.begin() as connection:
        connection.exec_driver_sql(edit)
    done = copy.go_on()
    assert done.code == 1  # type: ignore[attr-defined]
    assert "is no earlier state of its ledger" in done.line  # type: ignore[attr-defined]


def test_a_power_cut_after_the_commit_is_finished_by_asking_again(
    copy: Restored, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(usecase, "finish", lambda _: (_ for _ in ()).throw(OSError("power")))
        assert copy.go_on().code != 0  # type: ignore[attr-defined]
    assert (copy.root / "keys" / "ledger.next.pem").exists()
    assert copy.command("audit", "verify").code == 1
    done = copy.go_on()
    assert (done.code, done.json["lost"]) == (0, 3), done.err  # type: ignore[attr-defined]
    assert copy.command("audit", "verify").code == 0


def test_a_witness_trusts_the_new_log_anew_and_anchors_it(copy: Restored, tmp_path: Path) -> None:
    copy.go_on()
    command, folder, exchange = copy.command, tmp_path / "witness", tmp_path / "exchange"
    command.well("audit", "witness", "init", folder, "--name", "quality.example")
    vkey = Witness(folder, SystemClock()).key.vkey
    (tmp_path / "policy.txt").write_text(policy_text({"quality": vkey}))
    command.well("audit", "witness", "policy", tmp_path / "policy.txt")
    command.well("audit", "witness", "ask", "--folder", exchange)
    assert command("audit", "witness", "answer", folder, exchange).code == 1  # it does not know this log
    command.well("audit", "witness", "trust", folder, open_workspace(copy.root).ledger.public_vkey)
    command.well("audit", "witness", "ask", "--folder", tmp_path / "again")
    command.well("audit", "witness", "answer", folder, tmp_path / "again")
    command.well("audit", "witness", "take", tmp_path / "again")
    report = command.well("audit", "verify", "--json").json
    assert (report["verdict"], report["anchor"]) == ("VERIFIED", "witnesses")
