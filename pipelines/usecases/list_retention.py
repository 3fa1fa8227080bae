"""What is kept for how long: each class of records with how many events it has, and the legal holds that hold."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from pipelines.bootstrap import Workspace
from registry.audit.holds import Hold, holds
from registry.audit.retention import class_of
from registry.database import reading
from registry.schema import LedgerEntry


@dataclass(frozen=True)
class ClassKept:
    """One class: its name, for how many years at least (None: for ever), its source, and how many events it has."""

    name: str
    years: float | None
    source: str
    events: int


@dataclass(frozen=True)
class Kept:
    """The classes that have events, by name, and the holds that hold."""

    classes: tuple[ClassKept, ...]
    holds: tuple[Hold, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"classes": [dict(vars(one)) for one in self.classes], "holds": [dict(vars(one)) for one in self.holds]}


def list_retention(workspace: Workspace) -> Kept:
    """Return what is kept for how long.

    Raises:
        LedgerBrokenError: when an event that tells of a hold is not what was signed.
    """
    with reading(workspace.engine) as session:
        counted = session.execute(select(LedgerEntry.type, func.count()).group_by(LedgerEntry.type)).all()
        held = tuple(holds(session).values())
    classes = Counter[Any]()
    for kind, n in counted:
        classes[class_of(kind)] += n
    rows = sorted(classes.items(), key=lambda one: one[0].name)
    return Kept(tuple(ClassKept(one.name, one.years, one.source, n) for one, n in rows), held)
