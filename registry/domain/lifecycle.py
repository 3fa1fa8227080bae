"""The lifecycle of versions, deployments and their strata: one table of transitions, as data (contract, section 5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class VersionState(StrEnum):
    """States of a model version."""

    REGISTERED = "registered"
    VALIDATED = "validated"
    EXTERNALLY_VALIDATED = "externally_validated"
    RISK_REVIEWED = "risk_reviewed"
    APPROVED = "approved"
    RETIRED = "retired"
    REJECTED = "rejected"
    LAPSED = "lapsed"


class DeploymentState(StrEnum):
    """States of a deployment of a version at a site; the first three are also its modes."""

    SHADOW = "shadow"
    PILOT = "pilot"
    LIVE = "live"
    STOPPED = "stopped"
    ENDED = "ended"


class Evidence(StrEnum):
    """What a transition needs to have beside the right signature."""

    INTERNAL_PASSED = "an internal-test evaluation that passed"
    EXTERNAL_PASSED = "an external-test evaluation that passed, site-disjointness proved"
    RISK_SIGNED = "a signed risk review of exactly these evaluations"
    QUORUM = "signatures of the quorum of the model's risk tier, different persons, none of them the trainer"
    CLINICAL_SIGNATURE = "one clinical signature"
    VERSION_VALIDATED = "a version that is at least validated"
    VERSION_APPROVED = "a version that is approved today"
    SITE_ACCEPTANCE = "the site's acceptance record"
    SIGNATURE = "one signature of an allowed role"
    EMERGENCY = "one clinical signature with reason, fallback and a limited time, countersigned afterwards"
    NAMED_RESUMER = "one signature of the role that the stop named, of a clinical lead unless it named another"


@dataclass(frozen=True)
class Transition:
    """One allowed step: from a state, by an act, to a state, with the evidence it needs."""

    source: str
    act: str
    target: str
    needs: tuple[Evidence, ...] = ()


_V = VersionState
_D = DeploymentState
_OPEN = (_V.REGISTERED, _V.VALIDATED, _V.EXTERNALLY_VALIDATED, _V.RISK_REVIEWED)
_MODES = (_D.SHADOW, _D.PILOT, _D.LIVE)

VERSION_TRANSITIONS: tuple[Transition, ...] = (
    Transition(_V.REGISTERED, "validate", _V.VALIDATED, (Evidence.INTERNAL_PASSED,)),
    Transition(_V.VALIDATED, "validate-externally", _V.EXTERNALLY_VALIDATED, (Evidence.EXTERNAL_PASSED,)),
    Transition(_V.EXTERNALLY_VALIDATED, "risk-review", _V.RISK_REVIEWED, (Evidence.RISK_SIGNED,)),
    Transition(_V.RISK_REVIEWED, "approve", _V.APPROVED, (Evidence.QUORUM, Evidence.EXTERNAL_PASSED)),
    Transition(_V.APPROVED, "approve", _V.APPROVED, (Evidence.QUORUM, Evidence.EXTERNAL_PASSED)),
    Transition(_V.APPROVED, "lapse", _V.LAPSED),
    Transition(_V.LAPSED, "approve", _V.APPROVED, (Evidence.QUORUM, Evidence.EXTERNAL_PASSED)),
    *(Transition(state, "reject", _V.REJECTED, (Evidence.SIGNATURE,)) for state in _OPEN),
    Transition(_V.APPROVED, "retire", _V.RETIRED, (Evidence.SIGNATURE,)),
    Transition(_V.LAPSED, "retire", _V.RETIRED, (Evidence.SIGNATURE,)),
)

DEPLOYMENT_TRANSITIONS: tuple[Transition, ...] = (
    Transition("", "deploy-shadow", _D.SHADOW, (Evidence.VERSION_VALIDATED, Evidence.CLINICAL_SIGNATURE)),
    Transition(_D.SHADOW, "deploy-pilot", _D.PILOT, (Evidence.VERSION_APPROVED, Evidence.SITE_ACCEPTANCE)),
    Transition(_D.PILOT, "deploy-live", _D.LIVE, (Evidence.VERSION_APPROVED, Evidence.SITE_ACCEPTANCE)),
    *(Transition(mode, "stop", _D.STOPPED, (Evidence.SIGNATURE,)) for mode in _MODES),
    *(Transition(_D.STOPPED, f"resume-{mode}", mode, (Evidence.NAMED_RESUMER,)) for mode in _MODES),
    Transition("", "break-glass", _D.LIVE, (Evidence.VERSION_VALIDATED, Evidence.EMERGENCY)),
    *(Transition(state, "end", _D.ENDED, (Evidence.SIGNATURE,)) for state in (*_MODES, _D.STOPPED)),
)

STRATUM_TRANSITIONS: tuple[Transition, ...] = (
    Transition("", "suspend", "suspended", (Evidence.SIGNATURE,)),
    Transition("suspended", "resume", "resumed", (Evidence.NAMED_RESUMER,)),
    Transition("resumed", "suspend", "suspended", (Evidence.SIGNATURE,)),
)

MAY_BREAK_GLASS: frozenset[str] = frozenset(
    {_V.VALIDATED, _V.EXTERNALLY_VALIDATED, _V.RISK_REVIEWED, _V.APPROVED, _V.LAPSED}
)
MAY_SHADOW: frozenset[str] = frozenset({_V.VALIDATED, _V.EXTERNALLY_VALIDATED, _V.RISK_REVIEWED, _V.APPROVED})


def step(table: Iterable[Transition], source: str, act: str) -> Transition | None:
    """Return the one allowed step from a state by an act, or None where the table has none."""
    return next((row for row in table if row.source == source and row.act == act), None)
