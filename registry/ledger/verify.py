"""The check of the whole ledger: from the raw bytes of every event to the signed checkpoints, in one snapshot.

Nothing that the database says of itself is believed: rows are read in order, hashed anew, and held against every
checkpoint. What somebody with the log's key and the whole database rewrites is seen only against a checkpoint that was
kept elsewhere; the report says so.
"""

from itertools import chain

from sqlalchemy import Engine, Table, func, select, text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session

from registry.database import reading, unreachable
from registry.domain.errors import LedgerBrokenError, UnreadableFileError
from registry.ledger.anchoring import Anchoring, Witnessed, read_witnessed
from registry.ledger.checkpoint import Checkpoint, open_checkpoint
from registry.ledger.continuation import Former, former_epochs
from registry.ledger.copy import CheckpointCopy
from registry.ledger.epochs import Epochs, of_former
from registry.ledger.note import MalformedNoteError, NoteRefusedError, VerifierKey
from registry.ledger.report import Finding, LedgerReport
from registry.ledger.stamps import Stamps
from registry.ledger.walk import walk_entries
from registry.removed import removed
from registry.schema import Base, LedgerCheckpoint
from registry.told import untold

__all__ = ["Finding", "LedgerReport", "verify_ledger"]

_NO_OUTSIDE = (
    "without a checkpoint kept elsewhere, a truncation together with its checkpoints, or a rewriting by whoever holds "
    "the log key, cannot be seen"
)


def verify_ledger(
    engine: Engine,
    vkey: str,
    saved: str | None = None,
    copy: CheckpointCopy | None = None,
    witnessed: Witnessed | None = None,
    typed: Checkpoint | None = None,
    stamps: Stamps | None = None,
) -> LedgerReport:
    """Check the whole ledger.

    Args:
        engine: the record's database.
        vkey: the log's public key, from a source outside the database.
        saved: the text of a signed checkpoint that was kept elsewhere, if there is one.
        copy: the copy of the newest checkpoint beside the database, if there is one; it finds a truncated database.
        witnessed: the cosigned checkpoints and the policy that says whose cosignatures count, if there are any.
        typed: size and root that a person typed from paper, in place of `saved`.
        stamps: the time stamps that are kept beside the checkpoints, if there are any.

    Raises:
        UnreadableFileError: when `saved` is not a signed checkpoint at all.
        MalformedNoteError: when `vkey` is not a verifier key.
        ServiceUnreachableError: when a database server does not answer.
    """
    VerifierKey.parse(vkey)
    outside, refused = _open_saved(saved, vkey)
    beside, spoilt = _read_copy(copy)  # before the snapshot: a commit in between adds to the ledger alone
    anchoring, forged = read_witnessed(witnessed)
    try:
        with reading(engine) as session:
            formers = _formers(session)
            former = of_former(saved, formers) if saved and refused else None
            found = (None if former else refused) or spoilt or forged
            check = _Check(session, vkey, (typed or outside, beside), anchoring, found, Epochs(formers, former))
            return check.report(stamps)
    except DatabaseError as error:
        if isinstance(error, OperationalError) and engine.dialect.name != "sqlite":
            raise unreachable(engine) from error
        return LedgerReport("BROKEN", 0, "", None, None, None, "the database cannot be read as a ledger")


