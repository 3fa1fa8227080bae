"""A file system that forgets, at a power cut, every byte that was not synced; needs FUSE and `mfusepy`.

Run as a program it mounts itself: FOLDER MOUNTPOINT. SIGUSR1 is the power cut: from then on the files are what was
synced last. Names (create, rename, remove) are taken as durable at once: only the bytes are at stake.
"""

import errno
import os
import signal
import stat
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import mfusepy


@dataclass
class Kept:
    """A file: its bytes as programs see them, and as they would be after a power cut."""

    live: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    mode: int = stat.S_IFREG | 0o600


class Forgetful(mfusepy.Operations):
    """The file system, in memory: one folder of files."""

    use_ns = True

    def __init__(self) -> None:
        self.files: dict[str, Kept] = {}
        self.syncs = 0
        signal.signal(signal.SIGUSR1, lambda *_: self.cut())

    def cut(self) -> None:
        """Let the power fail."""
        for kept in self.files.values():
            kept.live = bytearray(kept.durable)

    def _of(self, path: str) -> Kept:
        if path not in self.files:
            raise mfusepy.FuseOSError(errno.ENOENT)
        return self.files[path]

    def getattr(self, path: str, fh: Any = None) -> dict[str, Any]:  # noqa: ARG002 - FUSE's signature
        now = time.time_ns()
        times = {"st_atime": now, "st_mtime": now, "st_ctime": now}
        owner = {"st_uid": os.getuid(), "st_gid": os.getgid()}
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o700, "st_nlink": 2} | times | owner
        kept = self._of(path)
        return {"st_mode": kept.mode, "st_nlink": 1, "st_size": len(kept.live)} | times | owner

    def readdir(self, path: str, fh: Any) -> Any:  # noqa: ARG002
        return [".", "..", *(name[1:] for name in self.files)]

    def create(self, path: str, mode: int, fi: Any = None) -> int:  # noqa: ARG002
        self.files[path] = Kept(mode=stat.S_IFREG | (mode & 0o777))
        return 0

    def open(self, path: str, flags: int) -> int:  # noqa: ARG002
        self._of(path)
        return 0

    def read(self, path: str, size: int, offset: int, fh: Any) -> bytes:  # noqa: ARG002
        return bytes(self._of(path).live[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: Any) -> int:  # noqa: ARG002
        live = self._of(path).live
        if len(live) < offset:
            live.extend(bytes(offset - len(live)))
        live[offset : offset + len(data)] = data
        return len(data)

    def truncate(self, path: str, length: int, fh: Any = None) -> int:  # noqa: ARG002
        live = self._of(path).live
        del live[length:]
        live.extend(bytes(length - len(live)))
        return 0

    def fsync(self, path: str, datasync: Any, fh: Any) -> int:  # noqa: ARG002
        kept = self._of(path)
        kept.durable = bytes(kept.live)
        self.syncs += 1
        return 0

    def fsyncdir(self, path: str, datasync: Any, fh: Any) -> int:  # noqa: ARG002
        return 0

    def rename(self, old: str, new: str) -> int:
        self.files[new] = self.files.pop(old)
        return 0

    def unlink(self, path: str) -> int:
        self._of(path)
        del self.files[path]
        return 0

    def chmod(self, path: str, mode: int) -> int:
        self._of(path).mode = stat.S_IFREG | (mode & 0o777)
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:  # noqa: ARG002
        return 0

    def utimens(self, path: str, times: Any = None) -> int:  # noqa: ARG002
        return 0

    def statfs(self, path: str) -> dict[str, int]:  # noqa: ARG002
        return {"f_bsize": 4096, "f_frsize": 4096, "f_blocks": 2**20, "f_bavail": 2**19, "f_bfree": 2**19}


if __name__ == "__main__":
    mfusepy.FUSE(Forgetful(), sys.argv[1], foreground=True, nothreads=True)
