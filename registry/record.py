"""What every act on the record needs, and the two habits that all acts share: roles are checked, refusals are kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from registry.domain.errors import AnswerIsNoError, IncompleteError, LedgerBrokenError, NotAllowedError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import MAY_SIGN, Act, PersonRole, actor_record
from registry.domain.ports import Clock, ObjectStore
from registry.domain.text import MAX_LETTERS, one_line
from registry.keys import Signer
from registry.ledger.store import Ledger, Transaction
from registry.people import People
from registry.schema import SignatureRow
from registry.signatures import Intent, Signature, sign


@dataclass(frozen=True)
class Record:
    """The ledger, the persons, the objects and the clock of one workspace."""

    ledger: Ledger
    people: People
    objects: ObjectStore
    clock: Clock


@dataclass(frozen=True)
class Signing:
    """A person who is about to sign an act: the act, the unlocked key, the role that allows it, the reason."""

    act: Act
    signer: Signer
    role: PersonRole
    reason: str

    @property
    def actor(self) -> dict[str, str]:
        """The actor as it stands in an event."""
        return actor_record(self.signer.actor(self.role))


def allowed_roles(record: Record, signer: Signer, act: Act) -> tuple[PersonRole, ...]:
    """Return the roles in which a signer may sign an act now.

    Raises:
        NotAllowedError: when the key or the person no longer counts, or no role of theirs may sign the act.
    """
    record.people.check_signer(signer)
    held = record.people.get(signer.person.person).roles
    found = tuple(role for role in held if role in MAY_SIGN[act])
    if not found:
        wanted = " or ".join(sorted(role.value for role in MAY_SIGN[act]))
        have = ", ".join(role.value for role in held) or "no role"
        raise NotAllowedError(
            f"{signer.person.person} ({have}) may not sign '{act}'", mend=f"it takes the signature of a {wanted}"
        )
    return found


def signing(record: Record, signer: Signer, act: Act, reason: str) -> Signing:
    """Let a signer take up an act in the first role of theirs that allows it.

    Raises:
        NotAllowedError: as `allowed_roles` does.
        UsageError: when the reason cannot be kept.
    """
    return Signing(act, signer, allowed_roles(record, signer, act)[0], one_line(reason, "reason"))


def sign_now(record: Record, who: Signing, intent: Intent) -> Signature:
    """Sign an intent at this instant and this size of the ledger."""
    size = record.ledger.head().size
    return sign(intent, who.signer, who.role, at=record.clock.now(), ledger_size=size, reason=who.reason)


def keep_signature(tx: Transaction, signature: Signature, intent: Intent, event_seq: int) -> None:
    """Put a signature's envelope on record beside the event that tells of it."""
    statement = signature.statement
    tx.session.add(
        SignatureRow(
            digest=signature.digest,
            model=intent.model,
            version=intent.version,
            act=intent.act.value,
            person=statement.person,
            role=statement.role.value,
            key_id=statement.key_id,
            meaning=statement.meaning,
            signed_at=signature.signed_at,
            evidence_digest=intent.evidence_digest,
            envelope=signature.envelope,
            event_seq=event_seq,
        )
    )


@contextmanager
def refusals_kept(record: Record, name: str, act: Act, signer: Signer) -> Iterator[None]:
    """Put a decision that is refused on record, in a transaction of its own; the refusal is raised all the same.

    Args:
        record: where to keep it.
        name: `model@version`, a version that exists.
        act: the act that was asked for.
        signer: who asked.
    """
    try:
        yield
    except LedgerBrokenError:
        raise
    except (AnswerIsNoError, IncompleteError, NotAllowedError) as refusal:
        _keep_refusal(record, name, act, signer, refusal.line())
        raise


def _keep_refusal(record: Record, name: str, act: Act, signer: Signer, why: str) -> None:
    model, _, version = name.rpartition("@")
    role = signer.person.roles[0].value if signer.person.roles else "none"
    actor = {"person": signer.person.person, "role": role, "auth": "signature"}
    why = one_line(why[:MAX_LETTERS], "refusal")
    payload = {"model": model, "version": version, "act": act.value, "why": why}
    draft = EventDraft("version.decision_refused", actor, (Subject("version", name),), payload, outcome="refused")
    with record.ledger.transaction() as tx:
        tx.append(draft)
