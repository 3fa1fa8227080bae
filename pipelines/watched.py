"""Models that were not trained here: a third party's on the inventory, and any other whose results are monitored."""

from collections import Counter

from sqlalchemy import select

from pipelines.bootstrap import Workspace
from pipelines.charts_data import daily_points
from pipelines.dossiers import newest_run, synthetic_tables
from registry.alerts import RUNNING, listed
from registry.database import reading
from registry.domain.dossier import FleetRow, Json, WatchedView
from registry.external_models import external_deployments, external_models
from registry.external_told import ExternalModel
from registry.schema import MonitorRunRow, PersonRow, SignatureRow

EXTERNAL, UNREGISTERED = "external", "unregistered"  # the inventory calls a third party's model external


def watched_view(workspace: Workspace, model: str) -> WatchedView | None:
    """Return how a model that was not trained here does in use; None where it was, or nothing is known of it."""
    known = _registered(workspace).get(model)
    row = newest_run(workspace, model)
    if _trained_here(workspace, model) or (known is None and row is None):
        return None
    from pipelines.usecases.run_monitors import stored_run  # noqa: PLC0415 - keeps numpy out of light commands

    monitor, series = (None, None) if row is None else stored_run(workspace, row)
    version, target = _named(known, monitor)
    return WatchedView(
        model=model,
        version=version,
        target=target,
        registered=known is not None,
        declared={} if known is None else {name: value for name, value in known.declared.items() if value},
        deployments=_deployments(workspace, model),
        signed_by=signed_by(workspace, model),
        monitor=monitor,
        daily=daily_points(series, version),
        alerts=tuple(listed(workspace.lifecycle.record, model)),
        synthetic=monitor is not None and bool(synthetic_tables(workspace)),
    )


def watched_rows(workspace: Workspace) -> list[FleetRow]:
    """Return one row per model that was not trained here, by name."""
    with reading(workspace.engine) as session:
        monitored = set(session.scalars(select(MonitorRunRow.model).distinct()))
    views = (watched_view(workspace, model) for model in sorted(monitored | set(_registered(workspace))))
    return [_row(workspace, view) for view in views if view is not None]


def signed_by(workspace: Workspace, model: str, version: str | None = None) -> tuple[str, ...]:
    """Return who signed for a model (a version of it), each once with the acts, in the order of first signatures."""
    chosen = [SignatureRow.model == model] + ([] if version is None else [SignatureRow.version == version])
    with reading(workspace.engine) as session:
        found = session.execute(
            select(PersonRow.printed_name, SignatureRow.act)
            .join(SignatureRow, SignatureRow.person == PersonRow.person)
            .where(*chosen)
            .order_by(SignatureRow.event_seq),
        ).all()
    acts: dict[str, dict[str, None]] = {}
    for name, act in found:
        acts.setdefault(name, {})[act] = None
    return tuple(f"{name} ({', '.join(signed)})" for name, signed in acts.items())


def _registered(workspace: Workspace) -> dict[str, ExternalModel]:
    """Return of each third-party model the version that was registered last."""
    return {one.model: one for one in external_models(workspace.lifecycle.record)}


def _trained_here(workspace: Workspace, model: str) -> bool:
    return any(version.model == model for version in workspace.lifecycle.versions())


def _named(known: ExternalModel | None, monitor: Json | None) -> tuple[str, str]:
    """Return version and target: as registered, else of the signals, the version that sorts last."""
    if known is not None:
        return known.version, known.target
    signals = () if monitor is None else monitor["signals"]
    named = {(str(one["version"]), str(one["target"])) for one in signals}
    return max(named, default=("", ""))


def _deployments(workspace: Workspace, model: str) -> tuple[Json, ...]:
    found = external_deployments(workspace.lifecycle.record)
    return tuple(vars(one) for one in found if one.model == model)


def _row(workspace: Workspace, view: WatchedView) -> FleetRow:
    signals = () if view.monitor is None else view.monitor["signals"]
    return FleetRow(
        model=view.model,
        version=view.version,
        target=view.target,
        state=EXTERNAL if view.registered else UNREGISTERED,
        deployments=tuple(f"{one['site']}: {one['state']}" for one in view.deployments),
        last_evaluation="",
        last_verdict="",
        signals=dict(Counter(str(one["state"]) for one in signals)),
        open_tasks=len(workspace.tasks.open(view.model)),
        open_alerts=sum(one.record["state"] in RUNNING for one in view.alerts),
        last_monitored="" if view.monitor is None else str(view.monitor["as_of"]),
        signed_by=view.signed_by,
        synthetic=view.synthetic,
    )
