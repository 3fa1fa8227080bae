"""How the demo's people answer an alert: taken up, the affected stratum stopped, a retraining asked for."""

from typing import Any

from registry.alerts import StoredAlert, acknowledge

from pipelines.bootstrap import Workspace
from pipelines.demo.cast import Cast
from pipelines.demo.telling import outcome
from registry.domain.stratum import Stratum

FALLBACK = "read without the model"
_STRATA = {"scanner": "scanner", "software": "scanner", "protocol": "scanner"}


def answer(workspace: Workspace, cast: Cast, alert: StoredAlert) -> dict[str, Any]:
    """Acknowledge an alert, stop the stratum that its cause names, and ask for a retraining where one can help."""
    record = alert.record
    cause = record["cause"]
    since = record["since"]
    says = [
        f"{record['opened']}  {record['code']} {cause['kind']}: {cause['who']}, since {since['estimate']} "
        f"({since['interval'][0]} to {since['interval'][1]}), {record['studies_affected']} studies"
    ]
    quality = cast.signer(workspace, cast.quality)
    acted = outcome(lambda: acknowledge(workspace.lifecycle.record, record["id"], quality, "looked into"))
    says.append(f"            acknowledged: {acted}")
    stratum = _stratum(cause)
    if stratum is not None:
        says += _stop(workspace, cast, alert, stratum)
        says.append(f"            retraining asked for: {_asked(workspace, alert)}")
    return {"alert": record["id"], "opened": record["opened"], "cause": dict(cause), "says": says}


def _stratum(cause: Any) -> Stratum | None:
    """Return the stratum that a cause names; None where it names none that could be stopped."""
    if cause["kind"] in _STRATA:
        return Stratum(_STRATA[cause["kind"]], cause["who"])
    if cause["kind"] == "subgroup":
        axis, _, value = cause["who"].partition(" ")
        return Stratum(axis, value)
    return None
