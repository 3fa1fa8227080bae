"""A file system that is really full: stops, suspensions, reads and outcomes go in, and nothing else."""

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import NoProgress
from opened_worlds import opened
from worlds import MODEL, PASSPHRASE, World

from pipelines.bootstrap import Workspace, open_workspace
from pipelines.usecases.ingest_rows import ingest_rows
from registry.domain.errors import ServiceUnreachableError
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole
from registry.domain.stratum import Stratum
from registry.ledger.disk_reserve import BYTES, DiskReserve
from registry.ledger.verify import verify_ledger

MIB = 2**20
ROWS = {
    "acquisitions": (
        "series_uid,study_uid,patient,site,acquired_at,modality\n1.2.0.1,1.2.0,pat-0,general,2026-03-02T09:30:00Z,MR\n"
    ),
    "reads": "read_id,study_uid,target,reader,read_at,decision\nr0,1.2.0,{},dr-no,2026-03-02T10:00:00Z,true\n",
    "outcomes": "study_uid,target,truth,source,established_at\n1.2.0,{},true,pathology,2026-03-02T10:00:00Z\n",
}


def mounted(place: Path, mebibytes: int) -> bool:
    """Mount a small file system in memory; say whether this machine lets us."""
    place.mkdir()
    words = ("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(place))
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return the mount point of a file system of 8 MiB."""
    place = tmp_path / "small"
    if not mounted(place, 8):
        pytest.skip("this machine lets nobody mount a file system in memory (root and CAP_SYS_ADMIN needed)")
    try:
        yield place
    finally:
        subprocess.run(("umount", "--lazy", str(place)), check=True)


@pytest.fixture(scope="module")
def founded_live(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Found a world with version 1 live at one site."""
    world = World.found(tmp_path_factory.mktemp("live"))
    world.clock.advance(hours=1)
    world.register()
    world.approve("1")
    world.go_live("1")
    world.close()
    workspace = opened(world)
    assert take(workspace, "acquisitions", tmp_path_factory.mktemp("rows")) == 1
    workspace.engine.dispose()
    return world


def fill_up(folder: Path) -> None:
    """Fill a file system until it takes no further byte."""
    ballast = folder / "ballast"
    for size in (64 * 1024, 4096, 1):
        with ballast.open("ab", buffering=0) as file:
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    with pytest.raises(OSError, match="No space left"):
        (folder / "one more").write_bytes(bytes(4096))
    (folder / "one more").unlink(missing_ok=True)


def take(workspace: Workspace, table: str, folder: Path) -> int:
    place = folder / f"{table}.csv"
    place.write_text(ROWS[table].format(MODEL))
    return ingest_rows(workspace, table, [place], progress=NoProgress()).accepted


def test_on_a_really_full_disk_what_protects_patients_goes_in_and_nothing_else(
    founded_live: World, small_disk: Path, tmp_path: Path
) -> None:
    world = founded_live.copy(small_disk / "workspace")
    world.close()
    assert DiskReserve(world.root).place.stat().st_size == BYTES
    fill_up(small_disk)

    workspace = open_workspace(world.root, world.clock)
    assert not DiskReserve(workspace.root).place.exists()
    signer = workspace.people.unlock("otto", PASSPHRASE)
    (running,) = [one for one in workspace.lifecycle.deployments() if one.state == "live"]
    record = workspace.lifecycle
    record.suspend_stratum(running.deployment, Stratum("sex", "F"), signer, "read without AI", "misses")
    assert take(workspace, "reads", tmp_path) == 1
    assert take(workspace, "outcomes", tmp_path) == 1
    assert record.stop(running.deployment, signer, "read without AI", "misses").state == "stopped"
    size = workspace.ledger.head().size
    with pytest.raises(ServiceUnreachableError, match="full"):
        workspace.people.add("late", "Late", (PersonRole.ENGINEER,), PASSPHRASE, LOCAL_ADMINISTRATOR)
    assert workspace.ledger.head().size == size
    assert verify_ledger(workspace.engine, workspace.ledger.public_vkey).verdict == "VERIFIED"
    workspace.engine.dispose()


def test_without_its_reserve_a_full_disk_takes_nothing(founded_live: World, small_disk: Path) -> None:
    """The negative control: it is the reserve that carries the stop."""
    world = founded_live.copy(small_disk / "workspace")
    world.close()
    DiskReserve(world.root).place.unlink()
    fill_up(small_disk)
    with pytest.raises(ServiceUnreachableError):
        open_workspace(world.root, world.clock)


def test_the_reserve_is_made_where_there_is_plenty_and_really_takes_its_room(tmp_path: Path) -> None:
    DiskReserve(tmp_path).keep()
    found = DiskReserve(tmp_path).place.stat()
    assert (found.st_size, found.st_mode & 0o777) == (BYTES, 0o600)
    assert found.st_blocks * 512 >= BYTES
