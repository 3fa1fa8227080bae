"""Models that were not trained here: a third party's on the inventory, and any other whose results are monitored."""

from collections import Counter
from datetime import date

from sqlalchemy import select

from pipelines.bootstrap import Workspace
from pipelines.charts_data import daily_points
from pipelines.dossiers import NOT_VERIFIED, checkpoint_of, ledger_verdict, newest_run, synthetic_tables
from pipelines.periods import period_days
from registry.alerts import RUNNING, listed
from registry.database import reading
from registry.domain.digest import digest_value
from registry.domain.dossier import FleetRow, Json, StoredAlert, WatchedView
from registry.domain.errors import UnknownNameError
from registry.external_models import external_deployments, external_models
from registry.external_told import ExternalModel
from registry.schema import MonitorRunRow, PersonRow, SignatureRow

EXTERNAL, UNREGISTERED = "external", "unregistered"  # the inventory calls a third party's model external


def watched_view(
    workspace: Workspace, asked: tuple[str, str | None, str | None], *, verify: bool = False
) -> WatchedView | None:
    """Return how a model that was not trained here does in use; None where it was, or nothing is known of it.

    Args:
        workspace: the opened workspace.
        asked: the model, a version of it or None, a period or None.
        verify: whether the whole ledger is verified.

    Raises:
        UnknownNameError: for an unknown version of it.
        UsageError: for a period that is none.
    """
    model, version, period = asked
    if model in _trained_here(workspace):
        return None
    days = (date.min, date.max) if period is None else period_days(period)
    registered, row = _registered(workspace, model), newest_run(workspace, model, days[1])
    if not (registered or row or newest_run(workspace, model)):
        return None
    from pipelines.usecases.run_monitors import stored_run  # noqa: PLC0415 - keeps numpy out of light commands

    monitor, series = (None, None) if row is None else stored_run(workspace, row)
    known, named, target = _named(model, version, registered, monitor)
    checkpoint = checkpoint_of(workspace)
    daily = tuple(day for day in daily_points(series, named) if days[0] <= date.fromisoformat(day.day) <= days[1])
    first = min([checkpoint.signed_at[:10], *(one.at[:10] for one in registered), *(day.day for day in daily)])
    return WatchedView(
        model=model,
        version=named,
        target=target,
        identity=digest_value({"model": model}) if known is None else known.identity,
        registered=known is not None,
        declared={} if known is None else {name: value for name, value in known.declared.items() if value},
        deployments=_deployments(workspace, model, days[1]),
        signed_by=signed_by(workspace, model),
        period=(first, checkpoint.signed_at[:10]) if period is None else (days[0].isoformat(), days[1].isoformat()),
        monitor=monitor,
        daily=daily,
        alerts=_alerts(workspace, model, days[1]),
        checkpoint=checkpoint,
        ledger_verdict=ledger_verdict(workspace)[0] if verify else NOT_VERIFIED,
        synthetic=monitor is not None and bool(synthetic_tables(workspace)),
    )


def watched_rows(workspace: Workspace) -> list[FleetRow]:
    """Return one row per model that was not trained here, by name."""
    with reading(workspace.engine) as session:
        monitored = set(session.scalars(select(MonitorRunRow.model).distinct()))
    declared = {one.model for one in external_models(workspace.lifecycle.record)}
    others = (monitored | declared) - _trained_here(workspace)
    views = (watched_view(workspace, (model, None, None)) for model in sorted(others))
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


def _registered(workspace: Workspace, model: str) -> list[ExternalModel]:
    """Return the registered versions of a third-party model, oldest first."""
    return [one for one in external_models(workspace.lifecycle.record) if one.model == model]


def _trained_here(workspace: Workspace) -> set[str]:
    return {version.model for version in workspace.lifecycle.versions()}


def _named(
    model: str, version: str | None, registered: list[ExternalModel], monitor: Json | None
) -> tuple[ExternalModel | None, str, str]:
    """Return what is declared of the version, its name and its target.

    Unless one is asked for it is the version registered last, else of the signals the one that sorts last.
    """
    declared = {one.version: one for one in registered}
    signals = () if monitor is None else monitor["signals"]
    seen = {str(one["version"]): str(one["target"]) for one in signals}
    chosen = version or next(reversed(declared), "") or max(seen, default="")
    if version is not None and version not in {*declared, *seen}:
        raise UnknownNameError.of(f"version of {model}", version, {*declared, *seen})
    known = declared.get(chosen)
    return known, chosen, seen.get(chosen, "") if known is None else known.target


def _deployments(workspace: Workspace, model: str, until: date) -> tuple[Json, ...]:
    found = external_deployments(workspace.lifecycle.record)
    return tuple(vars(one) for one in found if one.model == model and _by(one.started_at, until))


def _alerts(workspace: Workspace, model: str, until: date) -> tuple[StoredAlert, ...]:
    found = listed(workspace.lifecycle.record, model)
    return tuple(one for one in found if _by(one.record["opened"], until))


def _by(instant: str, until: date) -> bool:
    return date.fromisoformat(instant[:10]) <= until


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
