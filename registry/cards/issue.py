"""Declaring, issuing and requiring cards; each is an event, and the card itself an object under its digest."""

from dataclasses import dataclass

from registry.cards.build import build_card
from registry.cards.claims import contradictions
from registry.cards.declaration import Json, declaration_from
from registry.cards.told import DECLARED, ISSUED, IssuedCard, StoredDeclaration, issued_card
from registry.database import reading
from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.card import Card
from registry.domain.errors import AnswerIsNoError, IncompleteError, NotAllowedError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import SERVICE, Actor, PersonRole, actor_record
from registry.ledger.store import Transaction
from registry.record import Record
from registry.schema import ModelVersionRow
from registry.versions import find, name_of

MAY_DECLARE = frozenset(
    {
        PersonRole.ENGINEER,
        PersonRole.VALIDATOR,
        PersonRole.QUALITY_OFFICER,
        PersonRole.CLINICAL_LEAD,
        PersonRole.COMPLIANCE,
    }
)


@dataclass(frozen=True)
class KeptCard:
    """A card as it stands on record: the event that issued it and when, and whether this call did."""

    card: Card
    event_seq: int
    at: str
    fresh: bool


def declare(record: Record, model: str, version: str | None, declaration: Json, actor: Actor) -> KeptCard:
    """Keep a declaration and issue the card that follows from it, or keep neither.

    Args:
        record: the record.
        model: the model's name.
        version: which version; the newest unless given.
        declaration: what the file says.
        actor: the person who declares it; it names them.

    Raises:
        UnknownNameError: when there is no such version.
        UsageError: when the declaration is not of its schema.
        NotAllowedError: when nobody is logged in, or in a role that declares nothing.
        AnswerIsNoError: when a declared number contradicts a measured one.
    """
    _require_person(actor)
    kept = declaration_from(declaration)
    digest = record.objects.put(canonical_bytes(kept))
    with record.ledger.transaction() as tx:
        row = find(tx.session, model, version)
        event = tx.append(_declared(row, digest, actor))
        stored = StoredDeclaration(kept, digest, event.seq, actor.person, event.record["at"])
        card = build_card(tx.session, record.objects, row, stored)
        return _issue(tx, record, card, actor, automatic=False)


def issue_card(record: Record, model: str, version: str | None, actor: Actor) -> KeptCard:
    """Issue a version's card; where the one on record is still true, that one is returned and nothing is written.

    Raises:
        UnknownNameError: when there is no such version.
        AnswerIsNoError: when a declared number contradicts a measured one.
    """
    with reading(record.ledger.engine) as session:
        row = find(session, model, version)
        card, issued = build_card(session, record.objects, row), issued_card(session, row.model, row.version)
    if issued is not None and not issued.automatic and issued.digest == card.digest:
        return KeptCard(card, issued.event_seq, issued.at, fresh=False)
    with record.ledger.transaction() as tx:
        card = build_card(tx.session, record.objects, find(tx.session, row.model, row.version))
        return _issue(tx, record, card, actor, automatic=False)


def card_now(record: Record, model: str, version: str | None) -> tuple[Card, str]:
    """Return a version's card as it would be issued now, and why the one on record is stale (empty: it is not).

    Raises:
        UnknownNameError: when there is no such version.
    """
    with reading(record.ledger.engine) as session:
        row = find(session, model, version)
        card, issued = build_card(session, record.objects, row), issued_card(session, row.model, row.version)
    return card, stale_because(record, issued, card)


def stale_because(record: Record, issued: IssuedCard | None, card: Card) -> str:
    """Say what came on record since a card was issued; empty where nothing did, or no card was issued."""
    if issued is None or issued.digest == card.digest:
        return ""
    before = parse_canonical(record.objects.get(issued.digest))["inputs"]
    changed = sorted(key for key in card.inputs if card.inputs[key] != before.get(key))
    return " and ".join(key.replace("_", " ") for key in changed)


def required_card(tx: Transaction, record: Record, row: ModelVersionRow) -> Subject:
    """Return the card that an approval covers; a version of which nobody issued one gets it here.

    Raises:
        IncompleteError: when the card on record is older than the evidence.
        AnswerIsNoError: when a declared number contradicts a measured one.
    """
    card = build_card(tx.session, record.objects, row)
    issued = issued_card(tx.session, row.model, row.version)
    _refuse_contradictions(card)
    why = stale_because(record, issued, card)
    if issued is not None and not issued.automatic and why:
        raise IncompleteError(
            f"the card of {name_of(row)} is stale: since event {issued.event_seq} there are other {why}",
            mend=f"issue it again with `overread card {name_of(row)}`",
        )
    if issued is None or issued.digest != card.digest:
        _issue(tx, record, card, SERVICE, automatic=True)
    return Subject("card", name_of(row), card.digest)


def _issue(tx: Transaction, record: Record, card: Card, actor: Actor, *, automatic: bool) -> KeptCard:
    _refuse_contradictions(card)
    digest = record.objects.put(canonical_bytes(card.to_json()))
    subjects = (Subject("version", card.name, card.artifact_digest), Subject("card", card.name, digest))
    payload = {"model": card.model, "version": card.version, "digest": digest, "automatic": automatic}
    event = tx.append(EventDraft(ISSUED, actor_record(actor), subjects, payload))
    return KeptCard(card, event.seq, event.record["at"], fresh=True)


def _declared(row: ModelVersionRow, digest: str, actor: Actor) -> EventDraft:
    name = name_of(row)
    subjects = (Subject("version", name, row.artifact_digest), Subject("card-declaration", name, digest))
    payload = {"model": row.model, "version": row.version, "digest": digest}
    return EventDraft(DECLARED, actor_record(actor), subjects, payload)


def _require_person(actor: Actor) -> None:
    if not actor.authenticated:
        raise NotAllowedError("a declaration names a person, and nobody is logged in", mend="`overread login` first")
    if actor.role not in {role.value for role in MAY_DECLARE}:
        raise NotAllowedError(
            f"the role '{actor.role}' declares nothing", mend=f"it takes a {' or '.join(sorted(MAY_DECLARE))}"
        )


def _refuse_contradictions(card: Card) -> None:
    found = contradictions(card)
    if found:
        raise AnswerIsNoError(
            f"the card of {card.name} contradicts what was measured: {'; '.join(found)}",
            mend="a declared number never overrides a measured one: take it out, and declare again",
        )
