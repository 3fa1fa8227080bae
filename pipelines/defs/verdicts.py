"""From our verdicts to Dagster's checks: which verdict blocks is a safety decision, made here and tested.

`blocking=True` with severity WARN does not block in Dagster, so what must block is an ERROR.
"""

from collections.abc import Mapping, Sequence

import dagster as dg

from registry.domain.vocabulary import SignalState, Verdict
from validation.contracts import ContractResult

SEVERITY: Mapping[Verdict, dg.AssetCheckSeverity] = {
    Verdict.PASSED: dg.AssetCheckSeverity.WARN,
    Verdict.NOT_ASSESSED: dg.AssetCheckSeverity.WARN,
    Verdict.FAILED: dg.AssetCheckSeverity.ERROR,
}
SIGNAL_SEVERITY: Mapping[SignalState, dg.AssetCheckSeverity] = {
    SignalState.OK: dg.AssetCheckSeverity.WARN,
    SignalState.WATCH: dg.AssetCheckSeverity.WARN,
    SignalState.NOT_ASSESSED: dg.AssetCheckSeverity.WARN,
    SignalState.ALERT: dg.AssetCheckSeverity.ERROR,
}


def contract_check(asset: str, result: ContractResult) -> dg.AssetCheckResult:
    """Return a table's contract as an asset check; a broken contract is an ERROR."""
    return contracts_check(asset, [result])


def contracts_check(asset: str, results: Sequence[ContractResult]) -> dg.AssetCheckResult:
    """Return the contracts of some tables as one asset check; a broken contract is an ERROR."""
    lines = [line for result in results for line in result.lines()]
    return dg.AssetCheckResult(
        passed=all(result.success for result in results),
        asset_key=asset,
        check_name="contract",
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(lines) or "every expectation holds",
    )


def acceptance_check(asset: str, name: str, verdict: Verdict, why: str) -> dg.AssetCheckResult:
    """Return an acceptance verdict as an asset check; only `passed` passes, and only `failed` is an ERROR."""
    return dg.AssetCheckResult(
        passed=verdict is Verdict.PASSED,
        asset_key=asset,
        check_name=name,
        severity=SEVERITY[verdict],
        description=f"{verdict.value}: {why}",
    )


def signal_check(asset: str, monitor: str, state: SignalState, why: str) -> dg.AssetCheckResult:
    """Return a monitor's gravest state as an asset check; only `ok` passes, and only `alert` is an ERROR."""
    return dg.AssetCheckResult(
        passed=state is SignalState.OK,
        asset_key=asset,
        check_name=monitor,
        severity=SIGNAL_SEVERITY[state],
        description=f"{state.value}: {why}",
    )


def comparable_check(why: str) -> dg.AssetCheckResult:
    """Say whether there was a window to compare with a reference; where there was none, `why` says so."""
    says = why or "a window was compared with a reference"
    return dg.AssetCheckResult(passed=not why, severity=dg.AssetCheckSeverity.WARN, description=says)
