"""A model's risk tier: declared by signature, raised by one, lowered only by the quorum of the tier that it leaves.

What counts is what the ledger tells; no row holds a tier, so none can be edited.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.database import reading
from registry.domain.digest import digest_value
from registry.domain.errors import AnswerIsNoError, NotAllowedError, UnknownNameError, UsageError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.person import Act, PersonRole
from registry.domain.risk_tier import DEFAULT_TIER, QUORUMS, RiskTier, is_lower, missing_words, quorum_met
from registry.domain.roster import Roster
from registry.domain.text import one_line
from registry.history import told_events
from registry.keys import Signer
from registry.record import Record, Signing, allowed_roles, keep_signature, refusals_kept, sign_now
from registry.schema import ModelVersionRow
from registry.signatures import Intent
from registry.told import roster
from registry.versions import find, name_of

SIGNED = "tier.signed"


@dataclass(frozen=True)
class TierStanding:
    """Where a model's tier stands.

    Attributes:
        tier: the tier in force; the default one where nobody declared any.
        since: when it was declared (UTC text), None while it is the default.
        lowering: by lower tier and role the humans behind the signatures towards it that are not yet a quorum.
    """

    tier: RiskTier = DEFAULT_TIER
    since: str | None = None
    lowering: Mapping[RiskTier, Mapping[PersonRole, frozenset[str]]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "tier": self.tier.value,
            "declared_at": self.since,
            "quorum": list(missing_words(self.tier, ())),
            "lowering": {tier.value: sorted(role.value for role in who) for tier, who in self.lowering.items()},
        }


@dataclass(frozen=True)
class TierSigned:
    """What a signature on a tier did: whether the tier changed, and whose signatures a lower one still lacks."""

    model: str
    before: RiskTier
    standing: TierStanding
    signature: str
    missing: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """One phrase for a person."""
        if self.missing:
            return f"tier {self.before} until the lowering is signed by: {', '.join(self.missing)}"
        return f"tier {self.standing.tier} (before: {self.before})"


def tier_of(session: Session, model: str, before: int | None = None) -> TierStanding:
    """Return where a model's tier stands, or stood before an event of the ledger.

    Raises:
        LedgerBrokenError: when an event that tells of it is not what was signed.
    """
    found, people = TierStanding(), roster(session)
    for event, payload in told_events(session, (SIGNED,)):
        if payload["model"] == model and (before is None or event.seq < before):
            found = _after(found, event, RiskTier(payload["tier"]), people)
    return found


def standing_of(record: Record, model: str) -> TierStanding:
    """Return where a model's tier stands now."""
    with reading(record.ledger.engine) as session:
        return tier_of(session, model)


def sign_tier(record: Record, model: str, tier: str, signer: Signer, reason: str) -> TierSigned:
    """Sign a model into a risk tier; a higher or the same one holds at once, a lower one once its quorum signed.

    Raises:
        UnknownNameError: when there is no such model or tier.
        UsageError: when no reason is given.
        NotAllowedError: for a role or key that forbids it, who trained the model and would lower its tier, or who
            signed the lowering already.
        AnswerIsNoError: when the place of the signer's role is filled.
    """
    if tier not in list(RiskTier):
        raise UnknownNameError.of("risk tier", tier, [one.value for one in RiskTier], mend="low, medium or high")
    reason = one_line(reason, "reason")
    if not reason.strip():
        raise UsageError("a risk tier is declared with a reason", mend="use --reason")
    asked = RiskTier(tier)
    with reading(record.ledger.engine) as session:
        newest = find(session, model)
    with refusals_kept(record, name_of(newest), Act.DECLARE_TIER, signer), record.ledger.transaction() as tx:
        now = tier_of(tx.session, model)
        role = _role(tx.session, record, model, now, asked, signer)
        who = Signing(Act.DECLARE_TIER, signer, role, reason)
        scope = {"tier": asked.value, "from": now.tier.value}
        subject = Subject("tier", model, digest_value([model, asked.value]))
        intent = Intent(Act.DECLARE_TIER, model, "tier", (subject,), scope)
        signature = sign_now(record, who, intent)
        subjects = (subject, Subject("signature", Act.DECLARE_TIER.value, signature.digest))
        payload = {"model": model, "tier": asked.value, "signature": signature.digest}
        event = tx.append(EventDraft(SIGNED, who.actor, subjects, payload, reason))
        keep_signature(tx, signature, intent, event.seq)
        after = _after(now, event, asked, roster(tx.session))
    waits = after.tier != asked
    missing = missing_words(now.tier, after.lowering.get(asked, {})) if waits else ()
    return TierSigned(model, now.tier, after, signature.digest, missing)


def _after(now: TierStanding, event: Event, asked: RiskTier, people: Roster) -> TierStanding:
    """Return the standing after one more signature."""
    if not is_lower(asked, now.tier):
        return TierStanding(asked, event.record["at"])
    actor = event.record["actor"]
    behind = people.humans(actor["person"], actor.get("acting_for", ""))
    signed = dict(now.lowering.get(asked, {})) | {PersonRole(actor["role"]): behind}
    if quorum_met(now.tier, signed):
        return TierStanding(asked, event.record["at"])
    return TierStanding(now.tier, now.since, {**now.lowering, asked: signed})


def _role(
    session: Session, record: Record, model: str, now: TierStanding, asked: RiskTier, signer: Signer
) -> PersonRole:
    """Return the role in which a person signs: any that may, for a lower tier one that its quorum still lacks."""
    roles = allowed_roles(record, signer, Act.DECLARE_TIER)
    if not is_lower(asked, now.tier):
        return roles[0]
    people, signed = roster(session), dict(now.lowering.get(asked, {}))
    trainers = session.scalars(select(ModelVersionRow.trained_by).where(ModelVersionRow.model == model))
    taken, trained = frozenset[str]().union(*signed.values()), people.humans(*trainers)
    behind = {role: people.humans(signer.person.person, signer.acting_for(role)) for role in roles}
    apart = [role for role in roles if not behind[role] & trained]
    if not apart:
        raise NotAllowedError(
            f"{signer.person.person}, or whom they act for, trained {model} and may not lower its risk tier",
            mend="let another person sign",
        )
    able = [role for role in apart if not behind[role] & taken]
    if not able:
        raise NotAllowedError(
            f"{signer.person.person}, or whom they act for, signed this already",
            mend="the other roles take other persons",
        )
    free = [role for slot in QUORUMS[now.tier] if not slot & set(signed) for role in able if role in slot]
    if not free:
        wanted = ", ".join(missing_words(now.tier, signed))
        raise AnswerIsNoError(f"the lower risk tier of {model} is signed as {roles[0]} already; it lacks: {wanted}")
    return free[0]
