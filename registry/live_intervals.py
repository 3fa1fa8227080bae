"""Which version ran where and when, from the ledger alone: no row of the database is asked (AUD-05).

A deployment runs from the event that started it in a mode until the next event that tells of it. An emergency use ends
at its own time, whether or not anybody put that on record.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from registry.domain.emergency import EmergencyUse
from registry.domain.event import Event
from registry.domain.lifecycle import DeploymentState
from registry.emergency_uses import COUNTERSIGNED, use_begun
from registry.history import told_events

_BEGINS = ("deployment.started", "deployment.resumed")
_CHANGES = (*_BEGINS, "deployment.stopped", "deployment.ended")
_REGISTERED = "version.registered"


@dataclass(frozen=True)
class Interval:
    """One stretch in which a version ran at a site in a mode.

    Attributes:
        deployment, model, version, target, site, mode, artifact_digest: what ran, and where.
        since, until: UTC texts; `until` is None while it runs, and itself no longer within the stretch.
        event_seq: the event that began it.
        emergency: whether it was an emergency use.
    """

    deployment: str
    model: str
    version: str
    target: str
    site: str
    mode: str
    artifact_digest: str
    since: str
    until: str | None
    event_seq: int
    emergency: bool = False

    def covers(self, instant: str) -> bool:
        """Say whether an instant (UTC text) lies within the stretch."""
        return self.since <= instant and (self.until is None or instant < self.until)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self))


def intervals(session: Session, site: str | None = None) -> tuple[Interval, ...]:
    """Return every stretch in which a version ran (at a site), in the order in which they began.

    Raises:
        LedgerBrokenError: when an event that tells of one is not what was signed.
    """
    story = _Story()
    for event, payload in told_events(session, (_REGISTERED, COUNTERSIGNED, *_CHANGES)):
        story.tell(event, payload)
    return tuple(one for one in story.found if site in {None, one.site})


def running_at(session: Session, site: str, instant: str, mode: str = DeploymentState.LIVE) -> tuple[Interval, ...]:
    """Return what ran at a site at an instant (UTC text) in a mode; at most one live version a target.

    Raises:
        LedgerBrokenError: when an event that tells of it is not what was signed.
    """
    return tuple(one for one in intervals(session, site) if one.mode == mode and one.covers(instant))


class _Story:
    """The stretches so far, and which of them each deployment is in."""

    def __init__(self) -> None:
        self.found: list[Interval] = []
        self._targets: dict[str, str] = {}
        self._placed: dict[str, Mapping[str, Any]] = {}
        self._uses: dict[str, EmergencyUse] = {}
        self._open: dict[str, int] = {}

    def tell(self, event: Event, payload: Mapping[str, Any]) -> None:
        """Take one event in."""
        kind = event.record["type"]
        if kind == _REGISTERED:
            self._targets[f"{payload['model']}@{payload['version']}"] = str(payload.get("target", ""))
            return
        place = str(payload["deployment"])
        if kind == COUNTERSIGNED:
            self._countersign(place, event)
            return
        self._close(place, event.record["at"])
        if kind == "deployment.started":
            self._placed[place] = payload
        if kind in _BEGINS and place in self._placed:
            self._begin(place, event)

    def _begin(self, place: str, event: Event) -> None:
        told, use = self._placed[place], use_begun(event)
        if use is not None:
            self._uses[place] = use
        self._open[place] = len(self.found)
        self.found.append(
            Interval(
                deployment=place,
                model=str(told["model"]),
                version=str(told["version"]),
                target=self._targets.get(f"{told['model']}@{told['version']}", ""),
                site=str(told["site"]),
                mode=str(told["mode"]),
                artifact_digest=str(told["artifact_digest"]),
                since=str(event.record["at"]),
                until=None if use is None else use.ends,
                event_seq=event.seq,
                emergency=use is not None,
            )
        )

    def _countersign(self, place: str, event: Event) -> None:
        if place in self._open and place in self._uses:
            self._uses[place] = self._uses[place].countersigned(event.record["actor"]["person"], event.record["at"])
            index = self._open[place]
            self.found[index] = replace(self.found[index], until=self._uses[place].ends)

    def _close(self, place: str, at: str) -> None:
        """Close a stretch at the next event of its deployment, unless its own time ended it before."""
        index = self._open.pop(place, None)
        if index is not None:
            ends = self.found[index].until
            self.found[index] = replace(self.found[index], until=at if ends is None else min(at, ends))
