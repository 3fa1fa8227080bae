"""The card as part of what an approval stands on."""

from dataclasses import replace

from registry.cards.issue import required_card
from registry.evidence import Evidence
from registry.ledger.store import Transaction
from registry.record import Record
from registry.schema import ModelVersionRow


def with_card(tx: Transaction, record: Record, row: ModelVersionRow, evidence: Evidence) -> Evidence:
    """Return evidence with the version's card, which the signature of an approval then covers.

    Raises:
        IncompleteError: when the card on record is stale.
        AnswerIsNoError: when a number that somebody declared contradicts a measured one.
    """
    return replace(evidence, card=required_card(tx, record, row))
