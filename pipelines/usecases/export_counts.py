"""Counts for other hospitals: one signed file a window and clinical question, told once, on record.

A window is a calendar month, quarter or year, and for a clinical question every window is of the kind of the first, so
that no two overlap. Of a window one export exists: whoever asks again gets the same bytes, or a refusal where the
counts, the bins, the version or the groups would be others. So two exports never differ by a few units.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from monitors.counts import PATIENTS, PROTOCOL, SCANNER, SOFTWARE, Counts, Family
from monitors.engine.tables import Request, axes_of
from monitors.exchange import LEAST_CELL, export_family
from monitors.exchange_form import About, Shared, record_of
from pipelines.bootstrap import Workspace
from pipelines.counting.engines import runner_of
from pipelines.counting.known_rows import Source
from pipelines.periods import period_days
from pipelines.usecases.count_days import count_days
from pipelines.usecases.monitoring_plan import read_plan
from pipelines.usecases.run_monitors import check_watched, day_of
from registry.domain.canonical import canonical_bytes
from registry.domain.digest import digest_bytes
from registry.domain.errors import AnswerIsNoError, IncompleteError, UnknownNameError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.joining import Known
from registry.domain.person import actor_record
from registry.domain.signal import Window
from registry.history import told_events
from registry.ledger.log_key import EVIDENCE
from registry.ledger.store import Transaction
from registry.objects import write_durably

EVENT = "counts.exported"
HEADER = "shared counts"
_INSIDE = frozenset({SCANNER, SOFTWARE, PROTOCOL})  # axes that tell a hospital's own equipment
_KINDS = (
    (re.compile(r"\d{4}"), "year"),
    (re.compile(r"\d{4}-Q[1-4]"), "quarter"),
    (re.compile(r"\d{4}-\d\d"), "month"),
)


@dataclass(frozen=True)
class Wanted:
    """What is asked for: the version may be left open where the window has one; `by` names an axis of groups."""

    model: str
    period: str
    target: str | None = None
    version: str | None = None
    mode: str = "live"
    by: str | None = None
    min_cell: int = LEAST_CELL


@dataclass(frozen=True)
class ExportedCounts:
    """A file that was written: its record, its digest, and the key that signed it."""

    file: Path
    digest: str
    record: Mapping[str, Any]
    key: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"file": str(self.file), "digest": self.digest, "key": self.key, "export": dict(self.record)}


def export_counts(workspace: Workspace, wanted: Wanted, out: Path) -> ExportedCounts:
    """Write the shared counts of a window and put them on record.

    Raises:
        UsageError: for a period that is no calendar window, an axis that is not told, a cell below 11.
        UnknownNameError: for an unknown model, target or version.
        IncompleteError: when the window is not over, or holds too few patients.
        AnswerIsNoError: when another export of the window, or of one that overlaps it, is on record.
    """
    kind = _kind(wanted.period)
    start, end = (day.isoformat() for day in period_days(wanted.period))
    today = day_of(workspace, None)
    if end >= today:
        raise IncompleteError(f"the window {wanted.period} is not over", where=f"until {end}", mend="export it later")
    if wanted.min_cell < LEAST_CELL:
        raise UsageError(f"a cell holds at least {LEAST_CELL} patients", where="--min-cell")
    counts = _counts(workspace, wanted, today)
    about = _about(wanted, counts, (start, end))
    family = _units(counts, about)
    export = export_family(family, wanted.by, wanted.min_cell)
    if export is None:
        raise IncompleteError(f"fewer than {wanted.min_cell} patients in the window", mend="share a longer one")
    synthetic = workspace.tables.version("predictions").synthetic
    record = record_of(Shared(about, wanted.min_cell, synthetic, export))
    data = _signed(workspace, record)
    with workspace.ledger.transaction() as tx:
        if _require_first(tx.session, about, kind, digest_bytes(data)):
            _record(workspace, tx, about, kind, digest_bytes(data))
    write_durably(out, data)
    return ExportedCounts(out, digest_bytes(data), record, workspace.ledger.public_vkey)


def note_text(record: Mapping[str, Any]) -> str:
    """Return what the ledger's key signs: header, model, period, and the digest of the record."""
    digest = digest_bytes(canonical_bytes(record))
    return f"{EVIDENCE}\n{HEADER}\n{record['model']}\n{record['period']}\n{digest}\n"


