"""Having the ledger witnessed: by policy, over HTTP or by files; and telling how long its tail is unanchored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.bootstrap import Workspace
from registry.domain.errors import ExitCode, IncompleteError, OverreadError, UsageError
from registry.domain.instants import instant_text
from registry.ledger.anchoring import Witnessed
from registry.ledger.anchors import Anchor, Anchors, read_policy
from registry.ledger.policy import WitnessPolicy
from registry.ledger.tlog_proof import TlogProof
from registry.objects import write_durably
from registry.witness_client import Asking

POLICY = "witnesses.policy"
FOLDER = "checkpoints/witnessed"


@dataclass(frozen=True)
class Asked:
    """What became of asking: per witness its answer's anchor or why there is none, and whether the quorum is met."""

    outcomes: Mapping[str, Anchor | OverreadError]
    size: int
    met: bool

    @property
    def exit_code(self) -> ExitCode:
        """Return 1 when a witness knows another history, 0 with a quorum, else 3."""
        errors = [one for one in self.outcomes.values() if isinstance(one, OverreadError)]
        if any(one.exit_code == ExitCode.ANSWER_IS_NO for one in errors):
            return ExitCode.ANSWER_IS_NO
        return ExitCode.DONE if self.met else ExitCode.INCOMPLETE

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        told = {
            name: {"cosigned": one.checkpoint.size, "at": instant_text(one.at)}
            if isinstance(one, Anchor)
            else {"refused": one.line()}
            for name, one in self.outcomes.items()
        }
        return {"size": self.size, "quorum": self.met, "witnesses": told}


@dataclass(frozen=True)
class Tail:
    """The events that no quorum of witnesses has seen: how many, the time of the first, and how old it is."""

    events: int
    since: str | None
    age: timedelta


def witnessed(root: Path, vkey: str, policy: Path | None = None) -> Witnessed:
    """Return the cosigned checkpoints of a workspace and the policy: the workspace's own unless another is given.

    Raises:
        UnreadableFileError: when the policy is none.
        UsageError: when the named policy is not there.
    """
    if policy is not None and not policy.is_file():
        raise UsageError(
            "the witness policy is not there", where=str(policy), mend="name a file of log, witness, quorum"
        )
    return Witnessed(Anchors(root / FOLDER, vkey), vkey, read_policy(policy or root / POLICY))


def adopt_policy(workspace: Workspace, text: str, policy: WitnessPolicy) -> None:
    """Make a policy the workspace's own.

    Raises:
        UsageError: when it speaks of other logs than this one.
    """
    if policy.logs and workspace.ledger.public_vkey not in policy.logs:
        raise UsageError("the policy is of other logs than this one", mend=f"log {workspace.ledger.public_vkey}")
    write_durably(workspace.root / POLICY, text.encode("utf-8", "surrogateescape"))


def asking(workspace: Workspace) -> tuple[Asking, WitnessPolicy, Anchors]:
    """Return the means to ask the workspace's witnesses.

    Raises:
        UsageError: when there is no policy.
    """
    policy = read_policy(workspace.root / POLICY)
    if policy is None:
        raise UsageError("there is no witness policy", mend="adopt one: overread audit witness policy FILE")
    anchors = Anchors(workspace.root / FOLDER, workspace.ledger.public_vkey)
    return Asking(workspace.ledger, anchors, policy), policy, anchors


def ask_all(workspace: Workspace) -> Asked:
    """Ask every witness of the policy that has an address.

    Raises:
        UsageError: when there is no policy.
        IncompleteError: when none of its witnesses has an address.
    """
    means, policy, _ = asking(workspace)
    reachable = [witness for witness in policy.witnesses.values() if witness.url]
    if not reachable:
        raise IncompleteError("no witness of the policy has an address", mend="exchange files: --folder DIR")
    outcomes: dict[str, Anchor | OverreadError] = {}
    for witness in reachable:
        try:
            outcomes[witness.name] = means.ask(witness)
        except OverreadError as error:
            outcomes[witness.name] = error
    return _asked(workspace, outcomes)


def take_all(workspace: Workspace, folder: Path) -> Asked:
    """Take the answers of a folder.

    Raises:
        UsageError: when there is no policy.
    """
    means, _, _ = asking(workspace)
    return _asked(workspace, means.take_answers(folder))


def tail(workspace: Workspace) -> Tail | None:
    """Return the tail that no quorum has seen; None where there is no policy that asks for witnesses.

    Raises:
        NoteRefusedError: when a kept checkpoint is not the log's, or its cosignature is bad.
    """
    policy = read_policy(workspace.root / POLICY)
    if policy is None or policy.met_by(()):
        return None
    anchors = Anchors(workspace.root / FOLDER, workspace.ledger.public_vkey).anchors(policy)
    seen = anchors[-1].checkpoint.size if anchors else 0
    events = workspace.ledger.head().size - seen
    if events <= 0:
        return Tail(0, None, timedelta())
    since = str(workspace.ledger.event(seen).record["at"])
    return Tail(events, since, workspace.clock.now() - datetime.fromisoformat(since))


def is_due(workspace: Workspace) -> bool:
    """Say whether the witnesses are to be asked by now: by the settings' number of events, or of minutes."""
    found = tail(workspace)
    asked = workspace.settings.witness
    if found is None or not found.events:
        return False
    return found.events >= asked.every_events or found.age >= timedelta(minutes=asked.every_minutes)


def prove_event(workspace: Workspace, seq: int) -> tuple[TlogProof, int]:
    """Return the proof of an event and the size that it speaks of: the newest cosigned one if that covers the event.

    Raises:
        UnknownNameError: when the ledger has no such event.
        LedgerBrokenError: when a checkpoint or the ledger is not sound.
    """
    event = workspace.ledger.event(seq)
    policy = read_policy(workspace.root / POLICY)
    kept = Anchors(workspace.root / FOLDER, workspace.ledger.public_vkey).anchors(policy) if policy else []
    anchor = next((one for one in reversed(kept) if one.checkpoint.size > seq), None)
    proof = workspace.ledger.prove(seq, anchor.note if anchor else None)
    return TlogProof(seq, event.data, proof.path, proof.checkpoint), proof.size


def _asked(workspace: Workspace, outcomes: Mapping[str, Anchor | OverreadError]) -> Asked:
    found = tail(workspace)
    return Asked(outcomes, workspace.ledger.head().size, found is None or found.events == 0)
