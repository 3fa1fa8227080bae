"""The copy of the newest checkpoint beside the database: what a truncated or restored database is held against."""

import logging
from dataclasses import dataclass
from pathlib import Path

from registry.ledger.checkpoint import Checkpoint, open_checkpoint
from registry.objects import write_durably

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class CheckpointCopy:
    """A file that holds the newest checkpoint of one log; it never goes back to a smaller one."""

    place: Path
    vkey: str

    def read(self) -> Checkpoint | None:
        """Return the copied checkpoint, or None when there is none.

        Raises:
            NoteRefusedError: when the file is not a checkpoint that the log's key signed.
        """
        if not self.place.exists():
            return None
        return open_checkpoint(self.place.read_text("utf-8", errors="replace"), self.vkey)

    def write(self, note: str) -> None:
        """Replace the copy by a note of a greater size; a disk that refuses is logged, for the ledger itself holds."""
        size = open_checkpoint(note, self.vkey).size
        try:
            known = self.read()
            if known is None or known.size < size:
                write_durably(self.place, note.encode())
        except OSError as error:
            _LOG.warning("the copy of the newest checkpoint was not written: %s", error.strerror)
