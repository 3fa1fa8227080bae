"""Which strata are or were suspended, as the ledger told it; the rows are held against that."""

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.domain.stratum import Stratum, Suspension
from registry.history import told_events
from registry.schema import DeploymentRow, SuspensionRow

SUSPENDED, RESUMED = "stratum.suspended", "stratum.resumed"


def suspensions(session: Session, model: str | None = None) -> tuple[Suspension, ...]:
    """Return every suspension (of a model's deployments), oldest first; a stratum suspended twice has two.

    Raises:
        LedgerBrokenError: when an event that tells of one is not what was signed.
    """
    places = {row.deployment: row for row in session.scalars(select(DeploymentRow))}
    found: list[Suspension] = []
    for event, payload in told_events(session, (SUSPENDED, RESUMED)):
        place = places.get(payload["deployment"])
        stratum = Stratum(payload["axis"], payload["value"])
        at = event.record["at"]
        if place is None or model not in {None, place.model}:
            continue
        if event.record["type"] == SUSPENDED:
            whose = (place.deployment, place.model, place.version, place.site)
            found.append(Suspension(*whose, stratum, payload["fallback"], at, None, event.seq))
        else:
            found = [_ended(one, place.deployment, stratum, at, event.seq) for one in found]
    return tuple(found)


def suspension_faults(session: Session) -> Iterator[str]:
    """Say of each suspension what its row and the ledger tell differently; a row that is missing is told too.

    Raises:
        LedgerBrokenError: when an event that tells of one is not what was signed.
    """
    told = {(one.deployment, one.stratum.axis, one.stratum.value): one for one in suspensions(session)}
    rows = {(row.deployment, row.axis, row.value): row for row in session.scalars(select(SuspensionRow))}
    for key in sorted(told.keys() | rows.keys()):
        row, one = rows.get(key), told.get(key)
        if one is None:
            yield f"the ledger does not tell of a suspended {key[1]}"
        elif row is None:
            yield f"the ledger tells of a suspended {key[1]} whose row is gone"
        elif (row.state, row.since, row.fallback, row.event_seq) != _row(one):
            yield f"the ledger tells otherwise whether and since when a {key[1]} is suspended"


def _row(one: Suspension) -> tuple[str, str, str, int]:
    return one.state, one.until or one.since, one.fallback, one.event_seq


def _ended(one: Suspension, deployment: str, stratum: Stratum, at: str, seq: int) -> Suspension:
    ours = one.in_force and (one.deployment, one.stratum) == (deployment, stratum)
    return replace(one, until=at, event_seq=seq) if ours else one
