"""How the demo's people answer an alert: taken up, the affected stratum stopped, a retraining asked for."""

from typing import Any

from pipelines.bootstrap import Workspace
from pipelines.demo.cast import Cast
from pipelines.demo.telling import outcome
from registry.alerts import acknowledge
from registry.domain.dossier import StoredAlert
from registry.domain.stratum import Stratum
from registry.tasks import RETRAIN

FALLBACK = "read without the model"
_BY_SCANNER = frozenset({"scanner", "software", "protocol"})
_INDENT = " " * 12


def answer(workspace: Workspace, cast: Cast, alert: StoredAlert) -> dict[str, Any]:
    """Acknowledge an alert, stop the stratum that its cause names, and ask for a retraining where one can help."""
    record = alert.record
    quality = cast.signer(workspace, cast.quality)
    acted = outcome(lambda: acknowledge(workspace.lifecycle.record, record["id"], quality, "looked into"))
    says = [_headline(record), f"{_INDENT}acknowledged by {cast.quality}: {acted}"]
    stratum = _stratum(record["cause"])
    if stratum is not None and record["site"]:
        stopped = _stopped(workspace, cast, alert, stratum)
        says.append(f"{_INDENT}{stratum.text} stopped at {record['site']}: {stopped}")
        says.append(f"{_INDENT}retraining asked for: {_asked(workspace, alert)}")
    return {name: record[name] for name in ("id", "opened", "site", "cause")} | {"says": says}


def _headline(record: Any) -> str:
    cause, since = record["cause"], record["since"]
    low, high = since["interval"]
    return (
        f"{record['opened']}  {record['code']}  {cause['kind']}: {cause['who']}, at {record['site'] or 'all sites'}, "
        f"since {since['estimate']} ({low} to {high}), {record['studies_affected']} studies"
    )


def _stratum(cause: Any) -> Stratum | None:
    """Return the stratum that a cause names; None where it names none that could be stopped."""
    if cause["kind"] in _BY_SCANNER:
        return Stratum("scanner", cause["who"])
    if cause["kind"] == "subgroup":
        axis, _, value = cause["who"].partition(" ")
        return Stratum(axis, value)
    return None


def _stopped(workspace: Workspace, cast: Cast, alert: StoredAlert, stratum: Stratum) -> str:
    clinician = cast.signer(workspace, cast.clinician)

    def act() -> str:
        running = workspace.lifecycle.running(alert.model, alert.version, str(alert.record["site"]))
        done = workspace.lifecycle.suspend_stratum(running.deployment, stratum, clinician, FALLBACK, "alert")
        return f"signed by {cast.clinician}; there: {done.fallback}"

    return outcome(act)


def _asked(workspace: Workspace, alert: StoredAlert) -> str:
    why = f"{alert.record['cause']['kind']} at {alert.record['site']}, alert {alert.record['id']}"
    task = workspace.tasks.ask(RETRAIN, alert.model, why, f"alert {alert.record['id']}", workspace.actor)
    return "asked before" if task is None else f"task {task.task}"
