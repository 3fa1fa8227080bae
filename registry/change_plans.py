"""Change plans on record: checked, signed by both roles, adopted, and never changed after the first signature."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from registry.database import reading
from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.change_plan import ChangePlan, change_plan_from
from registry.domain.errors import AnswerIsNoError, EvidenceMissingError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.person import PLAN_QUORUM, Act, PersonRole
from registry.domain.ports import ObjectStore
from registry.domain.text import one_line
from registry.evidence import StoredSignature
from registry.history import whole_events
from registry.keys import Signer
from registry.ledger.store import Transaction
from registry.people import People
from registry.plan_signatures import PlanSigned, open_role, require_same_content, signatures_of, version_text
from registry.record import Record, Signing, allowed_roles, keep_signature, refusals_kept, sign_now
from registry.schema import CohortRow
from registry.signatures import Intent
from registry.test_sets import require_usable, sequester
from registry.versions import find

ADOPTED = "change_plan.adopted"


@dataclass(frozen=True)
class AdoptedPlan:
    """A plan in force, with the event that adopted it and when."""

    plan: ChangePlan
    event_seq: int
    adopted_at: str
    signatures: tuple[str, ...]


def sign_plan(
    record: Record, content: Mapping[str, Any], signer: Signer, methods: Mapping[str, Any], reason: str = ""
) -> PlanSigned[ChangePlan]:
    """Sign a plan; with the second role's signature it is adopted, and its test set is set apart.

    Args:
        record: the record.
        content: the plan.
        signer: a quality officer or a clinical lead, with their key unlocked.
        methods: how candidates will be judged: `metric_code`, the digest of the code, and `statistics`.
        reason: their words.

    Raises:
        AnswerIsNoError: when the plan is incomplete, its number was signed with other content or adopted already, or
            it is not the next one.
        UnknownNameError: when its model, or its original version, is not registered.
        EvidenceMissingError: when its test cohort is not frozen.
        NotAllowedError: when the key or role forbids it, or the same person signed in the other role.
    """
    asked = change_plan_from(content)
    name = f"{asked.model}@{asked.acceptance.original_version}"
    with reading(record.ledger.engine) as session:
        find(session, asked.model, asked.acceptance.original_version)
    with refusals_kept(record, name, Act.ADOPT_PLAN, signer), record.ledger.transaction() as tx:
        roles = allowed_roles(record, signer, Act.ADOPT_PLAN)
        _require_cohort(tx.session, asked)
        _require_floor(tx.session, record.objects, asked)
        test_set = require_usable(tx.session, record.objects, asked)
        plan = asked.frozen_to({**methods, "test_set": test_set})
        digest = record.objects.put(canonical_bytes(plan.record))
        _require_next(tx.session, record.objects, plan)
        signed = plan_signatures(tx.session, record.people, plan)
        who = Signing(
            Act.ADOPT_PLAN, signer, open_role(record.people, plan, signer, roles, signed), one_line(reason, "reason")
        )
        kept = _sign(tx, record, plan, who)
        every = {**{role: one.digest for role, one in signed.items()}, who.role: kept}
        missing = tuple(role.value for role in PLAN_QUORUM if role not in every)
        if not missing:
            signatures = tuple(every[role] for role in PLAN_QUORUM)
            _adopt(tx, plan, digest, who, signatures)
            sequester(tx, plan, test_set, who.actor, signatures)
    return PlanSigned(plan, who.role, kept, not missing, missing)


def plan_of(record: Record, model: str) -> AdoptedPlan | None:
    """Return the plan of a model that was adopted last, or None.

    Raises:
        ArtifactChangedError: when its record is missing or has other bytes.
        SignatureBrokenError: when one of its signatures does not hold.
    """
    with reading(record.ledger.engine) as session:
        found = adopted_plan(session, record.objects, model)
        if found is not None:
            plan_signatures(session, record.people, found.plan)
        return found


def adopted_plan(session: Session, objects: ObjectStore, model: str) -> AdoptedPlan | None:
    """Return the plan of a model that the ledger told last."""
    return plan_at(session, objects, model, None)


def plan_at(session: Session, objects: ObjectStore, model: str, before: int | None) -> AdoptedPlan | None:
    """Return the plan of a model that was in force before an event; without one, the plan in force now."""
    told = [
        one
        for one in whole_events(session, (ADOPTED,))
        if one[1]["model"] == model and (before is None or one[0].seq < before)
    ]
    if not told:
        return None
    event, payload = told[-1]
    plan = change_plan_from(parse_canonical(objects.get(payload["digest"])))
    return AdoptedPlan(plan, event.seq, event.record["at"], tuple(payload["signatures"]))


def plan_signatures(session: Session, people: People, plan: ChangePlan) -> dict[PersonRole, StoredSignature]:
    """Return the signatures of exactly this plan by role, each verified.

    Raises:
        SignatureBrokenError: when one does not hold, or was moved.
    """
    return signatures_of(session, people, _intent(plan))


def _require_cohort(session: Session, plan: ChangePlan) -> None:
    if session.get(CohortRow, plan.acceptance.test_cohort) is None:
        raise EvidenceMissingError(
            f"the test cohort '{plan.acceptance.test_cohort}' of {plan.name} is not frozen",
            mend="freeze it before the plan is signed",
        )


def _require_floor(session: Session, objects: ObjectStore, plan: ChangePlan) -> None:
    """Refuse another original version that was made under a change plan itself: the floor never sinks step by step."""
    from registry.scope import judged_by_plan  # noqa: PLC0415 - it reads adopted plans itself

    last, original = adopted_plan(session, objects, plan.model), plan.acceptance.original_version
    moved = last is not None and last.plan.acceptance.original_version != original
    if moved and judged_by_plan(session, objects, find(session, plan.model, original)):
        raise AnswerIsNoError(
            f"{plan.model}@{original} was made under a change plan and is no floor for the next one",
            mend="keep the original version, or name one that was judged as a new submission",
        )


def _require_next(session: Session, objects: ObjectStore, plan: ChangePlan) -> None:
    """Refuse a number that was signed with other content, and any but the number after the last adopted one."""
    last = adopted_plan(session, objects, plan.model)
    number = last.plan.number if last else 0
    if plan.number <= number:
        raise AnswerIsNoError(
            f"{plan.model} has plan {number} already, and a signed plan is never changed",
            mend=f"give the changed plan the number {number + 1}",
        )
    if plan.number != number + 1:
        raise AnswerIsNoError(f"the next plan of {plan.model} has the number {number + 1}, not {plan.number}")
    require_same_content(session, plan, _intent(plan), "sign the same file, judged by the same code")


def _sign(tx: Transaction, record: Record, plan: ChangePlan, who: Signing) -> str:
    intent = _intent(plan)
    signature = sign_now(record, who, intent)
    subjects = (_subject(plan), Subject("signature", intent.act.value, signature.digest))
    payload = {"model": plan.model, "version": intent.version, "act": intent.act.value, "signature": signature.digest}
    event = tx.append(EventDraft("version.signed", who.actor, subjects, payload, who.reason))
    keep_signature(tx, signature, intent, event.seq)
    return signature.digest


def _adopt(tx: Transaction, plan: ChangePlan, digest: str, who: Signing, signatures: tuple[str, ...]) -> Event:
    payload = {"model": plan.model, "digest": digest, "number": plan.number, "signatures": list(signatures)}
    return tx.append(EventDraft(ADOPTED, who.actor, (_subject(plan),), payload, who.reason))


def _intent(plan: ChangePlan) -> Intent:
    return Intent(Act.ADOPT_PLAN, plan.model, version_text(plan.number), (_subject(plan),), {"plan": str(plan.number)})


def _subject(plan: ChangePlan) -> Subject:
    return Subject("change-plan", plan.name, plan.digest)
