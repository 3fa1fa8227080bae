"""The time stamps that are kept beside the checkpoints: `SIZE.tsr` holds one authority's answer."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from registry.domain.errors import IncompleteError, LedgerBrokenError
from registry.domain.instants import instant_text
from registry.ledger.checkpoint import Checkpoint
from registry.ledger.report import Finding
from registry.ledger.timestamps import TimeAuthority, stamped_at
from registry.objects import write_durably

_FILE = re.compile(r"([1-9][0-9]{0,18})\.tsr")
_MOST_BYTES = 100_000


@dataclass(frozen=True)
class Stamps:
    """The folder of time stamps, and the pinned authority (None: none is pinned, and nothing is checked)."""

    folder: Path
    authority: TimeAuthority | None

    def sizes(self) -> list[int]:
        """Return the sizes of the stamped checkpoints, smallest first."""
        names = (_FILE.fullmatch(place.name) for place in self.folder.glob("*.tsr"))
        return sorted(int(name.group(1)) for name in names if name)

    def take(self, checkpoint: Checkpoint, answer: bytes) -> datetime:
        """Keep an authority's answer once it holds for a checkpoint, and return its time.

        Raises:
            IncompleteError: when no authority is pinned, or the extra `timestamps` is not installed.
            LedgerBrokenError: when it does not hold.
        """
        at = self._at(checkpoint, answer)
        write_durably(self.folder / f"{checkpoint.size}.tsr", answer)
        return at

    def check(self, checkpoint: Checkpoint) -> datetime:
        """Return the time at which a checkpoint was stamped; see `take`."""
        place = self.folder / f"{checkpoint.size}.tsr"
        if place.stat().st_size > _MOST_BYTES:
            raise LedgerBrokenError("a time stamp is no time stamp", where=place.name)
        return self._at(checkpoint, place.read_bytes())

    def judge(self, checkpoints: dict[int, Checkpoint]) -> tuple[list[str], Finding | None]:
        """Return what the kept time stamps say of a ledger's checkpoints, and the first one that does not hold."""
        told: list[str] = []
        for size in self.sizes():
            checkpoint = checkpoints.get(size)
            if checkpoint is None:
                return told, Finding(None, f"a time stamp is of a checkpoint of {size} events, which is not here")
            try:
                told.append(f"the first {size} events existed at {instant_text(self.check(checkpoint))} (RFC 3161)")
            except IncompleteError as error:
                return [f"time stamps are there and were not checked: {error.what}"], None
            except LedgerBrokenError as error:
                return told, Finding(None, f"{error.what} of {size} events")
        return told, None

    def _at(self, checkpoint: Checkpoint, answer: bytes) -> datetime:
        if self.authority is None:
            raise IncompleteError("no time authority is pinned", mend="put its certificates into keys/tsa.pem")
        return stamped_at(answer, checkpoint.to_text(), self.authority)
