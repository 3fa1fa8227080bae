"""Rolling back: the live version of a model at a site is stopped, and the one before it runs again, in one change.

It needs a version before whose approval is valid today; where that, or anything else, is missing, it is a stop.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.database import reading
from registry.deployments import DEFAULT_RESUMER, change, resume_within, resumer_subject, stop, today
from registry.domain.errors import AnswerIsNoError, NotAllowedError, UnknownNameError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.lifecycle import DeploymentState
from registry.domain.model import Deployment
from registry.domain.person import Act, Actor, actor_record
from registry.domain.text import one_line
from registry.keys import Signer
from registry.live_intervals import intervals
from registry.record import Record, refusals_kept, signing
from registry.schema import DeploymentRow


@dataclass(frozen=True)
class RolledBack:
    """What became of a roll-back: what was stopped, what runs again instead, and why nothing does where none does."""

    stopped: Deployment
    resumed: Deployment | None
    why: str = ""

    @property
    def outcome(self) -> str:
        """`rolled back` or `stopped`."""
        return "stopped" if self.resumed is None else "rolled back"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        resumed = None if self.resumed is None else dict(vars(self.resumed))
        return {"outcome": self.outcome, "stopped": dict(vars(self.stopped)), "resumed": resumed, "why": self.why}


def live_now(record: Record, model: str, site: str) -> Deployment:
    """Return the deployment of a model that is live at a site.

    Raises:
        UnknownNameError: when none is.
    """
    query = select(DeploymentRow).where(DeploymentRow.model == model, DeploymentRow.site == site)
    with reading(record.ledger.engine) as session:
        for row in session.scalars(query):
            found = today(session, row, record.clock.now())
            if found.state == DeploymentState.LIVE:
                return found
    raise UnknownNameError(f"no version of {model} is live at '{site}'", mend="`overread models live` lists what is")


def version_before(record: Record, current: Deployment, to: str | None = None) -> Deployment:
    """Return the deployment that a roll-back lets run again: the one live before the current one, or of a version.

    Raises:
        AnswerIsNoError: when there is none.
    """
    with reading(record.ledger.engine) as session:
        return _before(session, record, current, to)


def roll_back(
    record: Record, model: str, site: str, signer: Signer, fallback: str, reason: str, to: str | None = None
) -> RolledBack:
    """Stop the live version of a model at a site and let the one before run again; else only stop it.

    Args:
        record: the record.
        model: the model.
        site: where.
        signer: who signs both, with their key unlocked: a clinical lead, or whom the stop of the version before named.
        fallback: what the readers work with where nothing runs again.
        reason: why.
        to: the version that shall run again, among those that were live there; the last one when None.

    Raises:
        UnknownNameError: when nothing is live there.
        UsageError: when no fallback is named.
        NotAllowedError: when the signer may not even stop it.
    """
    fallback = one_line(fallback, "fallback")
    if not fallback.strip():
        raise UsageError("a roll-back names what takes the model's place if it fails", mend="such as 'read without AI'")
    current = live_now(record, model, site)
    try:
        return _exchange(record, current, to, signer, fallback, reason)
    except (AnswerIsNoError, NotAllowedError) as refusal:
        stopped = stop(record, current.deployment, signer, fallback, reason)
        return RolledBack(stopped, None, refusal.line())


def tell_roll_back(
    record: Record, done: RolledBack, actor: Actor, seconds: str, *, drill: bool, answered: str, why: str = ""
) -> None:
    """Put a measured roll-back on record.

    Args:
        record: the record.
        done: what was done.
        actor: who did it.
        seconds: from the command to the first answer, as a decimal text; empty where nothing answered.
        drill: whether it was an exercise.
        answered: the version (`model@number`) that answered through the serving gate; empty where none did.
        why: why it is only a stop, where the record of the roll-back itself does not say.
    """
    gone, back = done.stopped, done.resumed
    name = f"{gone.model}@{gone.version}"
    payload = {
        "site": gone.site,
        "model": gone.model,
        "outcome": done.outcome,
        "from": gone.version,
        "to": back.version if back else "",
        "seconds": seconds,
        "drill": drill,
        "answered": answered,
        "why": one_line(done.why or why, "reason"),
    }
    named = [back] if back else []
    subjects = (
        Subject("deployment", gone.deployment, gone.artifact_digest),
        Subject("version", name, gone.artifact_digest),
        *(Subject("deployment", one.deployment, one.artifact_digest) for one in named),
    )
    draft = EventDraft("deployment.rolled_back", actor_record(actor), subjects, payload, outcome=done.outcome)
    with record.ledger.transaction() as tx:
        tx.append(draft)


def _exchange(
    record: Record, current: Deployment, to: str | None, signer: Signer, fallback: str, reason: str
) -> RolledBack:
    """Stop the one and resume the other in one transaction."""
    name = f"{current.model}@{current.version}"
    with refusals_kept(record, name, Act.RESUME, signer), record.ledger.transaction() as tx:
        before = _before(tx.session, record, current, to)
        who = signing(record, signer, Act.STOP, reason)
        row = tx.session.get_one(DeploymentRow, current.deployment)
        scope = {"deployment": row.deployment, "site": row.site, "fallback": fallback}
        payload = {"deployment": row.deployment, "fallback": fallback}
        also = resumer_subject(DEFAULT_RESUMER)
        stopped = change(tx, record, row, who, ("stop", "deployment.stopped"), scope, payload, also)
        back = tx.session.get_one(DeploymentRow, before.deployment)
        resumed = resume_within(tx, record, back, signer, reason)
    return RolledBack(stopped, resumed)


def _before(session: Session, record: Record, current: Deployment, to: str | None) -> Deployment:
    lived = {
        one.deployment: one.event_seq
        for one in intervals(session, current.site)
        if one.mode == DeploymentState.LIVE and not one.emergency
    }
    rows = session.scalars(select(DeploymentRow).where(DeploymentRow.deployment.in_(list(lived))))
    found = [
        row
        for row in rows
        if row.deployment != current.deployment
        and (row.model, row.state, row.mode) == (current.model, DeploymentState.STOPPED, DeploymentState.LIVE)
        and to in {None, row.version}
    ]
    if not found:
        what = f"{current.model}@{to}" if to else f"no version of {current.model} before {current.version}"
        said = f"{what} was not live" if to else f"{what} was live"
        raise AnswerIsNoError(f"{said} at {current.site}", mend="only a version that was live there can run again")
    last = max(found, key=lambda row: lived[row.deployment])
    return today(session, last, record.clock.now())
