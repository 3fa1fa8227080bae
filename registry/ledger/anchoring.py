"""What a ledger rests on, range by range: witnesses, a checkpoint that was kept elsewhere, its own checkpoints."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from registry.domain.errors import LedgerBrokenError
from registry.domain.instants import instant_text
from registry.ledger.anchors import Anchor, Anchors
from registry.ledger.checkpoint import Checkpoint, open_checkpoint
from registry.ledger.policy import WitnessPolicy
from registry.ledger.report import Finding, Range

SKEW = timedelta(minutes=5)  # Kerberos' customary tolerance between the clocks of two hosts (RFC 4120, 1.6)


@dataclass(frozen=True)
class Witnessed:
    """The cosigned checkpoints of a log, its public key, and whose cosignatures count (None: nobody's)."""

    anchors: Anchors
    vkey: str
    policy: WitnessPolicy | None


@dataclass(frozen=True)
class Anchoring:
    """What the cosigned checkpoints give.

    Attributes:
        asked: whether there is a policy that asks for cosignatures.
        anchors: the checkpoints that meet it, smallest first.
        kept: every kept checkpoint, whoever cosigned it.
    """

    asked: bool = False
    anchors: tuple[Anchor, ...] = ()
    kept: tuple[Checkpoint, ...] = ()

    def ranges(self, size: int, outside: int, own: int) -> tuple[Range, ...]:
        """Return what each event rests on, from the first event on.

        Args:
            size: how many events there are.
            outside: how many the checkpoint covers that was kept elsewhere (0: none).
            own: how many the ledger's own checkpoints cover.
        """
        found: list[Range] = []
        newest = self.anchors[-1] if self.anchors else None
        witnessed = newest.checkpoint.size if newest else 0
        if newest and witnessed >= outside:
            seen = instant_text(newest.at)
            found.append(Range(0, witnessed - 1, "VERIFIED", "witnesses", seen, newest.witnesses))
        elif outside:
            found.append(Range(0, outside - 1, "VERIFIED", "outside checkpoint"))
        start = max(witnessed, outside)
        if start < own:
            found.append(Range(start, own - 1, "UNANCHORED" if self.asked else "VERIFIED", "own checkpoint"))
        if max(start, own) < size:
            found.append(Range(max(start, own), size - 1, "UNANCHORED", "no checkpoint"))
        return tuple(found)

    def early_cosignatures(self, latest_at: Mapping[int, str]) -> list[str]:
        """Return where an event claims a time after its witnesses had seen it: a clock that was set forward.

        Args:
            latest_at: the latest time that any of the first so many events claims.
        """
        return [
            f"one of the first {anchor.checkpoint.size} events claims {latest_at[anchor.checkpoint.size]}, "
            f"after the witnesses saw it at {instant_text(anchor.at)}"
            for anchor in self.anchors
            if latest_at.get(anchor.checkpoint.size, "") > instant_text(anchor.at + SKEW)
        ][:5]


def read_witnessed(witnessed: Witnessed | None) -> tuple[Anchoring, Finding | None]:
    """Read the kept checkpoints; one that is not the log's, or whose cosignature is bad, is a finding."""
    if witnessed is None:
        return Anchoring(), None
    policy = witnessed.policy
    asked = policy is not None and not policy.met_by(())
    try:
        notes = [witnessed.anchors.note(size) for size in witnessed.anchors.sizes()]
        kept = tuple(open_checkpoint(note, witnessed.vkey) for note in notes)
        anchors = tuple(witnessed.anchors.anchors(policy)) if policy else ()
    except LedgerBrokenError as error:
        return Anchoring(asked), Finding(None, f"a cosigned checkpoint: {error.what}")
    return Anchoring(asked, anchors, kept), None
