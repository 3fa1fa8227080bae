"""One question to the audit log, whatever form its answer takes: which events, of which time, in the signed ledger."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pipelines.bootstrap import Workspace
from pipelines.evidence_contents import Entry, entries_until
from pipelines.usecases.export_evidence import checkpoint_to_export
from registry.audit.message import AuditMessage, messages
from registry.audit.patients import Concerned
from registry.domain.canonical import parse_canonical
from registry.domain.errors import UsageError
from registry.domain.instants import instant_text


@dataclass(frozen=True)
class Question:
    """What is asked of the audit log.

    Attributes:
        at: the ledger's size at a checkpoint; the newest unless given.
        since, until: the time of the events (until is not in it); unbounded unless given.
    """

    at: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def words(self) -> str:
        """The question in words."""
        since = "the first event" if self.since is None else instant_text(self.since)
        until = "the checkpoint" if self.until is None else instant_text(self.until)
        return f"{since} to {until}"

    def covers(self, at: str) -> bool:
        """Say whether an event's time (UTC text) lies in the period."""
        since = "" if self.since is None else instant_text(self.since)
        return since <= at and (self.until is None or at < instant_text(self.until))


@dataclass(frozen=True)
class Answer:
    """The events that answer, oldest first, the patients whom each concerns, and the checkpoint that signs them."""

    origin: str
    size: int
    note: str
    signed_at: str
    entries: tuple[Entry, ...]
    patients: tuple[tuple[str, ...], ...]

    def messages(self) -> Iterator[AuditMessage]:
        """Yield the answer as audit messages: one for each patient whom an event concerns, else one."""
        for entry, patients in zip(self.entries, self.patients, strict=True):
            yield from messages(entry.event, patients, self.origin)


def ask(workspace: Workspace, question: Question) -> Answer:
    """Ask the audit log; the same size and period give the same answer.

    Raises:
        UsageError: when the period ends before it begins.
        UnknownNameError: when no checkpoint was signed at that size.
        IncompleteError: when the ledger has no checkpoint.
        LedgerBrokenError: when an event is unreadable, or a segment is missing.
        ArtifactChangedError: when a cohort's manifest or a segment is missing or has other bytes.
    """
    if question.since and question.until and question.until <= question.since:
        raise UsageError("the period ends before it begins", mend="give --from before --to")
    found = checkpoint_to_export(workspace, question.at)
    concerned = Concerned(lambda digest: patients_of(workspace.objects.get(digest)), partial(_rows, workspace))
    entries = entries_until(workspace, found.checkpoint.size)
    told = [(entry, tuple(concerned.by(entry.event, entry.told))) for entry in entries]
    chosen = [one for one in told if question.covers(one[0].event.record["at"])]
    return Answer(
        found.checkpoint.origin,
        found.checkpoint.size,
        found.note,
        found.signed_at,
        tuple(entry for entry, _ in chosen),
        tuple(patients for _, patients in chosen),
    )


def patients_of(manifest: bytes) -> Sequence[str]:
    """Return the patients' pseudonyms of a cohort's manifest."""
    return [unit["patient"] for unit in parse_canonical(manifest)["units"]]


def _rows(workspace: Workspace, table: str, segment: str) -> Iterable[tuple[str, str]]:
    from registry.tables import table_named  # noqa: PLC0415 - lazy: pyarrow

    known = table_named(table)
    wanted = [name for name in ("patient", "study_uid") if name in known.by_name]
    if not wanted:
        return []
    read = workspace.tables.segments.read(known, segment, wanted).to_pylist()
    return [(row.get("patient") or "", row.get("study_uid") or "") for row in read]
