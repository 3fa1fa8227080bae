"""Approving a version, and signing its files for release once the approval is complete."""

from typing import TYPE_CHECKING, Any

from pipelines.usecases.model_copy import private_copy
from registry.database import reading
from registry.domain.artifact import require_servable
from registry.domain.errors import SignatureBrokenError
from registry.domain.lifecycle import VersionState
from registry.domain.risk_tier import LONGEST_DAYS
from registry.release_keys import revoke_release_key, signed_by
from registry.release_signature import FILE, ReleaseKey, sign_release

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace
    from registry.domain.event import Event
    from registry.domain.model import ModelVersion
    from registry.domain.person import Actor
    from registry.keys import Signer
    from registry.lifecycle import Decision


def approve_and_release(
    workspace: "Workspace", model: str, version: str, signer: "Signer", reason: str = "", valid_days: int | None = None
) -> "Decision":
    """Sign an approval that holds as long as asked for, else as the settings say, cut to what the risk tier allows.

    With the last signature of the quorum the version's files are signed for release; they are checked before.

    Raises:
        UnknownNameError: when there is no such version.
        UsageError: for more days than the tier allows.
        NotAllowedError: for a role, key or separation of duties that forbids it.
        AnswerIsNoError: when the state or the evidence does not allow it, or the files are not those registered.
    """
    longest = LONGEST_DAYS[workspace.lifecycle.tier(model).tier]
    days = min(workspace.settings.governance.approval_valid_days, longest) if valid_days is None else valid_days
    decision = workspace.lifecycle.approve(model, version, signer, reason, days)
    if decision.moved:
        _release(workspace, decision.version)
    return decision


def release(workspace: "Workspace", model: str, version: str | None) -> "Event":
    """Sign the files of an approved version for release, such as after the release key was replaced.

    Raises:
        UnknownNameError: when there is no such version.
        SignatureBrokenError: when no approval stands behind it today.
        ArtifactChangedError: when the files are not those that were registered.
    """
    known = workspace.lifecycle.version(model, version)
    held = workspace.lifecycle.approval_holds(known.model, known.version)
    if known.state is not VersionState.APPROVED or not held:
        raise SignatureBrokenError(
            f"{known.name} is {known.state}: its files are signed for release only while an approval stands behind it",
            mend="approve it first",
        )
    return _release(workspace, known)


def withdraw_release_key(
    workspace: "Workspace", key_id: str, actor: "Actor", reason: str, *, stolen: bool
) -> dict[str, Any]:
    """Revoke a release key, and remove its file where it is the one in use: the next release makes another.

    Returns:
        The key's id, the event's number, and the versions that have to be signed anew before they are served.

    Raises:
        NotAllowedError: when the actor is no administrator.
        UsageError: without a reason.
        UnknownNameError: when no release was signed by such a key, or several begin so.
        AnswerIsNoError: when it is revoked already.
    """
    event = revoke_release_key(workspace.lifecycle.record, key_id, actor, reason, stolen=stolen)
    key = event.record["subjects"][0]["name"]
    place = workspace.root / "keys" / FILE
    if place.exists() and ReleaseKey.open(place).key_id == key:
        place.unlink()
    with reading(workspace.ledger.engine) as session:
        to_sign = signed_by(session, key) if stolen else []
    return {"key_id": key, "event_seq": event.seq, "stolen": stolen, "to_sign": to_sign}


def _release(workspace: "Workspace", version: "ModelVersion") -> "Event":
    key = ReleaseKey.open(workspace.root / "keys" / FILE)
    with private_copy(workspace, version) as folder:
        require_servable(folder, version.name)
        return sign_release(workspace.lifecycle.record, key, version, folder)
