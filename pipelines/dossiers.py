"""Building the dossier of a model version from the record."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from pipelines.bootstrap import Workspace
from pipelines.charts_data import calibration_bins, daily_points, roc_curve
from pipelines.limits import Events, Json, limits_of
from pipelines.periods import period_days
from registry.alerts import listed
from registry.change_plans import plan_of
from registry.comparisons import comparisons_of
from registry.database import reading
from registry.domain.cohort import Cohort
from registry.domain.columns import TABLES
from registry.domain.dossier import (
    CheckpointView,
    CohortView,
    DailyPoint,
    Dossier,
    EvaluationView,
    SignatureView,
    StoredAlert,
)
from registry.domain.errors import IncompleteError
from registry.domain.model import Deployment, ModelVersion
from registry.domain.stratum import Suspension
from registry.evaluations import StoredEvaluation
from registry.ledger.verify import verify_ledger
from registry.schema import LedgerEntry, MonitorRunRow, PersonRow, SignatureRow
from registry.scope import classified
from registry.signatures import read_statement
from registry.version import __version__

NOT_VERIFIED = "not verified here: run overread audit verify"


class DossierBuilder:
    """Collects what is on record about one version and one period.

    Args:
        workspace: the opened workspace.
        version: the version.
        period: its text, or None for everything on record.
    """

    def __init__(self, workspace: Workspace, version: ModelVersion, period: str | None) -> None:
        self._workspace = workspace
        self._version = version
        self._days = None if period is None else period_days(period)

    def build(self, *, verify: bool) -> Dossier:
        """Return the dossier.

        Raises:
            IncompleteError: when the ledger has no checkpoint.
        """
        evaluations = self._evaluations()
        cohorts = self._cohorts(evaluations)
        deployments = self._deployments()
        monitor, series = self._monitor()
        daily = self._daily(series)
        suspensions, comparisons = self._suspensions(), self._comparisons()
        checkpoint = checkpoint_of(self._workspace)
        verdict, anchor = ledger_verdict(self._workspace) if verify else (NOT_VERIFIED, "")
        invented = () if monitor is None else synthetic_tables(self._workspace)
        return Dossier(
            model=self._version,
            period=self._period(checkpoint, daily),
            as_of=checkpoint.signed_at,
            deployments=deployments,
            signatures=self._signatures(),
            refused_decisions=self._refused(),
            cohorts=cohorts,
            evaluations=evaluations,
            monitor=monitor,
            daily=daily,
            limits=limits_of(
                self._version,
                cohorts,
                invented,
                evaluations,
                deployments,
                monitor,
                anchor,
                Events(suspensions, comparisons, self._asked()),
            ),
            checkpoint=checkpoint,
            ledger_verdict=verdict,
            synthetic=self._version.synthetic or bool(invented) or any(cohort.synthetic for cohort in cohorts),
            code_version=__version__,
            suspensions=suspensions,
            change_plan=self._change_plan(),
            comparisons=comparisons,
            alerts=self._alerts(),
            approval=self._approval(),
            tier=self._workspace.lifecycle.tier(self._version.model).to_json(),
            classifications=self._classifications(),
        )

    def _approval(self) -> Json | None:
        found = self._workspace.lifecycle.approval(self._version.model, self._version.version)
        return None if found is None or not self._within(found.at) else found.to_json()

    def _within(self, instant: str) -> bool:
        return self._days is None or date.fromisoformat(instant[:10]) <= self._days[1]

    def _period(self, checkpoint: CheckpointView, daily: Sequence[DailyPoint]) -> tuple[str, str]:
        """Return the period asked for; else from the first day on record, which may be one of scored studies."""
        if self._days is not None:
            return self._days[0].isoformat(), self._days[1].isoformat()
        first = min([self._version.registered_at[:10], *(point.day for point in daily)])
        return first, checkpoint.signed_at[:10]

    def _daily(self, series: Json | None) -> tuple[DailyPoint, ...]:
        """Return the daily series, cut to the period that was asked for."""
        days = self._days or (date.min, date.max)
        points = daily_points(series, self._version.version)
        return tuple(point for point in points if days[0] <= date.fromisoformat(point.day) <= days[1])

    def _asked(self) -> list[str]:
        return [f"{task.kind}. {task.why}" for task in self._workspace.tasks.open(self._version.model)]

    def _deployments(self) -> tuple[Deployment, ...]:
        found = self._workspace.lifecycle.deployments(self._version.model)
        return tuple(d for d in found if d.version == self._version.version and self._within(d.started_at))

    def _suspensions(self) -> tuple[Suspension, ...]:
        found = self._workspace.lifecycle.suspensions(self._version.model)
        return tuple(one for one in found if one.version == self._version.version and self._within(one.since))

    def _change_plan(self) -> Json | None:
        found = plan_of(self._workspace.lifecycle.record, self._version.model)
        if found is None or not self._within(found.adopted_at):
            return None
        kept = {"digest": found.plan.digest, "event_seq": found.event_seq, "adopted_at": found.adopted_at}
        return dict(found.plan.record) | kept | {"signatures": list(found.signatures)}

    def _comparisons(self) -> tuple[Json, ...]:
        found = comparisons_of(self._workspace.lifecycle.record, self._version.model)
        ours = (one for one in found if self._version.version in {one["candidate"], one["deployed"], one["original"]})
        return tuple(one for one in ours if self._within(one["completed_at"]))

    def _classifications(self) -> tuple[Json, ...]:
        found = classified(self._workspace.lifecycle.record, self._version.model)
        ours = (one for one in found if one.version == self._version.version and self._within(one.at))
        return tuple(one.to_json() for one in ours)

    def _signatures(self) -> tuple[SignatureView, ...]:
        with reading(self._workspace.engine) as session:
            rows = session.execute(
                select(SignatureRow, PersonRow.printed_name)
                .join(PersonRow, SignatureRow.person == PersonRow.person)
                .where(SignatureRow.model == self._version.model, SignatureRow.version == self._version.version)
                .order_by(SignatureRow.event_seq),
            ).all()
            kept = [(row, name) for row, name in rows if self._within(row.signed_at)]
        events = (self._workspace.ledger.event(row.event_seq) for row, _ in kept)
        return tuple(
            _signature_view(row, name, str(event.record["reason"]))
            for (row, name), event in zip(kept, events, strict=True)
        )

    def _refused(self) -> tuple[Json, ...]:
        kind = LedgerEntry.type == "version.decision_refused"
        with reading(self._workspace.engine) as session:
            seqs = session.scalars(select(LedgerEntry.seq).where(kind).order_by(LedgerEntry.seq)).all()
        refusals = []
        for seq in seqs:
            payload, event = self._workspace.ledger.payload(seq), self._workspace.ledger.event(seq)
            ours = payload is not None and (payload["model"], payload["version"]) == (
                self._version.model,
                self._version.version,
            )
            if payload is not None and ours and self._within(event.record["at"]):
                refusals.append(
                    {**payload, "at": event.record["at"], "person": event.record["actor"]["person"], "event_seq": seq}
                )
        return tuple(refusals)

    def _evaluations(self) -> tuple[EvaluationView, ...]:
        stored = self._workspace.lifecycle.evaluations(self._version.model, self._version.version)
        return tuple(self._evaluation(found) for found in stored if self._within(found.completed_at))

    def _evaluation(self, found: StoredEvaluation) -> EvaluationView:
        roc = roc_curve(self._workspace, found)
        bins = calibration_bins(self._workspace, found)
        return EvaluationView(found.record, found.digest, found.event_seq, found.completed_at, roc, bins)

    def _cohorts(self, evaluations: tuple[EvaluationView, ...]) -> tuple[CohortView, ...]:
        names = [self._version.train_cohort, self._version.tune_cohort, *(str(e.record["cohort"]) for e in evaluations)]
        return tuple(cohort_view(self._workspace.cohorts.get(name)) for name in dict.fromkeys(names))

    def _monitor(self) -> tuple[Json | None, Json | None]:
        newest = newest_run(self._workspace, self._version.model, None if self._days is None else self._days[1])
        if newest is None:
            return None, None
        from pipelines.usecases.run_monitors import stored_run  # noqa: PLC0415 - keeps numpy out of light commands

        return stored_run(self._workspace, newest)

    def _alerts(self) -> tuple[StoredAlert, ...]:
        found = listed(self._workspace.lifecycle.record, self._version.model)
        return tuple(one for one in found if self._within(one.record["opened"]))


def checkpoint_of(workspace: Workspace) -> CheckpointView:
    """Return the newest checkpoint of the ledger.

    Raises:
        IncompleteError: when it has none.
    """
    found = workspace.ledger.latest_checkpoint()
    if found is None:
        raise IncompleteError("the ledger has no checkpoint", mend="a workspace made by `overread init` has one")
    at = found.checkpoint
    return CheckpointView(at.origin, at.size, at.root.hex(), found.note, found.signed_at)


def ledger_verdict(workspace: Workspace) -> tuple[str, str]:
    """Verify the whole ledger; return the verdict in words, and what anchors it."""
    report = verify_ledger(workspace.engine, workspace.ledger.public_vkey, None)
    return f"{report.verdict}: {report.why}", report.anchor or ""


def _signature_view(row: SignatureRow, name: str, reason: str) -> SignatureView:
    said = read_statement(row.envelope)
    proof = f"{said.proof['methods']} at {said.proof['at']}" if said.proof else ""
    about = (row.role, row.meaning, row.signed_at, row.digest, row.key_id, row.event_seq)
    return SignatureView(name, *about, said.acting_for, proof, row.act, reason)


def newest_run(workspace: Workspace, model: str, until: date | None = None) -> MonitorRunRow | None:
    """Return the monitor run of the latest day (up to one); of several of that day the one made last."""
    with reading(workspace.engine) as session:
        rows = session.scalars(select(MonitorRunRow).where(MonitorRunRow.model == model)).all()
    kept = (row for row in rows if until is None or date.fromisoformat(row.as_of) <= until)
    return max(kept, key=lambda row: (row.as_of, row.event_seq), default=None)


def synthetic_tables(workspace: Workspace) -> tuple[str, ...]:
    """Return the tables of observations that hold synthetic rows."""
    return tuple(name for name in sorted(TABLES) if workspace.tables.version(name).synthetic)


def cohort_view(cohort: Cohort) -> CohortView:
    """Return a cohort's counts."""
    return CohortView(
        name=cohort.name,
        role=cohort.role.value,
        digest=cohort.digest,
        units=len(cohort.units),
        positive=cohort.positive,
        patients=len(cohort.patients()),
        scanners=len({unit.scanner for unit in cohort.units}),
        sites=cohort.sites,
        flow=cohort.flow,
        synthetic=cohort.synthetic,
    )
