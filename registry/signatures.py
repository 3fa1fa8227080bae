"""Signatures of persons over acts: an in-toto Statement v1 in a DSSE envelope.

The statement names what is signed by digest, who signs in which role and with which meaning, when, and at which size of
the ledger (21 CFR 11.50, 11.70). It is bound to one act on one version, and for a deployment to its site and mode, so
that it holds nowhere else.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from registry.domain.digest import PREFIX, digest_bytes, digest_hex, digest_value
from registry.domain.errors import SignatureBrokenError
from registry.domain.event import Subject
from registry.domain.instants import instant_text, parse_instant
from registry.domain.person import MAY_SIGN, Act, PersonKey, PersonRole
from registry.dsse import IN_TOTO, open_envelope, payload_of, seal_envelope
from registry.keys import Signer, signature_holds

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:overread:signature:1"
MEANINGS: Mapping[Act, str] = {
    Act.SUBMIT: "authorship: submits this version for review",
    Act.RISK_REVIEW: "review: has reviewed the risks on this evidence",
    Act.APPROVE: "approval: approves this version for clinical use on this evidence",
    Act.REJECT: "rejection: this version shall not be used",
    Act.RETIRE: "responsibility: takes this version out of use",
    Act.DEPLOY: "responsibility: lets this version run at the site in this mode",
    Act.STOP: "responsibility: stops this version at the site",
    Act.RESUME: "responsibility: lets this version run again at the site",
    Act.SUSPEND_STRATUM: "responsibility: suspends this version in one stratum of the site",
    Act.RESUME_STRATUM: "responsibility: lets this version count again in one stratum of the site",
    Act.ADOPT_PLAN: "approval: adopts this plan",
    Act.ACKNOWLEDGE: "responsibility: takes this alert up",
    Act.RESOLVE: "responsibility: has dealt with this alert",
    Act.ERASE: "responsibility: erases the payload of this event for good",
    Act.ABSTAIN: "abstention: has seen the request and takes no part in the decision",
    Act.LAPSE: "responsibility: ends the approval of this version",
    Act.DECLARE_TIER: "responsibility: places this model in this risk tier",
    Act.BREAK_GLASS: "responsibility: lets this version run in an emergency, for a limited time",
    Act.COUNTERSIGN: "review: confirms the emergency use of this version",
    Act.HOLD: "responsibility: holds what these events tell, or releases it",
    Act.CONTINUE_LEDGER: "responsibility: lets the record go on without the events that were lost",
    Act.SET_STOP_RULE: "responsibility: sets when this version stops by itself at the site",
}


class KeyBook(Protocol):
    """Knows the keys and roles of persons in time.

    * `key` returns expired and revoked keys too: signatures made before stay valid.
    """

    def key(self, key_id: str) -> PersonKey | None:
        """Return the public key of an id, or None when it was never issued."""
        ...

    def held(self, person: str, role: PersonRole, at: datetime) -> bool:
        """Say whether a person held a role at an instant."""
        ...

    def deputised(self, deputy: str, person: str, role: PersonRole, at: datetime) -> bool:
        """Say whether somebody acted for a person in a role at an instant."""
        ...


@dataclass(frozen=True)
class Intent:
    """What a signature is for: an act on a version, over subjects, within a scope such as a site and a mode."""

    act: Act
    model: str
    version: str
    subjects: tuple[Subject, ...]
    scope: Mapping[str, str] = field(default_factory=dict)

    @property
    def evidence_digest(self) -> str:
        """Digest of what is signed (see `evidence_digest`)."""
        return evidence_digest(self.subjects)


@dataclass(frozen=True)
class Statement:
    """A signed statement, read back."""

    act: Act
    meaning: str
    printed_name: str
    person: str
    role: PersonRole
    signed_at: datetime
    model: str
    version: str
    nonce: str
    ledger_size: int
    reason: str
    scope: Mapping[str, str]
    subjects: tuple[tuple[str, str], ...]
    key_id: str
    acting_for: str = ""
    proof: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Signature:
    """A signature that was just made: its statement, the envelope's bytes and their digest."""

    statement: Statement
    envelope: bytes

    @property
    def digest(self) -> str:
        """Digest of the envelope: the signature's name in the record."""
        return digest_bytes(self.envelope)

    @property
    def signed_at(self) -> str:
        """The instant of signing, as text."""
        return instant_text(self.statement.signed_at)


def evidence_digest(subjects: Iterable[Subject]) -> str:
    """Return the digest of the sorted digests of all subjects that have one."""
    return digest_value(sorted({subject.digest for subject in subjects if subject.digest is not None}))