class _Check:
    """One check under way, on one snapshot; of each kind of finding, one is kept."""

    def __init__(
        self,
        session: Session,
        vkey: str,
        kept: tuple[Checkpoint | None, Checkpoint | None],
        anchoring: Anchoring,
        refused: Finding | None,
        epochs: Epochs,
    ) -> None:
        self._session = session
        self._vkey = vkey
        self._outside, self._beside = kept
        self._anchoring = anchoring
        self._epochs = epochs
        self._findings = {"saved": refused} if refused else {}
        self._covered = 0
        self._stamped: list[str] = []
        self._sound_checkpoints: dict[int, Checkpoint] = {}
        rows = session.execute(select(LedgerCheckpoint.size, LedgerCheckpoint.note).order_by(LedgerCheckpoint.size))
        self._checkpoints = [(row.size, row.note) for row in rows]
        others = [*(one for one in kept if one is not None), *anchoring.kept]
        sizes = [size for size, _ in self._checkpoints] + [one.size for one in others] + epochs.sizes()
        self._walk = walk_entries(session, sizes)

    def report(self, stamps: Stamps | None) -> LedgerReport:
        """Return the verdict."""
        self._judge_entries()
        for size, note in self._checkpoints:
            self._judge_own(size, str(note))
        if self._outside is not None:
            self._judge_kept("saved checkpoint", self._outside)
        if self._beside is not None:
            self._judge_kept("copied checkpoint", self._beside)
        for kept in self._anchoring.kept:
            self._judge_kept("cosigned checkpoint", kept)
        why = self._epochs.fault(self._walk.roots)
        if why:
            self._found("epoch", None, why)
        if stamps is not None:
            self._judge_stamps(stamps)
        self._judge_head()
        self._judge_references()
        return self._broken() if self._findings else self._sound()

    def _judge_entries(self) -> None:
        if self._walk.finding:
            self._findings["entry"] = self._walk.finding
        if self._walk.size == 0:
            self._found("empty", 0, "the ledger is empty")
        for seq in self._walk.unexplained[:1]:
            self._found("erased", seq, f"event {seq}: its payload is gone, and no event tells of its erasure")

    def _judge_own(self, size: int, note: str) -> None:
        try:
            checkpoint = open_checkpoint(note, self._epochs.vkey_of(size, self._vkey))
        except NoteRefusedError as error:
            self._found("signature", None, f"the checkpoint of {size} events: {error.what}")
            return
        if checkpoint.size != size:
            self._found("signature", None, f"the checkpoint of {checkpoint.size} events stands as one of {size}")
        elif size > self._walk.size:
            self._missing("checkpoint", size, f"the newest checkpoint covers {size} events")
        elif self._walk.roots[size] == checkpoint.root:
            self._covered, self._sound_checkpoints[size] = size, checkpoint
        else:
            self._changed(size)

    def _changed(self, size: int) -> None:
        """Keep a finding for a checkpoint that the entries do not fit, unless an entry already explains it."""
        entry = self._walk.finding
        if entry is not None and entry.seq is not None and entry.seq < size:
            return
        first, last = self._covered, size - 1
        place = f"event {first} is" if first == last else f"one of the events {first} to {last} is"
        self._found("changed", first, f"{place} not what the checkpoint of {size} events signs")

    def _judge_kept(self, what: str, kept: Checkpoint) -> None:
        """Hold the ledger against a checkpoint that was kept elsewhere, or copied beside the database."""
        if kept.size > self._walk.size:
            self._missing(what, kept.size, f"the {what} covers {kept.size} events")
        elif self._walk.roots[kept.size] != kept.root:
            why = f"rewritten: the first {kept.size} events are not those that the {what} signs"
            self._found(what, None, why)

    def _judge_stamps(self, stamps: Stamps) -> None:
        self._stamped, finding = stamps.judge(self._sound_checkpoints)
        if finding is not None:
            self._found("stamp", finding.seq, finding.why)

    def _judge_head(self) -> None:
        rows = self._session.execute(text("SELECT origin, size, frontier FROM ledger_head")).all()
        frontier = self._walk.frontier
        expected = (VerifierKey.parse(self._vkey).name, frontier.size, frontier.to_bytes())
        if len(rows) != 1:
            self._found("head", None, "the ledger's head is missing" if not rows else "the ledger has several heads")
        elif isinstance(rows[0].size, int) and rows[0].size > frontier.size:
            self._missing("head", rows[0].size, f"the ledger's head counts {rows[0].size} events")
        elif tuple(rows[0]) != expected:
            self._found("head", None, "the ledger's head is not that of its events and its key")

    def _judge_references(self) -> None:
        """Hold the domain rows against the ledger: each names the event that tells of it."""
        for table in Base.metadata.sorted_tables:
            newest = self._newest_reference(table) if "event_seq" in table.columns else None
            if newest is not None and newest >= self._walk.size:
                self._missing("reference", newest + 1, f"a row of '{table.name}' refers to event {newest}")

        if not self._findings:
            self._judge_rows()

    def _judge_rows(self) -> None:
        """Hold people, versions, evidence and deployments against sound events: a row edited by hand is found."""
        try:
            for why in chain(untold(self._session), removed(self._session)):
                self._found("row", None, f"a row was changed by hand: {why}")
        except (LedgerBrokenError, TypeError, ValueError, AttributeError) as error:
            why = error.what if isinstance(error, LedgerBrokenError) else "a row holds a value of another type"
            self._found("row", None, f"a row was changed by hand: {why}")

    def _newest_reference(self, table: Table) -> int | None:
        newest = self._session.execute(select(func.max(table.columns["event_seq"]))).scalar()
        return newest if isinstance(newest, int) else None

    def _missing(self, kind: str, expected: int, why: str) -> None:
        size = self._walk.size
        if expected > size:
            self._found(kind, size, f"truncated: {why}, only {size} are here")

    def _found(self, kind: str, seq: int | None, why: str) -> None:
        if kind == "checkpoint":
            self._findings[kind] = Finding(seq, why)  # the newest one says most
        else:
            self._findings.setdefault(kind, Finding(seq, why))

    def _broken(self) -> LedgerReport:
        found = self._findings.values()
        first = min(found, key=lambda finding: (finding.seq is None, finding.seq or 0))
        others = tuple(finding.why for finding in found if finding is not first)
        size, root = self._walk.size, self._walk.frontier.root().hex()
        return LedgerReport("BROKEN", size, root, None, None, first.seq, first.why, others)

    def _sound(self) -> LedgerReport:
        size, outside = self._walk.size, self._outside.size if self._outside else 0
        ranges = self._anchoring.ranges(size, outside, self._covered)
        covered = max((one.last + 1 for one in ranges if one.verdict == "VERIFIED"), default=0)
        strongest = ranges[0] if ranges and ranges[0].verdict == "VERIFIED" else None
        verdict, why = "VERIFIED", f"all {size} events are those that were signed"
        if covered < size:
            missing = "no witnesses' quorum" if self._anchoring.asked else "no checkpoint"
            verdict, why = "UNANCHORED", f"{missing} covers the events {covered} to {size - 1}"
        return LedgerReport(
            verdict,
            size,
            self._walk.frontier.root().hex(),
            strongest.last + 1 if strongest else None,
            strongest.by if strongest else None,
            None,
            why,
            self._warnings(),
            ranges,
        )

    def _warnings(self) -> tuple[str, ...]:
        found = [f"the clock went backwards at event {seq}" for seq in self._walk.clock_steps[:5]]
        found += [f"event {seq} was erased, yet its payload is here" for seq in self._walk.lingering[:5]]
        found += self._anchoring.early_cosignatures(self._walk.latest_at)
        found += self._stamped[-1:]
        found = [*self._epochs.lines(), *found]
        if self._anchoring.anchors:
            return tuple(found)
        if self._outside is None:
            return (_NO_OUTSIDE, *found)
        if self._outside.size < self._covered:
            own = f"the events {self._outside.size} to {self._covered - 1} are covered by the ledger's own checkpoints"
            return (f"{own} alone", *found)
        return tuple(found)


def _formers(session: Session) -> list[Former]:
    """Return the epochs that ended; where an event that tells of one is damaged, the walk over the entries says so."""
    try:
        return former_epochs(session)
    except LedgerBrokenError:
        return []


def _open_saved(saved: str | None, vkey: str) -> tuple[Checkpoint | None, Finding | None]:
    if saved is None:
        return None, None
    try:
        return open_checkpoint(saved, vkey), None
    except MalformedNoteError as error:
        raise UnreadableFileError(f"the saved checkpoint: {error.what}", mend=error.mend) from error
    except NoteRefusedError as error:
        return None, Finding(None, f"the saved checkpoint: {error.what}")


def _read_copy(copy: CheckpointCopy | None) -> tuple[Checkpoint | None, Finding | None]:
    if copy is None:
        return None, None
    try:
        return copy.read(), None
    except NoteRefusedError as error:
        return None, Finding(None, f"the copied checkpoint: {error.what}")
