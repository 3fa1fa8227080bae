"""Signed decisions on a version: submit, risk-review, approve, reject, retire; and the lapse of an approval.

Each is judged in one transaction, in the same order: key and role, separation of duties, state, evidence. A refused
decision is kept as an event of its own (21 CFR 11.10(e), APP-10).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from registry.approvals import lapse_if_over, lapse_now
from registry.cards.release import with_card
from registry.domain.errors import AnswerIsNoError, NotAllowedError, UsageError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.lifecycle import VERSION_TRANSITIONS, VersionState, step
from registry.domain.model import ModelVersion
from registry.domain.person import Act, Actor, PersonRole, actor_record
from registry.domain.risk_tier import QUORUMS, RiskTier, missing_words, open_slots
from registry.domain.text import one_line
from registry.endings import end_deployments
from registry.evidence import (
    Evidence,
    StoredSignature,
    approvals,
    gather,
    require_approvable,
    require_evaluated,
    require_separation,
)
from registry.keys import Signer
from registry.ledger.store import Transaction
from registry.record import (
    Record,
    Signing,
    allowed_roles,
    apart,
    keep_signature,
    refusals_kept,
    sign_now,
    signing,
)
from registry.revalidation import approval_terms
from registry.schema import ModelVersionRow
from registry.scope import require_in_scope
from registry.signatures import Intent, Signature, Statement
from registry.tiers import tier_of
from registry.told import require_told, roster
from registry.versions import base_subjects, find, move, name_of, no_step, version_of

_CLOSED = frozenset({VersionState.REJECTED, VersionState.RETIRED})
_NEVER = "9999-12-31T23:59:59.999999Z"  # of approvals that were signed before they had an end of their own
_MAY_LAPSE = frozenset({PersonRole.SERVICE, PersonRole.QUALITY_OFFICER, PersonRole.CLINICAL_LEAD})


@dataclass(frozen=True)
class Decision:
    """A signed decision: the version after it, whether its state moved, and what is still missing for it to move."""

    act: Act
    version: ModelVersion
    role: PersonRole
    signature: str
    event_seq: int
    moved: bool
    missing: tuple[str, ...] = ()
    note: str = ""

    @property
    def says(self) -> str:
        """One phrase for a person: what was signed, and where the version stands."""
        after = f"now {self.version.state}" if self.moved else f"still {self.version.state}"
        return "; ".join(part for part in (f"'{self.act}' signed as {self.role}", after, self.note) if part)


@dataclass(frozen=True)
class _Case:
    """One decision under judgement."""

    record: Record
    tx: Transaction
    row: ModelVersionRow
    signer: Signer
    act: Act
    reason: str
    days: int | None = None


def submit(case: _Case) -> Decision:
    """Sign a version over to review."""
    who = signing(case.record, case.signer, Act.SUBMIT, case.reason)
    if case.row.state in _CLOSED or case.row.state == VersionState.APPROVED:
        raise no_step(case.row, Act.SUBMIT)
    evidence = _gather(case)
    require_evaluated(evidence, case.row, Act.SUBMIT)
    signature, event = _sign(case, who, evidence.intent(version_of(case.row), Act.SUBMIT))
    case.row.submitted_at = signature.signed_at
    return _decision(case, who, signature, event, moved=False)


def risk_review(case: _Case) -> Decision:
    """Sign a review of the risks on the current evidence; it moves a version that passed an external test."""
    who = signing(case.record, case.signer, Act.RISK_REVIEW, case.reason)
    require_separation(case.tx.session, case.row, case.signer, Act.RISK_REVIEW)
    if case.row.state in _CLOSED:
        raise no_step(case.row, Act.RISK_REVIEW)
    evidence = _gather(case)
    require_evaluated(evidence, case.row, Act.RISK_REVIEW)
    signature, event = _sign(case, who, evidence.intent(version_of(case.row), Act.RISK_REVIEW))
    moves = step(VERSION_TRANSITIONS, case.row.state, Act.RISK_REVIEW) is not None
    if moves:
        move(case.tx, case.row, Act.RISK_REVIEW, who.actor, who.reason)
    note = "" if moves else "a signed opinion for shadow use"
    return _decision(case, who, signature, event, moved=moves, note=note)


def approve(case: _Case) -> Decision:
    """Sign an approval, or its renewal; it counts once the quorum of the model's risk tier signed the same evidence."""
    tier = tier_of(case.tx.session, case.row.model).tier
    roles = allowed_roles(case.record, case.signer, Act.APPROVE, frozenset().union(*QUORUMS[tier]))
    require_separation(case.tx.session, case.row, case.signer, Act.APPROVE)
    evidence = with_card(case.tx, case.record, case.row, _gather(case))
    signed = _approvals_today(case, evidence, tier)
    role = _open_role(case, roles, tier, {had: one.statement for had, one in signed.items()})
    if case.row.state in _CLOSED:
        raise no_step(case.row, Act.APPROVE)
    require_approvable(case.tx.session, case.record, case.row, evidence)
    require_in_scope(case.tx.session, case.record.objects, case.row)
    if step(VERSION_TRANSITIONS, case.row.state, Act.APPROVE) is None:
        raise no_step(case.row, Act.APPROVE)
    who = Signing(Act.APPROVE, case.signer, role, one_line(case.reason, "reason"))
    now, evaluations = case.record.clock.now(), evidence.evaluations
    terms = approval_terms(case.tx.session, case.row, evaluations, tier, now, case.days)
    signature, event = _sign(case, who, replace(evidence.intent(version_of(case.row), Act.APPROVE), scope=terms))
    missing = missing_words(tier, {role, *signed})
    ends = min([terms["valid_until"], *(_ends(one) for one in signed.values())])
    if not missing:
        also = (Subject("valid-until", ends), Subject("tier", tier.value))
        move(case.tx, case.row, Act.APPROVE, who.actor, who.reason, also)
    note = f"still to sign: {', '.join(missing)}" if missing else f"valid until {ends}"
    return _decision(case, who, signature, event, moved=not missing, missing=missing, note=note)


