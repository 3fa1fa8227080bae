"""What the ledger tells of planned pilots: the plan of a deployment, and whether it was judged to be met (VAL-03)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from registry.domain.errors import EvidenceMissingError
from registry.domain.lifecycle import DeploymentState
from registry.history import told_events

PLANNED, JUDGED = "pilot.planned", "pilot.judged"


@dataclass(frozen=True)
class PilotPlan:
    """A planned pilot: the units and days that it takes at least, and the stop rules in force when it was signed."""

    deployment: str
    units: int
    days: int
    rules: tuple[str, ...]
    person: str
    event_seq: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self)) | {"rules": list(self.rules)}


def pilot_plan(session: Session, deployment: str) -> PilotPlan | None:
    """Return the newest plan of a deployment's pilot, or None.

    Raises:
        LedgerBrokenError: when an event that tells of one is not what was signed.
    """
    found = None
    for event, told in told_events(session, (PLANNED,)):
        if told["deployment"] == deployment:
            who = event.record["actor"]["person"]
            found = PilotPlan(deployment, told["units"], told["days"], tuple(told["rules"]), who, event.seq)
    return found


def require_pilot_met(session: Session, deployment: str, mode: str) -> None:
    """Refuse live use after a pilot whose plan was not judged to be met; one that was never planned is not judged.

    Raises:
        EvidenceMissingError: saying what is missing.
    """
    plan = pilot_plan(session, deployment) if mode == DeploymentState.LIVE else None
    if plan is None:
        return
    judged = [told for _, told in told_events(session, (JUDGED,)) if told["plan"] == plan.event_seq]
    if not judged or not judged[-1]["met"]:
        why = judged[-1]["why"] if judged else "it was not judged yet"
        raise EvidenceMissingError(f"the planned pilot is not over: {why}", mend="overread models pilot --judge")