def sign(
    intent: Intent, signer: Signer, role: PersonRole, *, at: datetime, ledger_size: int, reason: str = ""
) -> Signature:
    """Sign an intent with an unlocked key.

    Args:
        intent: the act and what it is about; every subject has a digest.
        signer: the person, present with their key.
        role: the role in which the person signs.
        at: the instant of signing.
        ledger_size: the number of events in the ledger at that instant.
        reason: the person's own words.
    """
    predicate = {
        "act": intent.act.value,
        "meaning": MEANINGS[intent.act],
        "printed_name": signer.person.printed_name,
        "person": signer.person.person,
        "role": role.value,
        "signed_at": instant_text(at),
        "model": intent.model,
        "version": intent.version,
        "nonce": secrets.token_hex(16),
        "ledger_size": ledger_size,
        "reason": reason,
        "scope": dict(intent.scope),
        **_said(acting_for=signer.acting_for(role), proof=dict(signer.proof)),
    }
    subjects = [{"name": name, "digest": {"sha256": digest_hex(value)}} for name, value in _named(intent.subjects)]
    record = {"_type": STATEMENT_TYPE, "subject": subjects, "predicateType": PREDICATE_TYPE, "predicate": predicate}
    return Signature(_statement(record, signer.key.key_id), seal_envelope(IN_TOTO, record, signer))


def verify(envelope: bytes, book: KeyBook) -> Statement:
    """Verify an envelope: the key is on record and was valid, the person held the role, the role may sign the act.

    Raises:
        SignatureBrokenError: saying which of these does not hold.
    """
    opened = open_envelope(envelope, IN_TOTO)
    key = book.key(opened.key_id)
    if key is None:
        raise SignatureBrokenError("a signature was made with a key that was never issued")
    if not signature_holds(key, opened.signature, opened.signed_bytes):
        raise SignatureBrokenError("a signature does not hold for its statement", mend="sign again")
    statement = _statement(payload_of(opened), opened.key_id)
    _require_standing(statement, key, book)
    return statement


def read_statement(envelope: bytes) -> Statement:
    """Return what an envelope states, without verifying that it holds.

    Raises:
        SignatureBrokenError: when it is no signed statement.
    """
    opened = open_envelope(envelope, IN_TOTO)
    return _statement(payload_of(opened), opened.key_id)


def require_match(statement: Statement, intent: Intent) -> None:
    """Refuse a statement that is not exactly about an intent.

    Raises:
        SignatureBrokenError: when the act, version, scope or subjects are others.
    """
    _require_same_act(statement, intent)
    if statement.subjects != _named(intent.subjects):
        raise SignatureBrokenError(f"a signature of '{intent.act}' covers other evidence", mend="sign again")


def require_covers(statement: Statement, intent: Intent) -> None:
    """Refuse a statement about another act, version or scope, or that leaves out one of the intent's subjects.

    Raises:
        SignatureBrokenError: when the act, version or scope are others, or a subject is missing or differs.
    """
    _require_same_act(statement, intent)
    missing = set(_named(intent.subjects)) - set(statement.subjects)
    if missing:
        names = ", ".join(sorted(name for name, _ in missing))
        raise SignatureBrokenError(f"a signature of '{intent.act}' does not cover: {names}", mend="sign again")


def _require_same_act(statement: Statement, intent: Intent) -> None:
    found = (statement.act, statement.model, statement.version, dict(statement.scope))
    if found != (intent.act, intent.model, intent.version, dict(intent.scope)):
        raise SignatureBrokenError(
            f"a signature is not for '{intent.act}' of {intent.model}@{intent.version}", mend="sign again"
        )


def _require_standing(statement: Statement, key: PersonKey, book: KeyBook) -> None:
    person, role, at = statement.person, statement.role, statement.signed_at
    if key.person != person:
        raise SignatureBrokenError(f"a signature names {person} but was made with another person's key")
    if not key.valid_at(at):
        raise SignatureBrokenError(f"the key of {person} was not valid at {instant_text(at)}")
    if role not in MAY_SIGN[statement.act] or not _filled(statement, book):
        raise SignatureBrokenError(f"{person} could not sign '{statement.act}' as {role} at {instant_text(at)}")


def _filled(statement: Statement, book: KeyBook) -> bool:
    """Say whether the role was the signer's own, or that of whom they say to act for."""
    person, role, at = statement.person, statement.role, statement.signed_at
    if statement.acting_for:
        return book.deputised(person, statement.acting_for, role, at)
    return book.held(person, role, at)


def _said(**values: Any) -> dict[str, Any]:
    """Return what is not empty: what a statement does not need to say, it leaves out."""
    return {name: value for name, value in values.items() if value}


def _named(subjects: Iterable[Subject]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((f"{subject.kind}:{subject.name}", str(subject.digest)) for subject in subjects))


def _statement(record: Any, key_id: str) -> Statement:
    try:
        if (record["_type"], record["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
            raise SignatureBrokenError("a signed statement of another type")
        fields = dict(record["predicate"])
        subjects = tuple((row["name"], PREFIX + row["digest"]["sha256"]) for row in record["subject"])
        fields["act"], fields["role"] = Act(fields["act"]), PersonRole(fields["role"])
        fields["signed_at"] = parse_instant(str(fields["signed_at"]))
        return Statement(**fields, subjects=subjects, key_id=key_id)
    except (KeyError, TypeError, ValueError) as error:
        raise SignatureBrokenError("a signed statement lacks what it must say") from error
