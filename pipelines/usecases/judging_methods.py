"""How candidates are judged under a change plan: what its signatures freeze beside its text."""

from collections.abc import Mapping
from typing import Any

from registry.domain.change_plan import change_plan_from


def judging_methods(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the digest of the code that judges, and the statistical plan for a plan's criteria.

    Raises:
        AnswerIsNoError: when the plan is incomplete.
    """
    from validation.protocol.code import metric_code, statistical_plan  # noqa: PLC0415 - lazy: scipy is slow to import

    return {"metric_code": metric_code(), "statistics": statistical_plan(change_plan_from(content).acceptance)}
