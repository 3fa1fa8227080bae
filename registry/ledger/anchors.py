"""The checkpoints that witnesses cosigned, kept as files beside the database: `SIZE.txt`, a note with its cosignatures.

They are held against the ledger at every start and every change, and are what `overread audit verify` anchors to. A
database that is restored from a backup does not take them back with it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from registry.domain.errors import LedgerBrokenError, UnreadableFileError
from registry.ledger.checkpoint import Checkpoint, open_checkpoint
from registry.ledger.cosignature import Cosignature, cosignatures
from registry.ledger.note import NoteRefusedError
from registry.ledger.policy import WitnessPolicy, parse_policy
from registry.objects import write_durably

_FILE = re.compile(r"([1-9][0-9]{0,18})\.txt")


@dataclass(frozen=True)
class Anchor:
    """A checkpoint that the witnesses of a policy cosigned: what it says, the whole note, who cosigned and when."""

    checkpoint: Checkpoint
    note: str
    cosigned: tuple[Cosignature, ...]

    @property
    def at(self) -> datetime:
        """Return when the last of them had seen it (UTC)."""
        return max(one.at for one in self.cosigned)

    @property
    def witnesses(self) -> tuple[str, ...]:
        """Return the names of the witnesses."""
        return tuple(sorted(one.key.name for one in self.cosigned))


class Anchors:
    """The cosigned checkpoints of one log.

    Args:
        folder: where the files are; it need not exist.
        vkey: the log's public key.
    """

    def __init__(self, folder: Path, vkey: str) -> None:
        self.folder = folder
        self._vkey = vkey

    def sizes(self) -> list[int]:
        """Return the sizes of the kept checkpoints, smallest first."""
        names = (_FILE.fullmatch(place.name) for place in self.folder.glob("*.txt"))
        return sorted(int(name.group(1)) for name in names if name)

    def note(self, size: int) -> str:
        """Return the kept note of a size.

        Raises:
            NoteRefusedError: when the file is not a checkpoint of that size that the log's key signed.
        """
        note = (self.folder / f"{size}.txt").read_text("utf-8", errors="replace")
        if open_checkpoint(note, self._vkey).size != size:
            raise NoteRefusedError(f"the cosigned checkpoint {size}.txt is of another size")
        return note

    def newest(self) -> Checkpoint | None:
        """Return the largest kept checkpoint, whoever cosigned it, or None.

        Raises:
            NoteRefusedError: as `note` does.
        """
        sizes = self.sizes()
        return open_checkpoint(self.note(sizes[-1]), self._vkey) if sizes else None

    def anchors(self, policy: WitnessPolicy) -> list[Anchor]:
        """Return the kept checkpoints that meet a policy, smallest first.

        Raises:
            NoteRefusedError: when a file is not a checkpoint of this log, or a witness's cosignature is bad.
        """
        return list(self._met(policy))

    def take(self, note: str, lines: str, policy: WitnessPolicy) -> Anchor:
        """Keep the cosignatures of a policy's witnesses on a checkpoint; those of unknown keys are dropped.

        Args:
            note: the checkpoint, signed by the log.
            lines: the cosignature lines of an answer.
            policy: whose witnesses count.

        Returns:
            The checkpoint with all cosignatures on it that are known by now.

        Raises:
            NoteRefusedError: when the note is not the log's, or the answer has no good cosignature of a witness.
            LedgerBrokenError: when another root was cosigned at this size.
        """
        checkpoint = open_checkpoint(note, self._vkey)
        known = self._known(checkpoint) or note
        new = cosignatures(note + lines, policy.vkeys())
        if not new:
            raise NoteRefusedError(
                "the answer has no cosignature of a witness of the policy", mend="check the witness's vkey there"
            )
        kept = known + "".join(line for line in _lines(lines, policy) if line not in known)
        write_durably(self.folder / f"{checkpoint.size}.txt", kept.encode())
        return Anchor(checkpoint, kept, cosignatures(kept, policy.vkeys()))

    def _known(self, checkpoint: Checkpoint) -> str:
        if checkpoint.size not in self.sizes():
            return ""
        note = self.note(checkpoint.size)
        if open_checkpoint(note, self._vkey).root != checkpoint.root:
            raise LedgerBrokenError(
                f"the log signed two histories of {checkpoint.size} events",
                mend="keep both; run `overread audit verify`",
            )
        return note

    def _met(self, policy: WitnessPolicy) -> Iterator[Anchor]:
        for size in self.sizes():
            note = self.note(size)
            found = cosignatures(note, policy.vkeys())
            if found and policy.met_by([one.key.to_text() for one in found]):
                yield Anchor(open_checkpoint(note, self._vkey), note, found)


def read_policy(place: Path) -> WitnessPolicy | None:
    """Return the witness policy of a file, or None where there is no file.

    Raises:
        UnreadableFileError: when it is no policy.
    """
    if not place.exists():
        return None
    try:
        return parse_policy(place.read_bytes().decode("utf-8", "surrogateescape"))
    except OSError as error:
        raise UnreadableFileError("the witness policy cannot be read", where=place.name) from error


def _lines(text: str, policy: WitnessPolicy) -> list[str]:
    """Return the cosignature lines of an answer that are by witnesses of the policy."""
    names = {f"— {vkey.split('+')[0]} " for vkey in policy.vkeys()}
    return [line for line in text.splitlines(keepends=True) if any(line.startswith(name) for name in names)]
