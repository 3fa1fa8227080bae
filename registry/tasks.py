"""Work that was asked for: opened once a cause, shown while open, closed when it was done."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from registry.database import reading
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import instant_text
from registry.domain.person import Actor, actor_record
from registry.domain.ports import Clock
from registry.domain.uuid7 import uuid7
from registry.ledger.store import Ledger, Transaction
from registry.schema import TaskRow

RETRAIN = "retrain"
REVALIDATE = "revalidate"
_CAUSE_LETTERS = 190  # of 200; the rest numbers occurrences


@dataclass(frozen=True)
class Task:
    """One task: its kind, the model, why in a sentence, what asked for it, and its times (UTC texts)."""

    task: str
    kind: str
    model: str
    why: str
    cause: str
    state: str
    opened_at: str
    closed_at: str | None


class Tasks:
    """The tasks of one workspace."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def ask(self, kind: str, model: str, why: str, cause: str, actor: Actor, *, at: str = "") -> Task | None:
        """Open a task, unless its cause asked before; return it when it is new.

        Args:
            kind: `retrain` or `revalidate`.
            model: for which model.
            why: one sentence.
            cause: what asks; the same cause asks once.
            actor: who asks.
            at: when the cause occurred (UTC text), where it may occur again: after its task was closed it asks anew.
        """
        key = cause[:_CAUSE_LETTERS]
        with self._ledger.transaction() as tx:
            rows = tx.session.scalars(select(TaskRow).where(TaskRow.model == model)).all()
            earlier = [row for row in rows if row.cause == key or row.cause.startswith(f"{key} #")]
            if any(not at or row.closed_at is None or row.closed_at >= at for row in earlier):
                return None
            named = f"{key} #{len(earlier) + 1}" if earlier else key
            return self._open(tx, Task("", kind, model, why, named, "open", "", None), actor)

    def close(self, task: str, outcome: str, actor: Actor) -> None:
        """Close an open task with what became of it; a closed one stays as it is."""
        with self._ledger.transaction() as tx:
            row = tx.session.get(TaskRow, task)
            if row is not None and row.state == "open":
                row.state, row.closed_at = "closed", instant_text(self._clock.now())
                payload = {"task": task, "outcome": outcome, "model": row.model}
                tx.append(EventDraft("task.closed", actor_record(actor), (Subject("task", task),), payload))

    def open(self, model: str | None = None) -> Sequence[Task]:
        """Return the open tasks (of a model), oldest first."""
        query = select(TaskRow).where(TaskRow.state == "open").order_by(TaskRow.event_seq)
        with reading(self._ledger.engine) as session:
            return [_task(row) for row in session.scalars(query) if model in {None, row.model}]

    def _open(self, tx: Transaction, asked: Task, actor: Actor) -> Task:
        now = self._clock.now()
        task = uuid7(now)
        payload = {"task": task, "kind": asked.kind, "model": asked.model, "why": asked.why, "cause": asked.cause}
        event = tx.append(EventDraft("task.opened", actor_record(actor), (Subject("task", task),), payload))
        row = TaskRow(**payload, state="open", opened_at=instant_text(now), closed_at=None, event_seq=event.seq)
        tx.session.add(row)
        return _task(row)


def _task(row: TaskRow) -> Task:
    return Task(**{name: getattr(row, name) for name in Task.__dataclass_fields__})
