"""What every act on the record needs, and the two habits that all acts share: roles are checked, refusals are kept."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from registry.domain.errors import AnswerIsNoError, IncompleteError, LedgerBrokenError, NotAllowedError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text, parse_instant
from registry.domain.person import MAY_SIGN, NEVER_BLOCKED, Act, PersonRole, actor_record
from registry.domain.ports import Clock, ObjectStore
from registry.domain.roster import Roster
from registry.domain.text import MAX_LETTERS, one_line
from registry.keys import Signer
from registry.ledger.store import Ledger, Transaction
from registry.people import People
from registry.schema import SignatureRow
from registry.signatures import Intent, Signature, Statement, sign

FRESH = timedelta(minutes=10)  # how long a proof of who somebody is stays good for a signature (21 CFR 11.200(a)(1))
SKEW = timedelta(minutes=5)  # by which clocks of one workspace may differ


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


def allowed_roles(
    record: Record, signer: Signer, act: Act, among: frozenset[PersonRole] | None = None
) -> tuple[PersonRole, ...]:
    """Return the roles in which a signer may sign an act now: their own, then those in which they are a deputy.

    Args:
        record: the record.
        signer: who signs.
        act: what.
        among: narrows the roles that the act allows in general.

    Raises:
        NotAllowedError: when the key or the person no longer counts, no role of theirs may sign the act, or they lack
            the training that it needs; a stop needs no training.
    """
    record.people.check_signer(signer)
    held = record.people.get(signer.person.person).roles
    acting = record.people.acts_for(signer.person.person)
    deputy = (role for role in acting if role not in held and signer.acting_for(role) == acting[role])
    may = MAY_SIGN[act] if among is None else MAY_SIGN[act] & among
    found = tuple(role for role in (*held, *deputy) if role in may)
    if not found:
        wanted = " or ".join(sorted(role.value for role in may))
        have = ", ".join(role.value for role in held) or "no role"
        raise NotAllowedError(
            f"{signer.person.person} ({have}) may not sign '{act}'", mend=f"it takes the signature of a {wanted}"
        )
    if act in NEVER_BLOCKED:
        return found
    _require_fresh(record, signer, act)
    return _trained(record, signer.person.person, act, found)


def _require_fresh(record: Record, signer: Signer, act: Act) -> None:
    """Refuse a signer who proved who they are too long ago, or only for a stop, and any while the clock is set back.

    Raises:
        NotAllowedError: saying which.
    """
    now, who = record.clock.now(), signer.person.person
    if signer.urgent:
        raise NotAllowedError(f"{who} authenticated for a stop alone", mend="authenticate again")
    since = now - parse_instant(signer.proof["at"]) if signer.proof else timedelta.max
    if not timedelta(0) <= since <= FRESH:
        raise NotAllowedError(
            f"{who} authenticated too long ago to sign '{act}'", mend="signing asks for the passphrase each time"
        )
    newest = record.ledger.events(last=1)
    if newest and parse_instant(newest[0].record["at"]) > now + SKEW:
        raise NotAllowedError(
            "the clock stands before the newest event of the ledger", mend="set the clock; `overread doctor` checks it"
        )


def _trained(record: Record, person: str, act: Act, roles: tuple[PersonRole, ...]) -> tuple[PersonRole, ...]:
    """Return the roles for which a person's training counts today.

    Raises:
        NotAllowedError: when it counts for none.
    """
    told, now = record.people.roster(), instant_text(record.clock.now())
    lacks = {role: told.lack(person, role.value, now) for role in roles}
    found = tuple(role for role in roles if not lacks[role])
    if not found:
        raise NotAllowedError(
            f"{person} may not sign '{act}' as {roles[0]}: {lacks[roles[0]]}",
            mend="see `overread people train`, and `accept`",
        )
    return found


def signing(
    record: Record, signer: Signer, act: Act, reason: str, among: frozenset[PersonRole] | None = None
) -> Signing:
    """Let a signer take up an act in the first role of theirs that allows it (of some roles).

    Raises:
        NotAllowedError: as `allowed_roles` does.
        UsageError: when the reason cannot be kept.
    """
    return Signing(act, signer, allowed_roles(record, signer, act, among)[0], one_line(reason, "reason"))


def apart(
    told: Roster, signer: Signer, roles: Iterable[PersonRole], signed: Iterable[Statement], what: str
) -> tuple[PersonRole, ...]:
    """Return the roles in which a signer can sign beside others: no human stands behind two of the signatures.

    Args:
        told: who is who.
        signer: who is about to sign; in a deputy's role the human they act for stands behind it too.
        roles: in which they may sign.
        signed: the statements of the other signatures.
        what: what they signed, in words.

    Raises:
        NotAllowedError: when there is none.
    """
    person = signer.person.person
    others = frozenset[str]().union(*(told.humans(one.person, one.acting_for) for one in signed))
    found = tuple(role for role in roles if not others & told.humans(person, signer.acting_for(role)))
    if not found:
        who = f"{person}, or whom they act for," if signer.deputy_for else person
        raise NotAllowedError(f"{who} signed {what} already", mend="the other role takes another person")
    return found


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
