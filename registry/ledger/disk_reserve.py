"""Room on the disk that is kept for what must never wait: a file that gives way when the disk is full.

The pages that the database keeps (`registry.reserve`) are of no use where SQLite cannot write its log, or a batch of
reads its segment. So a file of two mebibytes lies in the workspace. When less than one is left on the disk, it goes.
Only stops, suspensions, reads and outcomes get into what it leaves, for every other change is refused while the disk is
nearly full. It comes back when there is room again.
"""

import logging
import os
from pathlib import Path

BYTES = 2 * 2**20  # a stop takes about a quarter of a mebibyte of SQLite's log, given back when the log is closed
_FULL = 2**20
_PLENTY = 64 * 2**20
NAME = "reserve.bin"
_LOG = logging.getLogger(__name__)


class DiskReserve:
    """The reserve of one workspace.

    Args:
        folder: the workspace's.
    """

    def __init__(self, folder: Path) -> None:
        self.place = folder / NAME

    def keep(self) -> None:
        """Give the reserve up where the disk is full, make it where it is missing and there is plenty of room."""
        try:
            free = _free(self.place.parent)
            if free < _FULL and self.place.exists():
                self.place.unlink()
                _LOG.warning("the disk is full: its reserve was given up for stops, suspensions, reads and outcomes")
            elif free > _PLENTY and not self.place.exists():
                self._make()
        except OSError as error:
            _LOG.warning("the reserve on the disk was not kept: %s", error.strerror)

    def _make(self) -> None:
        handle = os.open(self.place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.posix_fallocate(handle, 0, BYTES)
        except BaseException:
            self.place.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
