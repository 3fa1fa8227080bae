"""Epochs that ended, in the check of the whole ledger: their own keys for their own checkpoints, and what was lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.domain.errors import LedgerBrokenError
from registry.ledger.checkpoint import Checkpoint, open_checkpoint
from registry.ledger.continuation import Former


@dataclass(frozen=True)
class Epochs:
    """The epochs that ended, oldest first, and a checkpoint of one of them that was kept elsewhere."""

    formers: Sequence[Former]
    saved: tuple[Former, Checkpoint] | None = None

    def vkey_of(self, size: int, present: str) -> str:
        """Return the public key that signed the ledger's own checkpoint of a size.

        Args:
            size: of the checkpoint.
            present: the key of the epoch that goes on.
        """
        return next((one.vkey for one in self.formers if size <= one.seq), present)

    def sizes(self) -> list[int]:
        """Return the sizes whose roots the check needs."""
        return [self.saved[1].size] if self.saved else []

    def fault(self, roots: Mapping[int, bytes]) -> str:
        """Return what a saved checkpoint of a former epoch contradicts; empty when nothing."""
        if self.saved is None:
            return ""
        former, known = self.saved
        if known.size <= former.kept:
            same = roots.get(known.size) == known.root
            return "" if same else f"rewritten: the first {known.size} events are not those that the saved one signs"
        if known.size > former.newest.size:
            return f"more was lost than event {former.seq} tells: the saved checkpoint covers {known.size} events"
        if known.size == former.newest.size and known.root != former.newest.root:
            return f"the saved checkpoint of {known.size} events is of another history than event {former.seq} names"
        return ""

    def lines(self) -> list[str]:
        """Return what was lost, epoch by epoch."""
        return [one.line() for one in self.formers]


def of_former(saved: str, formers: Sequence[Former]) -> tuple[Former, Checkpoint] | None:
    """Return the epoch whose key signed a saved checkpoint, with what it says; None when it is of none of them."""
    for former in formers:
        try:
            return former, open_checkpoint(saved, former.vkey)
        except LedgerBrokenError:
            continue
    return None
