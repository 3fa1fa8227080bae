"""Monitoring plans on record: signed by both roles, in force by event, and never changed after the first signature.

The monitors run under an unsigned plan too, and say so each time: a watch that waits for a quorum would be no watch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from registry.database import reading
from registry.domain.errors import AnswerIsNoError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import PLAN_QUORUM, Act, PersonRole
from registry.domain.plan import MonitoringPlan, plan_from
from registry.domain.text import one_line
from registry.evidence import StoredSignature
from registry.history import told_events
from registry.keys import Signer
from registry.ledger.store import Transaction
from registry.plan_signatures import PlanSigned, open_role, require_same_content, signatures_of, version_text
from registry.record import Record, Signing, allowed_roles, keep_signature, refusals_kept, sign_now
from registry.signatures import Intent

MONITORING = "monitoring plan"  # stands where a signature names a model; no model has a blank in its name
ADOPTED, SIGNED = "plan.adopted", "plan.signed"


@dataclass(frozen=True)
class PlanStanding:
    """How a monitoring plan stands: who signed exactly it, by role, and which roles are missing."""

    signatures: Mapping[PersonRole, StoredSignature]

    @property
    def missing(self) -> tuple[str, ...]:
        """Roles that are still to sign; none where the plan is signed."""
        return tuple(role.value for role in PLAN_QUORUM if role not in self.signatures)


def sign_monitoring_plan(
    record: Record, plan: MonitoringPlan, signer: Signer, reason: str = ""
) -> PlanSigned[MonitoringPlan]:
    """Sign a monitoring plan; with the second role's signature it is adopted.

    Raises:
        AnswerIsNoError: when its number was signed with other content or adopted already, or it is not the next one.
        NotAllowedError: when the key or role forbids it, or the same person signed in the other role.
    """
    with (
        refusals_kept(record, f"{MONITORING}@{plan.number}", Act.ADOPT_PLAN, signer),
        record.ledger.transaction() as tx,
    ):
        roles = allowed_roles(record, signer, Act.ADOPT_PLAN)
        _require_next(tx.session, plan)
        signed = signatures_of(tx.session, record.people, _intent(plan))
        who = Signing(
            Act.ADOPT_PLAN, signer, open_role(record.people, plan, signer, roles, signed), one_line(reason, "reason")
        )
        kept = _sign(tx, record, plan, who)
        every = {**{role: one.digest for role, one in signed.items()}, who.role: kept}
        missing = tuple(role.value for role in PLAN_QUORUM if role not in every)
        if not missing:
            payload = {
                "digest": plan.digest,
                "plan": plan.to_json(),
                "number": plan.number,
                "signatures": [every[role] for role in PLAN_QUORUM],
            }
            tx.append(EventDraft(ADOPTED, who.actor, (subject_of(plan),), payload, who.reason))
    return PlanSigned(plan, who.role, kept, not missing, missing)


def standing_of(record: Record, plan: MonitoringPlan) -> PlanStanding:
    """Return who signed exactly this plan.

    Raises:
        SignatureBrokenError: when one of its signatures does not hold.
    """
    with reading(record.ledger.engine) as session:
        return PlanStanding(signatures_of(session, record.people, _intent(plan)))


def signed_plan(session: Session) -> MonitoringPlan | None:
    """Return the monitoring plan that was adopted by signatures last, or None.

    Raises:
        LedgerBrokenError: when an event or a payload that tells of it is not what was signed.
    """
    told = [payload for _, payload in told_events(session, (ADOPTED,)) if payload.get("signatures")]
    return plan_from(told[-1]["plan"]) if told else None


def subject_of(plan: MonitoringPlan) -> Subject:
    """Return what an event about the plan names."""
    return Subject("plan", "monitoring", plan.digest)


def _require_next(session: Session, plan: MonitoringPlan) -> None:
    """Refuse a number that was signed with other content, and any but the number after the last signed one."""
    last = signed_plan(session)
    number = last.number if last else 0
    if plan.number <= number:
        raise AnswerIsNoError(
            f"there is a signed monitoring plan {number} already, and a signed plan is never changed",
            mend=f"give the changed plan: number = {number + 1}",
        )
    if plan.number != number + 1:
        raise AnswerIsNoError(f"the next monitoring plan has the number {number + 1}, not {plan.number}")
    require_same_content(session, plan, _intent(plan), "sign the content that was signed first")


def _sign(tx: Transaction, record: Record, plan: MonitoringPlan, who: Signing) -> str:
    intent = _intent(plan)
    signature = sign_now(record, who, intent)
    subjects = (subject_of(plan), Subject("signature", intent.act.value, signature.digest))
    payload: dict[str, Any] = {
        "digest": plan.digest,
        "number": plan.number,
        "role": who.role.value,
        "signature": signature.digest,
    }
    event = tx.append(EventDraft(SIGNED, who.actor, subjects, payload, who.reason))
    keep_signature(tx, signature, intent, event.seq)
    return signature.digest


def _intent(plan: MonitoringPlan) -> Intent:
    scope = {"plan": str(plan.number)}
    return Intent(Act.ADOPT_PLAN, MONITORING, version_text(plan.number), (subject_of(plan),), scope)
