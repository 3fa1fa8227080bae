"""When a version has to be validated again: an approval holds no longer than its newest passed test carries it.

Each tier has its time between two validations: the longest that an approval of it may hold (`LONGEST_DAYS`, after
Article 86 of Regulation (EU) 2017/745). What is overdue lapses, because the approval's date is no later (VAL-06).
An approval may be renewed before it ends: signed anew by the whole quorum, it goes on without a gap.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from registry.approvals import last_approval, valid_until
from registry.domain.errors import AnswerIsNoError, EvidenceMissingError, LedgerBrokenError
from registry.domain.instants import instant_text, parse_instant
from registry.domain.lifecycle import DeploymentState, VersionState
from registry.domain.risk_tier import LONGEST_DAYS, RiskTier, is_lower, missing_words
from registry.domain.vocabulary import Role, Verdict
from registry.evaluations import StoredEvaluation
from registry.history import VERIFY, event_of
from registry.schema import LedgerEntry, ModelVersionRow
from registry.tiers import tier_of
from registry.versions import name_of

_CARRIES = frozenset({Role.INTERNAL_TEST, Role.EXTERNAL_TEST})


def approval_terms(
    session: Session,
    row: ModelVersionRow,
    evaluations: Sequence[StoredEvaluation],
    tier: RiskTier,
    now: datetime,
    days: int | None,
) -> dict[str, str]:
    """Return the tier and the end of an approval that is signed now.

    Args:
        session: a session on the record.
        row: the version.
        evaluations: its evaluations in force.
        tier: its model's tier.
        now: the instant of signing.
        days: how many days the signer gives it; the default when None.

    Raises:
        UsageError: for less than a day, or more than the tier allows.
        EvidenceMissingError: when the newest test that passed is older than the tier allows.
        AnswerIsNoError: when the version is approved in this tier, and would be for no longer.
    """
    due = revalidation_due(session, evaluations, tier)
    if due <= instant_text(now):
        raise EvidenceMissingError(
            f"{name_of(row)} was due to be validated again on {due[:10]}: tier {tier} asks for it every "
            f"{LONGEST_DAYS[tier]} days",
            mend="`overread validate` on studies of today, then have its risks reviewed anew",
        )
    ends = min(valid_until(now, tier, days), due)
    _require_longer(session, row, tier, ends)
    return {"tier": tier.value, "valid_until": ends}


def revalidation_due(session: Session, evaluations: Sequence[StoredEvaluation], tier: RiskTier) -> str:
    """Return by when a version has to be validated again, as the ledger tells when its newest test passed.

    Raises:
        EvidenceMissingError: when no internal or external test passed.
        LedgerBrokenError: when the ledger does not tell of it.
    """
    seqs = [one.event_seq for one in evaluations if one.role in _CARRIES and one.verdict == Verdict.PASSED]
    if not seqs:
        raise EvidenceMissingError("no internal or external test passed", mend="run `overread validate` first")
    entry = session.get(LedgerEntry, max(seqs))
    if entry is None:
        raise LedgerBrokenError("the ledger does not tell of an evaluation", mend=VERIFY)
    passed_at = parse_instant(event_of(entry).record["at"])
    return instant_text(passed_at + timedelta(days=LONGEST_DAYS[tier]))


def behind_tier(session: Session, row: ModelVersionRow, tier: RiskTier) -> str:
    """Say that an approved version was approved in another tier than its model has now; empty where it was not.

    Such an approval holds until its date, but no further deployment of the version begins on it.
    """
    told = last_approval(session, row) if row.state == VersionState.APPROVED else None
    if told is None or not is_lower(told.tier, tier):
        return ""
    return f"{name_of(row)} was approved in tier {told.tier}, and its model is in tier {tier} now"


def require_tier_signed(session: Session, row: ModelVersionRow, mode: str) -> None:
    """Refuse to begin pilot or live use of a version whose model was put into a higher tier since its approval.

    Raises:
        EvidenceMissingError: naming whose signatures the higher tier takes.
    """
    tier = tier_of(session, row.model).tier
    why = "" if mode == DeploymentState.SHADOW else behind_tier(session, row, tier)
    if why:
        who = ", ".join(missing_words(tier, ()))
        raise EvidenceMissingError(why, mend=f"`overread models approve {name_of(row)}`, signed by: {who}")


def _require_longer(session: Session, row: ModelVersionRow, tier: RiskTier, ends: str) -> None:
    told = last_approval(session, row) if row.state == VersionState.APPROVED else None
    if told is not None and told.tier == tier and ends <= told.valid_until:
        raise AnswerIsNoError(
            f"{name_of(row)} is approved until {told.valid_until[:10]}, and would be for no longer",
            mend="validate it again first: an approval holds as long as its newest passed test carries it",
        )