def abstain(case: _Case) -> Decision:
    """Sign that one takes no part in the decision, and why; it stands beside the request and moves nothing."""
    if not case.reason.strip():
        raise UsageError("an abstention says why", mend="use --reason")
    who = signing(case.record, case.signer, Act.ABSTAIN, case.reason)
    if case.row.state in _CLOSED:
        raise no_step(case.row, Act.ABSTAIN)
    signature, event = _sign(case, who, _gather(case).intent(version_of(case.row), Act.ABSTAIN))
    return _decision(case, who, signature, event, moved=False)


def reject(case: _Case) -> Decision:
    """Sign a version off for good; its deployments in shadow end."""
    return _close(case, _gather(case).subjects)


def retire(case: _Case) -> Decision:
    """Take an approved or lapsed version out of use; it must not be running in pilot or live."""
    return _close(case, base_subjects(version_of(case.row)))


def decide(
    judge: Callable[[_Case], Decision],
    record: Record,
    name: tuple[str, str],
    act: Act,
    signer: Signer,
    reason: str,
    days: int | None = None,
) -> Decision:
    """Judge one decision in one transaction, and keep a refusal on record.

    Args:
        judge: one of this module's decisions.
        record: the record.
        name: model and version.
        act: the act.
        signer: who decides, with their key unlocked.
        reason: their words.
        days: of an approval, how many days it shall hold; the default when None.

    Raises:
        UnknownNameError: when there is no such version.
        NotAllowedError: for a role, key or separation of duties that forbids it.
        AnswerIsNoError: when the state or the evidence does not allow it, or the ledger tells another state or trainer.
    """
    with refusals_kept(record, "@".join(name), act, signer), record.ledger.transaction() as tx:
        row = find(tx.session, *name)
        require_told(tx.session, row)
        lapse_if_over(tx, row, record.clock.now())
        return judge(_Case(record, tx, row, signer, act, reason, days))


