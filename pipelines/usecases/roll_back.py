"""Rolling back in one go, and measuring how long it takes until the version before answers."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.domain.errors import AnswerIsNoError, OverreadError
from registry.domain.person import PersonRole
from registry.domain.ports import Progress
from registry.rollbacks import RolledBack, live_now, tell_roll_back, version_before

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace
    from registry.domain.model import Deployment
    from registry.keys import Signer


@dataclass(frozen=True)
class RollBackOrder:
    """What shall be rolled back, and how.

    Attributes:
        model, site: what is live where.
        fallback: what the readers work with where nothing runs again.
        reason: why.
        to: the version that shall run again; the one before when None.
        drill: whether this is an exercise; the ledger tells.
        probe: studies to score with what runs again, as `predict` does; without them it is loaded only.
    """

    model: str
    site: str
    fallback: str
    reason: str = ""
    to: str | None = None
    drill: bool = False
    probe: Sequence[Path] = ()


@dataclass(frozen=True)
class RollBackReport:
    """What became of a roll-back.

    Attributes:
        done: what was stopped, and what runs again.
        seconds: from the start to the first answer of what runs again, as a decimal text; empty where it is a stop.
        answered: the version that answered through the serving gate.
        scored: units that it scored, where studies were given.
        drill: whether it was an exercise.
    """

    done: RolledBack
    seconds: str
    answered: str
    scored: int
    drill: bool

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        said = {"seconds": self.seconds, "answered": self.answered, "scored": self.scored, "drill": self.drill}
        return self.done.to_json() | said

    def lines(self) -> list[str]:
        """Say it in a line."""
        gone, back = self.done.stopped, self.done.resumed
        mark = " (drill)" if self.drill else ""
        if back is None:
            return [f"{gone.model}@{gone.version} is stopped at {gone.site}{mark}, nothing runs again: {self.done.why}"]
        scored = f", {self.scored} units scored" if self.scored else ""
        back_in = f"{self.answered} answers after {self.seconds} s{scored}"
        return [f"rolled back at {gone.site}{mark}: {gone.model}@{gone.version} is stopped, {back_in}"]


def roll_back(workspace: "Workspace", order: RollBackOrder, signer: "Signer", *, progress: Progress) -> RollBackReport:
    """Stop the live version, let the one before run again, load it through the serving gate, and tell how long it took.

    Where the version before cannot be served, be it for its approval or for its files, this is a stop.

    Args:
        workspace: where the deployments are.
        order: what shall be rolled back.
        signer: who signs, with their key unlocked.
        progress: advances by files and units.

    Raises:
        UnknownNameError: when nothing is live there.
        UsageError: when no fallback is named.
        NotAllowedError: when the signer may not even stop it.
        ServiceUnreachableError: when the database does not answer.
    """
    began, record = time.perf_counter(), workspace.lifecycle.record
    current = live_now(record, order.model, order.site)
    done, answered, scored = _exchanged(workspace, current, order, signer), "", 0
    if done.resumed is not None:
        try:
            answered, scored = _answer(workspace, done.resumed, order.probe, progress)
        except OverreadError as refusal:
            workspace.lifecycle.stop(done.resumed.deployment, signer, order.fallback, "it did not answer")
            done = replace(done, resumed=None, why=refusal.line())
    seconds = f"{time.perf_counter() - began:.3f}" if answered else ""
    actor = signer.actor(signer.person.roles[0] if signer.person.roles else PersonRole.CLINICAL_LEAD)
    tell_roll_back(record, done, actor, seconds, drill=order.drill, answered=answered)
    return RollBackReport(done, seconds, answered, scored, order.drill)


def _exchanged(workspace: "Workspace", current: "Deployment", order: RollBackOrder, signer: "Signer") -> RolledBack:
    """Exchange what runs, or only stop it where the files of the version before could not be served."""
    unfit = _unfit(workspace, current, order.to)
    if unfit:
        stopped = workspace.lifecycle.stop(current.deployment, signer, order.fallback, order.reason)
        return RolledBack(stopped, None, unfit)
    return workspace.lifecycle.roll_back(order.model, order.site, signer, order.fallback, order.reason, order.to)


def _unfit(workspace: "Workspace", current: "Deployment", to: str | None) -> str:
    """Say why the files of the version before could not be served; nothing where they could."""
    try:
        before = version_before(workspace.lifecycle.record, current, to)
        workspace.gate.check_files(workspace.lifecycle.version(before.model, before.version), before)
    except AnswerIsNoError as refusal:
        return refusal.line()
    return ""


def _answer(
    workspace: "Workspace", resumed: "Deployment", probe: Sequence[Path], progress: Progress
) -> tuple[str, int]:
    """Let what runs again answer; return its name and how many units it scored."""
    from pipelines.usecases.predict import predict  # noqa: PLC0415 - lazy: torch is slow to import

    if probe:
        report = predict(workspace, resumed.model, None, probe, resumed.site, progress=progress)
        return f"{report.model}@{report.version}", report.scored
    from pipelines.training.scorer import load_scorer  # noqa: PLC0415 - lazy: torch is slow to import

    with workspace.gate.admit(resumed.model, None, resumed.site, workspace.actor) as admission:
        load_scorer(admission.folder)
        return admission.version.name, 0
