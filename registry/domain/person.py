"""Persons, roles, signing keys, and which role may do what.

A person is not an account; ids are never reused. The roles are those of the design's governance document, plus the
administrator that `overread init` makes, who may enrol people and can sign nothing, and the auditor, who reads the
audit log and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MIN_PASSPHRASE = 15  # characters; NIST SP 800-63B-4 3.1.1.2, ASVS 5.0 6.2.1


class PersonRole(StrEnum):
    """What a person may be appointed to."""

    ENGINEER = "engineer"
    VALIDATOR = "validator"
    QUALITY_OFFICER = "quality officer"
    CLINICAL_LEAD = "clinical lead"
    COMPLIANCE = "compliance"
    OVERSIGHT = "oversight"
    SERVICE = "service"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class Act(StrEnum):
    """Acts that need a signature."""

    SUBMIT = "submit"
    RISK_REVIEW = "risk-review"
    APPROVE = "approve"
    REJECT = "reject"
    RETIRE = "retire"
    DEPLOY = "deploy"
    STOP = "stop"
    RESUME = "resume"
    SUSPEND_STRATUM = "suspend-stratum"
    RESUME_STRATUM = "resume-stratum"
    ADOPT_PLAN = "adopt-plan"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    ERASE = "erase"
    ABSTAIN = "abstain"
    LAPSE = "lapse"
    DECLARE_TIER = "declare-tier"
    BREAK_GLASS = "break-glass"
    COUNTERSIGN = "countersign"
    SET_STOP_RULE = "set-stop-rule"
    CONTINUE_LEDGER = "continue-ledger"
    HOLD = "hold"


@dataclass(frozen=True)
class Actor:
    """Who does something: the person, in which role, and how they proved who they are.

    `auth` is `signature` (the person's key, unlocked now), `session` (a token of `overread login`), `schedule` (a run
    that a schedule of theirs started, by its signed ticket), `service` (Overread itself, by the workspace's keys), or
    `local` (unauthenticated use of this workspace). A deputy names whom they act for.
    """

    person: str
    role: str
    auth: str
    acting_for: str = ""

    @property
    def authenticated(self) -> bool:
        """Say whether the person, or Overread itself, proved who they are at this moment."""
        return self.auth in {"signature", "session", "service"}


UNAUTHENTICATED = Actor("unauthenticated", "none", "local")
SERVICE = Actor("overread", PersonRole.SERVICE.value, "service")
LOCAL_ADMINISTRATOR = Actor("administrator", PersonRole.ADMINISTRATOR.value, "local")


@dataclass(frozen=True)
class Person:
    """A natural person, with the printed name that every signature shows (21 CFR 11.50)."""

    person: str
    printed_name: str
    roles: tuple[PersonRole, ...]
    active: bool = True


@dataclass(frozen=True)
class PersonKey:
    """A person's Ed25519 public key and the time in which its signatures count."""

    key_id: str
    person: str
    public_key: bytes
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None = None

    def valid_at(self, instant: datetime) -> bool:
        """Say whether a signature made at `instant` counts."""
        revoked = self.revoked_at is not None and self.revoked_at <= instant
        return self.not_before <= instant < self.not_after and not revoked


_JUDGES = frozenset({PersonRole.QUALITY_OFFICER, PersonRole.CLINICAL_LEAD, PersonRole.VALIDATOR, PersonRole.OVERSIGHT})
MAY_SIGN: Mapping[Act, frozenset[PersonRole]] = {
    Act.SUBMIT: frozenset({PersonRole.ENGINEER}),
    Act.RISK_REVIEW: frozenset({PersonRole.VALIDATOR, PersonRole.QUALITY_OFFICER}),
    Act.APPROVE: _JUDGES,  # in which of these roles, the model's risk tier says (registry.domain.risk_tier)
    Act.REJECT: frozenset({PersonRole.VALIDATOR, PersonRole.QUALITY_OFFICER, PersonRole.CLINICAL_LEAD}),
    Act.RETIRE: frozenset({PersonRole.QUALITY_OFFICER, PersonRole.CLINICAL_LEAD}),
    Act.DEPLOY: frozenset({PersonRole.CLINICAL_LEAD}),
    Act.STOP: frozenset({PersonRole.CLINICAL_LEAD, PersonRole.QUALITY_OFFICER, PersonRole.OVERSIGHT}),
    Act.RESUME: frozenset({PersonRole.CLINICAL_LEAD, PersonRole.QUALITY_OFFICER}),  # whom the stop named of the two
    Act.SUSPEND_STRATUM: frozenset({PersonRole.CLINICAL_LEAD, PersonRole.QUALITY_OFFICER, PersonRole.OVERSIGHT}),
    Act.RESUME_STRATUM: frozenset({PersonRole.CLINICAL_LEAD, PersonRole.QUALITY_OFFICER}),
    Act.ADOPT_PLAN: frozenset({PersonRole.QUALITY_OFFICER, PersonRole.CLINICAL_LEAD}),
    Act.ACKNOWLEDGE: frozenset({PersonRole.CLINICAL_LEAD, PersonRole.QUALITY_OFFICER, PersonRole.OVERSIGHT}),
    Act.RESOLVE: frozenset({PersonRole.CLINICAL_LEAD, PersonRole.QUALITY_OFFICER, PersonRole.OVERSIGHT}),
    Act.ERASE: frozenset({PersonRole.COMPLIANCE, PersonRole.QUALITY_OFFICER}),
    Act.ABSTAIN: _JUDGES,
    Act.LAPSE: frozenset({PersonRole.QUALITY_OFFICER, PersonRole.CLINICAL_LEAD, PersonRole.OVERSIGHT}),
    Act.DECLARE_TIER: _JUDGES,
    Act.BREAK_GLASS: frozenset({PersonRole.CLINICAL_LEAD}),
    Act.COUNTERSIGN: _JUDGES - {PersonRole.CLINICAL_LEAD},
    Act.SET_STOP_RULE: frozenset({PersonRole.CLINICAL_LEAD, PersonRole.QUALITY_OFFICER, PersonRole.OVERSIGHT}),
    Act.HOLD: frozenset({PersonRole.COMPLIANCE, PersonRole.QUALITY_OFFICER}),
    Act.CONTINUE_LEDGER: frozenset({PersonRole.QUALITY_OFFICER, PersonRole.CLINICAL_LEAD, PersonRole.COMPLIANCE}),
}

# Roles that no person holds beside another: who administers or audits signs nothing, and a service is nobody.
ALONE: frozenset[PersonRole] = frozenset({PersonRole.ADMINISTRATOR, PersonRole.SERVICE, PersonRole.AUDITOR})

# Acts that protect patients: no expired training, locked account or wrong clock keeps a person from them.
NEVER_BLOCKED: frozenset[Act] = frozenset({Act.STOP, Act.SUSPEND_STRATUM})

# Roles without which no version is released: somebody submits, somebody answers for quality, somebody for patients.
RELEASE_ROLES: tuple[PersonRole, ...] = (PersonRole.ENGINEER, PersonRole.QUALITY_OFFICER, PersonRole.CLINICAL_LEAD)

# Approval needs one signature of each of these roles, by different persons (APP-03); in the highest risk tier one more.
APPROVAL_QUORUM: tuple[PersonRole, ...] = (PersonRole.QUALITY_OFFICER, PersonRole.CLINICAL_LEAD)

# A change plan is adopted by one signature of each of these roles, by different persons.
PLAN_QUORUM: tuple[PersonRole, ...] = APPROVAL_QUORUM

# Acts that whoever trained, or already judged, the version may not sign (APP-02, 21 CFR 11.10(g)).
SEPARATED_FROM_TRAINER: frozenset[Act] = frozenset({Act.RISK_REVIEW, Act.APPROVE, Act.BREAK_GLASS, Act.COUNTERSIGN})


def actor_record(actor: Actor) -> dict[str, str]:
    """Return an actor as it stands in an event; of a deputy, with whom they act for."""
    record = {"person": actor.person, "role": actor.role, "auth": actor.auth}
    return record | ({"acting_for": actor.acting_for} if actor.acting_for else {})
