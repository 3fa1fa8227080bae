"""What the dashboards and reports ask of the record; every answer is read, nothing is computed anew."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.appendix.record import appendices
from pipelines.bootstrap import Workspace
from pipelines.dossiers import DossierBuilder, newest_run, synthetic_tables
from pipelines.record_views import card_view, lineage_view
from pipelines.watched import signed_by, watched_rows, watched_view
from registry.alerts import RUNNING, listed
from registry.deployments import MODES
from registry.domain.dossier import AppendixView, Dossier, FleetRow, LedgerRow, RoleRow, WatchedView
from registry.domain.errors import LedgerBrokenError, UnknownNameError
from registry.domain.event import EVENT_TYPES, Event
from registry.domain.model import ModelVersion
from registry.domain.record_views import CardView, LineageView
from registry.vacancies import filled_roles


class RecordQueries:
    """Queries over one workspace.

    Args:
        workspace: the opened workspace.
        verify: whether a dossier carries a fresh verification of the whole ledger; reports do, pages do not.
    """

    def __init__(self, workspace: Workspace, *, verify: bool = False) -> None:
        self._workspace = workspace
        self._verify = verify

    def fleet(self) -> Sequence[FleetRow]:
        """Return one row per version in use, one for the newest of each model, and one per model of others."""
        newest: dict[str, ModelVersion] = {}
        running = {(one.model, one.version) for one in self._workspace.lifecycle.deployments() if one.state in MODES}
        for version in self._workspace.lifecycle.versions():
            newest.setdefault(version.model, version)
        shown = [
            version
            for version in self._workspace.lifecycle.versions()
            if (version.model, version.version) in running or version == newest[version.model]
        ]
        ours = [self._fleet_row(version) for version in sorted(shown, key=lambda version: version.model)]
        return [*ours, *watched_rows(self._workspace)]

    def watched(self, model: str, version: str | None, period: str | None) -> WatchedView | None:
        """Return how a model that was not trained here does in use; None where it was, or nothing is known of it.

        Raises:
            UnknownNameError: for an unknown version of it.
            UsageError: for a period that is none.
        """
        return watched_view(self._workspace, (model, version, period), verify=self._verify)

    def dossier(self, model: str, version: str | None, period: str | None) -> Dossier:
        """Return everything about one version.

        Raises:
            UnknownNameError: for an unknown model or version.
            UsageError: for a period that is none.
        """
        return DossierBuilder(self._workspace, self._workspace.lifecycle.version(model, version), period).build(
            verify=self._verify
        )

    def appendices(self, model: str) -> Sequence[AppendixView]:
        """Return what is on record of a model's explorable appendices, newest day first."""
        return [_appendix_view(record) for record in appendices(self._workspace, model)]

    def appendix(self, model: str, as_of: str) -> bytes:
        """Return the page of the newest appendix of a day.

        Raises:
            UnknownNameError: when the model has none of that day.
            ArtifactChangedError: when the page is missing or has other bytes.
        """
        days = {found.as_of: found for found in reversed(self.appendices(model))}
        if as_of not in days:
            raise UnknownNameError.of("day of an appendix", as_of, days)
        return self._workspace.objects.get(days[as_of].digest)

    def card(self, model: str, version: str | None) -> CardView:
        """Return a version's card as the record stands now (see `pipelines.record_views`)."""
        return card_view(self._workspace, model, version)

    def lineage(self, model: str, version: str | None) -> LineageView:
        """Return what a version was made from and what rests on it (see `pipelines.record_views`)."""
        return lineage_view(self._workspace, model, version)

    def roles(self) -> Sequence[RoleRow]:
        """Return every role in which persons sign, and who fills it today."""
        return [
            RoleRow(one.role.value, one.needed, one.vacant, tuple(who.text for who in one.filled_by))
            for one in filled_roles(self._workspace.people)
        ]

    def ledger(self, last: int) -> Sequence[LedgerRow]:
        """Return the newest events, newest first."""
        return [_ledger_row(event, self._reason(event)) for event in self._workspace.ledger.events(last)]

    def _reason(self, event: Event) -> str:
        """Return why an act was done; of a refused decision, why it was refused, unless its payload was erased."""
        if event.record["reason"] or event.record["outcome"] != "refused":
            return str(event.record["reason"])
        try:
            payload = self._workspace.ledger.payload(event.seq)
        except LedgerBrokenError as error:
            return error.line()
        return "" if payload is None else str(payload.get("why", ""))

    def _fleet_row(self, version: ModelVersion) -> FleetRow:
        evaluations = self._workspace.lifecycle.evaluations(version.model, version.version)
        last = evaluations[-1] if evaluations else None
        run = self._monitor(version.model)
        states = Counter(signal["state"] for signal in run["signals"]) if run else Counter()
        deployments = self._workspace.lifecycle.deployments(version.model)
        return FleetRow(
            model=version.model,
            version=version.version,
            target=version.target,
            state=version.state.value,
            deployments=tuple(f"{d.site}: {d.state}" for d in deployments if d.version == version.version),
            last_evaluation=last.cohort if last else "",
            last_verdict=last.verdict.value if last else "",
            signals=dict(states),
            open_tasks=len(self._workspace.tasks.open(version.model)),
            open_alerts=sum(
                one.record["state"] in RUNNING for one in listed(self._workspace.lifecycle.record, version.model)
            ),
            last_monitored=run["as_of"] if run else "",
            signed_by=signed_by(self._workspace, version.model, version.version),
            synthetic=version.synthetic or (run is not None and bool(synthetic_tables(self._workspace))),
        )

    def _monitor(self, model: str) -> Any:
        newest = newest_run(self._workspace, model)
        return None if newest is None else json.loads(self._workspace.objects.get(newest.digest))


def _appendix_view(record: Mapping[str, Any]) -> AppendixView:
    said = ("as_of", "version", "mode", "target", "tool", "digest", "synthetic")
    sample = record["sample"]
    return AppendixView(
        **{name: record[name] for name in said}, current=sample["current"], reference=sample["reference"]
    )


def _ledger_row(event: Event, reason: str) -> LedgerRow:
    record = event.record
    return LedgerRow(
        seq=event.seq,
        at=record["at"],
        type=record["type"],
        title=EVENT_TYPES[record["type"]].title,
        person=record["actor"]["person"],
        role=record["actor"]["role"],
        subjects=tuple(f"{subject['kind']} {subject['name']}" for subject in record["subjects"]),
        outcome=record["outcome"],
        reason=reason,
    )
