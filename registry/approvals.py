"""How long an approval holds: the date stands in the ledger beside it, and is seen wherever the state is read.

A version whose date has passed is `lapsed` from that instant, whether or not anybody put the lapse on record; the next
act on the version does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from registry.domain.errors import NotAllowedError, UsageError
from registry.domain.event import Event
from registry.domain.instants import instant_text, parse_instant
from registry.domain.lifecycle import VersionState
from registry.domain.person import SERVICE, actor_record
from registry.domain.risk_tier import DEFAULT_TIER, DEFAULT_VALID_DAYS, LONGEST_DAYS, RiskTier, missing_words
from registry.history import newest_events
from registry.ledger.store import Transaction
from registry.schema import ModelVersionRow
from registry.versions import move, name_of

MOVED = "version.transitioned"


@dataclass(frozen=True)
class Approval:
    """The approval that brought a version into `approved`: when, until when, in which tier, by which event."""

    at: str
    valid_until: str
    tier: RiskTier
    event_seq: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self)) | {"tier": self.tier.value}


def approval_told(event: Event) -> Approval:
    """Read an approval from the event that moved a version into `approved`."""
    told = {one["kind"]: one["name"] for one in event.record["subjects"]}
    at = str(event.record["at"])
    until = told.get("valid-until") or instant_text(parse_instant(at) + timedelta(days=DEFAULT_VALID_DAYS))
    return Approval(at, until, RiskTier(told.get("tier", DEFAULT_TIER)), event.seq)


def last_approval(session: Session, row: ModelVersionRow) -> Approval | None:
    """Return a version's newest approval, whatever became of it since; None when it never had one.

    Raises:
        LedgerBrokenError: when an event that tells of the version's states is unreadable.
    """
    moves = newest_events(session, (MOVED,), "version", name_of(row))
    return next((approval_told(event) for event in moves if _leads_to_approved(event)), None)


def state_today(session: Session, row: ModelVersionRow, now: datetime) -> VersionState:
    """Return a version's state at an instant: an approval whose date has passed is lapsed."""
    if row.state != VersionState.APPROVED:
        return VersionState(row.state)
    found = last_approval(session, row)
    over = found is not None and instant_text(now) >= found.valid_until
    return VersionState.LAPSED if over else VersionState.APPROVED


def lapse_if_over(tx: Transaction, row: ModelVersionRow, now: datetime) -> bool:
    """Put on record that an approval's date has passed, if it has; say whether it did."""
    if row.state != VersionState.APPROVED or state_today(tx.session, row, now) == VersionState.APPROVED:
        return False
    lapse_now(tx, row, actor_record(SERVICE), "date", "its date has passed")
    return True


def lapse_now(tx: Transaction, row: ModelVersionRow, actor: dict[str, str], cause: str, reason: str) -> Event:
    """Move an approved version to `lapsed`, telling the cause: date, stop, failed-revalidation, withdrawn-evidence.

    Raises:
        AnswerIsNoError: when the version is not approved.
    """
    return move(tx, row, "lapse", actor, reason, details={"cause": cause})


def valid_until(now: datetime, tier: RiskTier, days: int | None) -> str:
    """Return until when an approval that is signed now holds.

    Args:
        now: the instant of signing.
        tier: the model's risk tier, which says how long it may hold at most.
        days: how many days the signer gives it; the default when None.

    Raises:
        UsageError: for less than a day, or more than the tier allows.
    """
    longest = LONGEST_DAYS[tier]
    given = min(DEFAULT_VALID_DAYS, longest) if days is None else days
    if not 1 <= given <= longest:
        raise UsageError(f"an approval in tier {tier} that holds {given} days", mend=f"1 to {longest}")
    return instant_text(now + timedelta(days=given))


def lapsed_error(name: str, mode: str, tier: RiskTier) -> NotAllowedError:
    """Build the refusal of a version whose approval lapsed; it names how to approve it again."""
    model = name.partition("@")[0]
    who = ", ".join(missing_words(tier, ()))
    return NotAllowedError(
        f"{mode} use needs an approval that is valid today, and that of {name} has lapsed",
        mend=f"approve again with `overread models approve {name}`, signed by: {who} (tier of {model}: {tier})",
    )


def _leads_to_approved(event: Event) -> bool:
    states = {one["name"] for one in event.record["subjects"] if one["kind"] == "state"}
    return VersionState.APPROVED in states
