"""Putting it on record that somebody read the audit log (PS3.15 A.5.3.2, Audit Log Used).

What shows the content of events is an event: `audit list`, `audit export`, the page of the audit log. What shows sizes,
roots and proofs alone is none: `audit verify`, `checkpoint`, `prove`. A command is one event each time. A page that is
loaded again and again is one event for each reader in a quarter of an hour, so that reading never floods the ledger.
A reading is never refused because it cannot be put on record; it is said that it was not.
"""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from pipelines.bootstrap import Workspace
from pipelines.queries import RecordQueries
from registry.domain.dossier import AppendixView, Dossier, FleetRow, LedgerRow, RoleRow, WatchedView
from registry.domain.errors import LedgerBrokenError, NotAllowedError, ServiceUnreachableError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import Actor, PersonRole, actor_record

EACH = timedelta(minutes=15)  # the life of a login, after which a reader proves anew who they are
PAGE = "dashboard"
_LOG = logging.getLogger(__name__)


def note_reading(workspace: Workspace, way: str, what: str, events: int) -> str:
    """Put a reading of the audit log on record.

    Args:
        workspace: whose log.
        way: by what it was read, such as a command.
        what: which part of it, in words.
        events: how many events were shown.

    Returns:
        Why it is not on record; empty when it is.
    """
    payload = {"way": way, "what": what, "events": events}
    subjects = (Subject("audit-log", workspace.ledger.head().origin),)
    try:
        with workspace.ledger.transaction() as tx:
            tx.append(EventDraft("audit.read", actor_record(workspace.actor), subjects, payload))
    except (LedgerBrokenError, ServiceUnreachableError) as error:
        return f"this reading is not on record: {error.line()}"
    return ""


class NotedQueries(RecordQueries):
    """The dashboard's questions, of which those to the audit log are put on record.

    Args:
        workspace: the opened workspace; who opened it counts as the reader, since the pages have no login.
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self._noted: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def ledger(self, last: int) -> Sequence[LedgerRow]:
        """Return the newest events, newest first; the reader's first look in a quarter of an hour is an event."""
        rows = super().ledger(last)
        if self._is_due(self._workspace.actor):
            why = note_reading(self._workspace, PAGE, f"newest {last}", len(rows))
            if why:
                _LOG.warning("%s", why)
        return rows

    def _is_due(self, actor: Actor) -> bool:
        now = self._workspace.clock.now()
        with self._lock:
            last = self._noted.get(actor.person)
            if last is not None and timedelta(0) <= now - last < EACH:
                return False
            self._noted[actor.person] = now
            return True


class AuditorQueries(NotedQueries):
    """The questions that an auditor may ask: those to the audit log alone."""

    def fleet(self) -> Sequence[FleetRow]:
        """Refuse."""
        raise _kept()

    def watched(self, model: str, version: str | None, period: str | None) -> WatchedView | None:
        """Refuse."""
        del model, version, period
        raise _kept()

    def dossier(self, model: str, version: str | None, period: str | None) -> Dossier:
        """Refuse."""
        del model, version, period
        raise _kept()

    def appendices(self, model: str) -> Sequence[AppendixView]:
        """Refuse."""
        del model
        raise _kept()

    def appendix(self, model: str, as_of: str) -> bytes:
        """Refuse."""
        del model, as_of
        raise _kept()

    def roles(self) -> Sequence[RoleRow]:
        """Refuse."""
        raise _kept()


def queries_for(workspace: Workspace) -> NotedQueries:
    """Return the questions that whoever opened a workspace may ask by pages."""
    auditor = workspace.actor.role == PersonRole.AUDITOR
    return AuditorQueries(workspace) if auditor else NotedQueries(workspace)


def _kept() -> NotAllowedError:
    return NotAllowedError("an auditor reads the audit log and nothing else", mend="open /audit")