def lapse(record: Record, model: str, version: str, actor: Actor, reason: str) -> ModelVersion:
    """Let an approval lapse; the version serves again only after a new approval.

    Raises:
        UnknownNameError: when there is no such version.
        NotAllowedError: when the actor is neither a service, a quality officer nor a clinical lead.
        AnswerIsNoError: when the version is not approved, or the ledger tells another state.
    """
    if not actor.authenticated or actor.role not in {role.value for role in _MAY_LAPSE}:
        raise NotAllowedError(f"the role '{actor.role}' lets no approval lapse", mend="log in as a quality officer")
    with record.ledger.transaction() as tx:
        row = find(tx.session, model, version)
        require_told(tx.session, row)
        over = actor.role == PersonRole.SERVICE and lapse_if_over(tx, row, record.clock.now())
        if not over:
            lapse_now(tx, row, actor_record(actor), "stop", one_line(reason, "reason"))
        return version_of(row)


def _close(case: _Case, subjects: tuple[Subject, ...]) -> Decision:
    who = signing(case.record, case.signer, case.act, case.reason)
    if step(VERSION_TRANSITIONS, case.row.state, case.act) is None:
        raise no_step(case.row, case.act)
    signature, event = _sign(case, who, Intent(case.act, case.row.model, case.row.version, subjects))
    end_deployments(case.tx, case.row, who)
    move(case.tx, case.row, case.act, who.actor, who.reason)
    return _decision(case, who, signature, event, moved=True)


def _approvals_today(case: _Case, evidence: Evidence, tier: RiskTier) -> dict[PersonRole, StoredSignature]:
    """Return the approvals that count and whose own time is not over."""
    now = instant_text(case.record.clock.now())
    found = approvals(case.tx.session, case.record.people, case.row, evidence, tier)
    return {role: one for role, one in found.items() if now < _ends(one)}


def _ends(one: StoredSignature) -> str:
    return one.statement.scope.get("valid_until", _NEVER)


def _open_role(
    case: _Case, roles: tuple[PersonRole, ...], tier: RiskTier, signed: dict[PersonRole, Statement]
) -> PersonRole:
    """Return the role that the signer may fill: one whose place is open, by somebody who did not sign yet."""
    what = f"the approval of {name_of(case.row)}"
    able = apart(roster(case.tx.session), case.signer, roles, signed.values(), what)
    wanted: frozenset[PersonRole] = frozenset().union(*open_slots(tier, signed))
    free = [role for role in able if role in wanted]
    if not free:
        raise AnswerIsNoError(f"the approval of {name_of(case.row)} as {roles[0]} is signed already")
    return free[0]


def _gather(case: _Case) -> Evidence:
    return gather(case.tx.session, case.record.objects, case.row)


def _sign(case: _Case, who: Signing, intent: Intent) -> tuple[Signature, Event]:
    signature = sign_now(case.record, who, intent)
    subjects = (
        Subject("version", name_of(case.row), case.row.artifact_digest),
        Subject("signature", intent.act.value, signature.digest),
        Subject("evidence", intent.act.value, intent.evidence_digest),
    )
    payload = {
        "model": case.row.model,
        "version": case.row.version,
        "act": intent.act.value,
        "signature": signature.digest,
        "signed_at": instant_text(signature.statement.signed_at),
    }
    event = case.tx.append(EventDraft("version.signed", who.actor, subjects, payload, who.reason))
    keep_signature(case.tx, signature, intent, event.seq)
    return signature, event


def _decision(
    case: _Case,
    who: Signing,
    signature: Signature,
    event: Event,
    *,
    moved: bool,
    missing: tuple[str, ...] = (),
    note: str = "",
) -> Decision:
    version = version_of(case.row)
    return Decision(case.act, version, who.role, signature.digest, event.seq, moved, missing, note)
