"""What a check of the ledger found."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One reason why the ledger does not prove itself, and the first event that it may concern."""

    seq: int | None
    why: str


@dataclass(frozen=True)
class LedgerReport:
    """The verdict on a ledger.

    Attributes:
        verdict: `VERIFIED`, `UNANCHORED` (events follow the newest checkpoint) or `BROKEN`.
        size: how many events are there.
        root: Merkle root over them, in hexadecimal.
        anchored_to: the size that the strongest checkpoint signs, or None.
        anchor: `outside checkpoint`, `own checkpoint`, or None.
        broken_at: the first event that is wrong or missing, or None where that cannot be told.
        why: one sentence.
        warnings: what the verdict does not cover.
    """

    verdict: str
    size: int
    root: str
    anchored_to: int | None
    anchor: str | None
    broken_at: int | None
    why: str
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self) | {"warnings": list(self.warnings)}
