"""What the ledger told of cards: the declaration that counts, the card that was issued last."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from registry.domain.canonical import parse_canonical
from registry.domain.event import Subject
from registry.domain.ports import ObjectStore
from registry.history import told_events

DECLARED, ISSUED = "card.declared", "card.issued"
Json = Mapping[str, Any]


@dataclass(frozen=True)
class StoredDeclaration:
    """A declaration on record: its content, who made it and when."""

    record: Json
    digest: str
    event_seq: int
    person: str
    at: str


@dataclass(frozen=True)
class IssuedCard:
    """A card on record; `automatic` where an approval asked for it and nobody else had."""

    digest: str
    event_seq: int
    automatic: bool
    at: str


def declaration_of(session: Session, objects: ObjectStore, model: str, version: str) -> StoredDeclaration | None:
    """Return the newest declaration of a version, or None; an older one counts no more, and stays on record.

    Raises:
        ArtifactChangedError: when its record is missing or has other bytes.
        LedgerBrokenError: when an event or its payload is not what was signed.
    """
    told = _told(session, DECLARED, model, version)
    if told is None:
        return None
    event, payload = told
    record = parse_canonical(objects.get(payload["digest"]))
    return StoredDeclaration(record, payload["digest"], event.seq, event.record["actor"]["person"], event.record["at"])


def issued_card(session: Session, model: str, version: str) -> IssuedCard | None:
    """Return the card of a version that was issued last, or None.

    Raises:
        LedgerBrokenError: when an event or its payload is not what was signed.
    """
    told = _told(session, ISSUED, model, version)
    if told is None:
        return None
    event, payload = told
    return IssuedCard(payload["digest"], event.seq, payload["automatic"], event.record["at"])


def card_subject(session: Session, model: str, version: str) -> Subject | None:
    """Return the card that was issued last as a subject of signatures, or None."""
    found = issued_card(session, model, version)
    return None if found is None else Subject("card", f"{model}@{version}", found.digest)


def _told(session: Session, kind: str, model: str, version: str) -> Any:
    named = (
        (event, payload)
        for event, payload in told_events(session, (kind,))
        if (payload["model"], payload["version"]) == (model, version)
    )
    return max(named, key=lambda one: one[0].seq, default=None)
