"""Emergency uses as the ledger told them; an end that nobody put on record is an end all the same."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from registry.domain.emergency import EmergencyUse
from registry.domain.errors import LedgerBrokenError
from registry.domain.event import Event
from registry.domain.instants import instant_text
from registry.history import event_of, newest_events
from registry.schema import DeploymentRow, LedgerEntry

COUNTERSIGNED = "emergency.countersigned"
UNTIL = "emergency-until"


def use_begun(event: Event) -> EmergencyUse | None:
    """Return the emergency use that an event `deployment.started` began; None where it was a regular start."""
    told = subjects_of(event)
    if UNTIL not in told:
        return None
    actor = event.record["actor"]
    return EmergencyUse(
        told["deployment"],
        event.record["at"],
        told[UNTIL],
        actor["person"],
        actor["role"],
        acting_for=actor.get("acting_for", ""),
    )


def use_of(session: Session, row: DeploymentRow) -> EmergencyUse | None:
    """Return the emergency use by which a deployment runs or ran; None of a regular one.

    Raises:
        LedgerBrokenError: when an event that tells of it is unreadable.
    """
    entry = session.get(LedgerEntry, row.event_seq)
    begun = None if entry is None or entry.type != "deployment.started" else use_begun(event_of(entry))
    if begun is None:
        return None
    for event in reversed(list(newest_events(session, (COUNTERSIGNED,), "deployment", row.deployment))):
        begun = begun.countersigned(event.record["actor"]["person"], event.record["at"])
    return begun


def over(session: Session, row: DeploymentRow, now: datetime) -> bool:
    """Say whether a deployment ran by an emergency use that is over at an instant.

    A record that cannot be read holds up no stop; the serving gate proves the event itself before it admits anything.
    """
    try:
        use = use_of(session, row)
    except LedgerBrokenError:
        return False
    return use is not None and use.over(instant_text(now))


def subjects_of(event: Event) -> Mapping[str, str]:
    """Return the names of an event's subjects by their kind."""
    return {one["kind"]: one["name"] for one in event.record["subjects"]}
