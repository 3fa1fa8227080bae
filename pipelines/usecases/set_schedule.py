"""Setting a schedule: the model that it is for must be one that such work can be done for."""

from pipelines.bootstrap import Workspace
from registry.domain.errors import UnknownNameError, UsageError
from registry.domain.schedule import Schedule, WorkKind


def set_schedule(workspace: Workspace, kind: WorkKind, model: str, cron: str, time_zone: str) -> Schedule:
    """Put a schedule on record in the name of whoever acts.

    Args:
        workspace: where.
        kind: what runs.
        model: for which model; the target of `[pipeline]` when empty.
        cron: five fields.
        time_zone: IANA name; that of the workspace when empty.

    Raises:
        UsageError: for a bad cron expression or time zone, or without a model.
        UnknownNameError: for a model that nobody registered, unless it is to be trained or its predictions are here.
    """
    name = model_of(workspace, model)
    if kind is not WorkKind.TRAIN:
        _check_known(workspace, kind, name)
    zone = time_zone or workspace.settings.defaults.time_zone
    return workspace.schedules.set(kind, name, cron, zone, workspace.actor)


def model_of(workspace: Workspace, model: str) -> str:
    """Return the named model, or the target of `[pipeline]`.

    Raises:
        UsageError: when neither names one.
    """
    name = model or workspace.settings.pipeline.target
    if not name:
        raise UsageError("no model", mend="name it with --model, or [pipeline] target in overread.toml")
    return name


def _check_known(workspace: Workspace, kind: WorkKind, model: str) -> None:
    known = {version.model for version in workspace.lifecycle.versions()}
    if kind is WorkKind.MONITOR and model not in known:
        known |= set(workspace.tables.read("predictions", columns=["model"])["model"].to_pylist())
    if model not in known:
        raise UnknownNameError.of("model", model, known, mend="`overread models list` shows them")
