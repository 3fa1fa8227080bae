"""Approving a version, and what follows from it at once."""

from typing import TYPE_CHECKING

from registry.domain.risk_tier import LONGEST_DAYS

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace
    from registry.keys import Signer
    from registry.lifecycle import Decision


def approve_and_release(
    workspace: "Workspace", model: str, version: str, signer: "Signer", reason: str = "", valid_days: int | None = None
) -> "Decision":
    """Sign an approval that holds as long as asked for, else as the settings say, cut to what the risk tier allows.

    Raises:
        UnknownNameError: when there is no such version.
        UsageError: for more days than the tier allows.
        NotAllowedError: for a role, key or separation of duties that forbids it.
        AnswerIsNoError: when the state or the evidence does not allow it.
    """
    longest = LONGEST_DAYS[workspace.lifecycle.tier(model).tier]
    days = min(workspace.settings.governance.approval_valid_days, longest) if valid_days is None else valid_days
    return workspace.lifecycle.approve(model, version, signer, reason, days)
