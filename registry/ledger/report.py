"""What a check of the ledger found."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One reason why the ledger does not prove itself, and the first event that it may concern."""

    seq: int | None
    why: str


@dataclass(frozen=True)
class Range:
    """Events `first` to `last`: `VERIFIED` or `UNANCHORED`, by what, since when (UTC text), by which witnesses."""

    first: int
    last: int
    verdict: str
    by: str
    at: str | None = None
    witnesses: tuple[str, ...] = ()

    def line(self) -> str:
        """Return the range as a person reads it."""
        seen = f" at {self.at} by {', '.join(self.witnesses)}" if self.witnesses else ""
        return f"events {self.first} to {self.last}: {self.verdict} ({self.by}{seen})"


@dataclass(frozen=True)
class LedgerReport:
    """The verdict on a ledger.

    Attributes:
        verdict: `VERIFIED`, `UNANCHORED` (events follow the newest checkpoint, or, where there is a witness policy,
            the newest one that its witnesses cosigned) or `BROKEN`.
        size: how many events are there.
        root: Merkle root over them, in hexadecimal.
        anchored_to: the size that the strongest checkpoint signs, or None.
        anchor: `witnesses`, `outside checkpoint`, `own checkpoint`, or None.
        broken_at: the first event that is wrong or missing, or None where that cannot be told.
        why: one sentence.
        warnings: what the verdict does not cover.
        ranges: the same, range by range; empty when the ledger is broken.
    """

    verdict: str
    size: int
    root: str
    anchored_to: int | None
    anchor: str | None
    broken_at: int | None
    why: str
    warnings: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        ranges = [asdict(one) | {"witnesses": list(one.witnesses)} for one in self.ranges]
        return asdict(self) | {"warnings": list(self.warnings), "ranges": ranges}
