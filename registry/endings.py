"""The end of a version's deployments when the version itself is closed."""

from sqlalchemy import select

from registry.domain.errors import AnswerIsNoError
from registry.domain.event import EventDraft, Subject
from registry.domain.lifecycle import DEPLOYMENT_TRANSITIONS, DeploymentState, step
from registry.ledger.store import Transaction
from registry.record import Signing
from registry.schema import DeploymentRow, ModelVersionRow
from registry.told import require_place_told
from registry.versions import name_of

_CLINICAL = frozenset({DeploymentState.PILOT, DeploymentState.LIVE})


def end_deployments(tx: Transaction, row: ModelVersionRow, who: Signing) -> None:
    """End every deployment of a version.

    Raises:
        AnswerIsNoError: when one is in clinical use; stopping it names what takes its place.
        LedgerBrokenError: when the ledger tells otherwise of one.
    """
    query = select(DeploymentRow).where(DeploymentRow.model == row.model, DeploymentRow.version == row.version)
    for found in tx.session.scalars(query).all():
        require_place_told(tx.session, found)
        if found.state in _CLINICAL:
            raise AnswerIsNoError(
                f"{name_of(row)} is in {found.state} use at {found.site}", mend="stop it first, naming the fallback"
            )
        ended = step(DEPLOYMENT_TRANSITIONS, found.state, "end")
        if ended is not None:
            found.state = ended.target
            subjects = (Subject("deployment", found.deployment, found.artifact_digest),)
            payload = {"deployment": found.deployment}
            tx.append(EventDraft("deployment.ended", who.actor, subjects, payload, who.reason))
