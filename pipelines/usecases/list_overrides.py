"""The overrides of a model, read by read; whose they are is shown to two roles alone, with a purpose, and told.

Readers' names stay inside the group that answers for patients (clinical lead, oversight): whoever trains the model, and
whoever did not log in, sees `restricted` in their place. The list counts nothing by reader: it is no league table.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.bootstrap import Workspace
from pipelines.usecases.audit_query import Question
from registry.domain.errors import NotAllowedError
from registry.domain.event import EventDraft, Subject
from registry.domain.joining import Override, Row, analysed_reads, override_of, prediction_of_read
from registry.domain.person import PersonRole, actor_record
from registry.domain.text import one_line

MASK = "restricted"
MAY_NAME = frozenset({PersonRole.CLINICAL_LEAD.value, PersonRole.OVERSIGHT.value})
_KEY = ("unit", "unit_uid", "target")
_READS = (
    "read_id",
    "study_uid",
    *_KEY,
    "reader",
    "read_at",
    "decision",
    "prediction_id",
    "ai_shown",
    "action",
    "reason",
    "stage",
)
_PREDICTIONS = ("prediction_id", "model", "version", "study_uid", *_KEY, "predicted_at", "decision", "status", "mode")


@dataclass(frozen=True)
class Overrides:
    """The overrides of a model in a period: the reads that react, and those that overrode, oldest first."""

    model: str
    reactions: int
    named: bool
    rows: tuple[Mapping[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {**vars(self), "rows": [dict(row) for row in self.rows]}


def list_overrides(workspace: Workspace, model: str, question: Question, purpose: str = "") -> Overrides:
    """List a model's overrides.

    Args:
        workspace: whose reads; who is logged in asks.
        model: the model's name.
        question: the period of the reads.
        purpose: why the readers are named; empty to leave them unnamed. It goes on record.

    Raises:
        NotAllowedError: when a purpose is given by whoever may not see names.
        UsageError: when the purpose cannot be kept.
        LedgerBrokenError: when names are asked for and the record is read-only: none is shown that is not told.
    """
    why = one_line(purpose, "purpose")
    if why and not may_name(workspace):
        raise NotAllowedError(
            f"the role '{workspace.actor.role}' does not see readers' names",
            mend="a clinical lead or oversight logs in and gives a purpose",
        )
    reactions = list(_reactions(workspace, model, question))
    rows = tuple(_row(read, prediction, named=bool(why)) for read, prediction, how in reactions if how.overridden)
    if why:
        _tell(workspace, model, why, len(rows))
    return Overrides(model, len(reactions), bool(why), rows)


def may_name(workspace: Workspace) -> bool:
    """Say whether who is logged in may see the names of readers."""
    return workspace.actor.authenticated and workspace.actor.role in MAY_NAME


def _tell(workspace: Workspace, model: str, purpose: str, reads: int) -> None:
    payload = {"model": model, "purpose": purpose, "reads": reads}
    draft = EventDraft("readers.named", actor_record(workspace.actor), (Subject("model", model),), payload, purpose)
    with workspace.ledger.transaction() as tx:
        tx.append(draft)


def _reactions(workspace: Workspace, model: str, question: Question) -> Iterator[tuple[Row, Row, Override]]:
    """Yield the reads that reacted to a prediction of the model, each with it; the joining rules decide (d)."""
    of_subject: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    of_id: dict[str, Row] = {}
    for row in workspace.tables.read("predictions", columns=_PREDICTIONS).to_pylist():
        if row["model"] == model:
            of_subject[_key(row)].append(row)
            of_id[row["prediction_id"]] = row
    reads = workspace.tables.read("reads", columns=_READS).to_pylist()
    for read in sorted(analysed_reads(reads), key=lambda row: (row["read_at"], row["read_id"])):
        named = [of_id[read["prediction_id"]]] if read.get("prediction_id") in of_id else []
        prediction = prediction_of_read(read, named if read.get("prediction_id") else of_subject[_key(read)])
        how = override_of(read, prediction)
        if prediction is not None and how.overridden is not None and question.covers(read["read_at"]):
            yield read, prediction, how


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in _KEY)


def _row(read: Row, prediction: Row, *, named: bool) -> Mapping[str, Any]:
    shown: Sequence[str] = ("read_id", "study_uid", "unit", "unit_uid", "target", "read_at", "action")
    return {name: read.get(name) for name in shown} | {
        "reader": read["reader"] if named else MASK,
        "prediction_id": prediction["prediction_id"],
        "version": prediction["version"],
        "ai_decision": prediction["decision"],
        "read_decision": read["decision"],
    }
