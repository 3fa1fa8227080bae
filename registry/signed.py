"""The envelopes of signatures about a model, as they are kept."""

from dataclasses import dataclass

from sqlalchemy import Engine, select

from registry.database import reading
from registry.schema import SignatureRow


@dataclass(frozen=True)
class KeptEnvelope:
    """A signature's DSSE envelope, by its digest, with who signed what and the event that tells of it."""

    digest: str
    envelope: bytes
    act: str
    person: str
    event_seq: int


def envelopes_of(engine: Engine, model: str) -> list[KeptEnvelope]:
    """Return the envelopes about a model, in the order of the ledger."""
    query = select(SignatureRow).where(SignatureRow.model == model).order_by(SignatureRow.event_seq)
    with reading(engine) as session:
        return [
            KeptEnvelope(row.digest, row.envelope, row.act, row.person, row.event_seq) for row in session.scalars(query)
        ]
