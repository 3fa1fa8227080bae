"""Approvals: which end soon, and which were given before a rule that holds now; each with the command that mends it."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy.orm import Session

from pipelines.bootstrap import Workspace
from pipelines.doctor.finding import Finding, State, ok
from registry.approvals import last_approval, state_today
from registry.database import reading
from registry.domain.instants import parse_instant
from registry.domain.lifecycle import VersionState
from registry.evaluations import current, in_force
from registry.history import last_event
from registry.release_keys import RELEASED
from registry.revalidation import behind_tier
from registry.schema import ModelVersionRow
from registry.tiers import tier_of
from registry.versions import name_of, newest_first

APPROVALS = ("approvals",)


def approvals(workspace: Workspace) -> Iterator[Finding]:
    """Say of each approved version what its approval lacks today, and what to run."""
    now = workspace.clock.now()
    with reading(workspace.engine) as session:
        rows = [row for row in newest_first(session) if state_today(session, row, now) == VersionState.APPROVED]
        said = [line for row in rows for line in _lacks(workspace, session, row)]
    if said:
        yield Finding("approvals", State.WATCH, "; ".join(said))
    else:
        yield ok("approvals", f"{len(rows)} versions are approved, none of them before a rule that holds now")


def _lacks(workspace: Workspace, session: Session, row: ModelVersionRow) -> Iterator[str]:
    name, tier = name_of(row), tier_of(session, row.model).tier
    behind = behind_tier(session, row, tier)
    if behind:
        yield f"{behind}: overread models approve {name}"
    told = last_approval(session, row)
    warn = timedelta(days=workspace.settings.governance.approval_warn_days)
    if told is not None and workspace.clock.now() >= parse_instant(told.valid_until) - warn:
        until = told.valid_until[:10]
        yield f"{name} is approved until {until}: overread validate, then overread models approve {name}"
    if last_event(session, (RELEASED,), "version", name) is None:
        yield f"{name} was approved before files were signed for release: overread models release {name}"
    if not any("groups" in one.record for one in current(in_force(session, workspace.objects, row))):
        yield f"{name} was validated before groups were judged: overread validate {name}"