def _kind(period: str) -> str:
    found = next((kind for form, kind in _KINDS if form.fullmatch(period)), None)
    if found is None:
        raise UsageError("counts are shared by calendar windows", where=period[:40], mend="write 2026-09 or 2026-Q3")
    return found


def _counts(workspace: Workspace, wanted: Wanted, today: str) -> Counts:
    plan = read_plan(workspace, None)
    axes = axes_of(plan)
    if wanted.by is not None and wanted.by not in set(axes) - _INSIDE:
        known = set(axes) - _INSIDE
        raise UnknownNameError.of("axis", wanted.by, known, mend="name one of the plan's subgroup axes")
    suspended = workspace.lifecycle.suspensions(wanted.model)
    request = Request(wanted.model, workspace.settings.time_zone, axes, None, suspended, plan.pairs)
    runner = runner_of(workspace.settings.counting)
    counts = count_days(Source(workspace, request, today, Known.RECORDED, runner), keep=True).counts
    check_watched(workspace, (wanted.model, wanted.target), counts, today)
    return counts


def _about(wanted: Wanted, counts: Counts, days: tuple[str, str]) -> About:
    """Settle target and version: those of the window where there is one of each."""
    inside = counts["F0"].during(Window(*days)).where(mode=wanted.mode)
    target = _only("target", wanted.target, inside)
    version = _only("version", wanted.version, inside.where(target=target))
    return About(wanted.model, version, target, wanted.mode, wanted.period, *days)


def _only(axis: str, named: str | None, family: Family) -> str:
    known = family.levels[axis]
    if named is not None:
        if named not in known:
            raise UnknownNameError.of(f"{axis} in this window", named, known)
        return named
    if len(known) != 1:
        many = f"{len(known)} {axis}s in this window" if known else "nothing was scored in this window"
        raise UsageError(many, where=", ".join(known)[:80], mend=f"name one: --{axis}" if known else "")
    return known[0]


def _units(counts: Counts, about: About) -> Family:
    chosen = {"version": about.version, "target": about.target, "mode": about.mode}
    return counts[PATIENTS].during(Window(about.start, about.end)).where(**chosen)


def _signed(workspace: Workspace, record: Mapping[str, Any]) -> bytes:
    note = workspace.ledger.sign_evidence(note_text(record))
    return canonical_bytes({"counts": dict(record), "note": note}) + b"\n"


def _require_first(session: Session, about: About, kind: str, digest: str) -> bool:
    """Say whether the export is new; refuse one that differs from what was told of these days already."""
    for event, told in told_events(session, (EVENT,)):
        if told["target"] != about.target:
            continue
        if told["kind"] != kind:
            raise AnswerIsNoError(
                f"counts of '{about.target}' are shared by the {told['kind']}",
                where=f"event {event.seq}",
                mend="windows of two kinds overlap, and their difference would tell of few patients",
            )
        if told["start"] == about.start:
            if told["digest"] == digest:
                return False
            raise AnswerIsNoError(
                f"other counts of '{about.target}' in {about.period} were shared already",
                where=f"event {event.seq}",
                mend="a second export that differs would tell of few patients: share the first file again",
            )
    return True


def _record(workspace: Workspace, tx: Transaction, about: About, kind: str, digest: str) -> None:
    payload = vars(about) | {"kind": kind, "digest": digest}
    subjects = (Subject("counts", f"{about.model}@{about.version} {about.period}", digest),)
    tx.append(EventDraft(EVENT, actor_record(workspace.actor), subjects, payload))


def export_lines(done: ExportedCounts) -> list[str]:
    """Spell an export for a person."""
    record = done.record
    area, strata = record["auc"], record["strata"]
    classes = " by ".join(record["dimensions"]) or "no class"
    lines = [
        f"wrote {done.file} ({done.digest}): {record['n']} units, {len(record['edges']) - 1} bins, told by {classes}"
    ]
    if area is not None:
        lines.append(f"  AUC {float(area['value']):.4f}, certain to within B = {float(area['bound']):.4f}")
    if strata is not None:
        hidden = ", ".join(strata["suppressed"]) or "none"
        lines.append(f"  by {strata['axis']}: {', '.join(strata['groups']) or 'no group'}; suppressed: {hidden}")
    return [*lines, f"  give the others this key by another way: {done.key}"]
