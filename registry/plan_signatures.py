"""What the signatures on a plan have in common, of a change plan and of a monitoring plan: two roles, two persons.

A plan stands where a signature names a version: `plan-NUMBER`, as no version is called.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.domain.errors import AnswerIsNoError
from registry.domain.person import PersonRole
from registry.evidence import StoredSignature, verified
from registry.keys import Signer
from registry.people import People
from registry.record import apart
from registry.schema import SignatureRow
from registry.signatures import Intent, require_match


class Named(Protocol):
    """A plan as it is called on pages."""

    @property
    def name(self) -> str:
        """Its name, with its number."""
        ...


P = TypeVar("P", bound=Named)


@dataclass(frozen=True)
class PlanSigned(Generic[P]):
    """What a signature on a plan did: by which role, whether the plan is in force now, and who is still to sign."""

    plan: P
    role: PersonRole
    digest: str
    adopted: bool
    missing: tuple[str, ...]

    @property
    def says(self) -> str:
        """One sentence for a person."""
        state = "adopted" if self.adopted else f"still to sign: {', '.join(self.missing)}"
        return f"{self.plan.name} signed as {self.role}; {state}"


def version_text(number: int) -> str:
    """Return what stands in a signature's place for a version."""
    return f"plan-{number}"


def signature_rows(session: Session, model: str, number: int) -> list[SignatureRow]:
    """Return the signatures on a plan's number, whatever content they signed, oldest first."""
    same = (SignatureRow.model == model, SignatureRow.version == version_text(number))
    return list(session.scalars(select(SignatureRow).where(*same).order_by(SignatureRow.event_seq)))


def signatures_of(session: Session, people: People, intent: Intent) -> dict[PersonRole, StoredSignature]:
    """Return the signatures of exactly this content by role, each verified.

    Raises:
        SignatureBrokenError: when one does not hold, or was moved.
    """
    number = int(intent.version.removeprefix("plan-"))
    found = {}
    for row in signature_rows(session, intent.model, number):
        one = verified(people, row)
        if one.evidence_digest == intent.evidence_digest:
            require_match(one.statement, intent)
            found[one.statement.role] = one
    return found


def open_role(
    people: People,
    plan: Named,
    signer: Signer,
    roles: tuple[PersonRole, ...],
    signed: Mapping[PersonRole, StoredSignature],
) -> PersonRole:
    """Return the role in which a person signs a plan.

    Raises:
        NotAllowedError: when the person signed it already.
        AnswerIsNoError: when it is signed in every role that the person has.
    """
    able = apart(people.roster(), signer, roles, (one.statement for one in signed.values()), plan.name)
    free = [role for role in able if role not in signed]
    if not free:
        raise AnswerIsNoError(f"{plan.name} is signed as {roles[0]} already")
    return free[0]


def require_same_content(session: Session, plan: Named, intent: Intent, mend: str) -> None:
    """Refuse a plan whose number was signed with other content.

    Raises:
        AnswerIsNoError: then; a signed plan is never changed.
    """
    number = int(intent.version.removeprefix("plan-"))
    if {row.evidence_digest for row in signature_rows(session, intent.model, number)} - {intent.evidence_digest}:
        raise AnswerIsNoError(
            f"{plan.name} was signed with other content, and a signed plan is never changed", mend=mend
        )
