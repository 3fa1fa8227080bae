"""From our verdicts to Dagster's checks: which verdict blocks is a safety decision, made here and tested.

`blocking=True` with severity WARN does not block in Dagster, so what must block is an ERROR.
"""

import dagster as dg

from registry.domain.vocabulary import Verdict
from validation.contracts import ContractResult

SEVERITY = {
    Verdict.PASSED: dg.AssetCheckSeverity.WARN,
    Verdict.NOT_ASSESSED: dg.AssetCheckSeverity.WARN,
    Verdict.FAILED: dg.AssetCheckSeverity.ERROR,
}


def contract_check(asset: str, result: ContractResult) -> dg.AssetCheckResult:
    """Return a table's contract as an asset check; a broken contract is an ERROR."""
    return dg.AssetCheckResult(
        passed=result.success,
        asset_key=asset,
        check_name="contract",
        severity=dg.AssetCheckSeverity.ERROR,
        description="; ".join(result.lines()) or "every expectation holds",
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
