"""Groups of an evaluation for tests of what shows them: judged ones, small ones, and attributes that nobody stated."""

from registry.domain.estimate import Estimate
from registry.domain.group_report import NOT_PERMITTED, NOT_STATED, AxisCoverage, GroupFinding, GroupReport

METRICS = ("auc", "sensitivity", "specificity")


def judged(axis: str, group: str, value: float, gap: float) -> tuple[GroupFinding, ...]:
    """Return the three metrics of a group that is large enough."""
    return tuple(
        GroupFinding(
            axis,
            group,
            Estimate(f"{metric}:{axis}={group}", value, value - 0.04, value + 0.03, 310, 115, 24, method="clustered"),
            Estimate(f"{metric}:{axis}={group} less the rest", gap, gap - 0.06, gap + 0.06, 310, 115, 24),
            0.21,
            0.43,
        )
        for metric in METRICS
    )


def small(axis: str, group: str, n: int = 3) -> tuple[GroupFinding, ...]:
    """Return the three metrics of a group that is too small."""
    why = f"too_few: {n} patients of a class; needs 10"
    return tuple(
        GroupFinding(axis, group, Estimate(f"{metric}:{axis}={group}", None, None, None, n, 1, n, reason=why))
        for metric in METRICS
    )


def some_groups() -> GroupReport:
    """Return a report on women, men, three others, two scanners, and what is not known."""
    axes = (
        AxisCoverage("race", Estimate("unknown:race", None, None, None, 0, reason=NOT_PERMITTED)),
        AxisCoverage("sex", Estimate("unknown:sex", 0.03, 0.01, 0.06, 642, 231, 48)),
        AxisCoverage("kvp", Estimate("unknown:kvp", 1.0, 0.99, 1.0, 642, 231, 48, reason=NOT_STATED)),
        AxisCoverage("scanner", Estimate("unknown:scanner", 0.0, 0.0, 0.01, 642, 231, 48), 2, 9),
    )
    found = (
        *judged("sex", "F", 0.901, -0.0123),
        *judged("sex", "M", 0.913, 0.0123),
        *small("sex", "O"),
        *judged("scanner", "p:a1", 0.922, 0.021),
        *judged("scanner", "p:b2", 0.893, -0.021),
        *judged("sex*scanner", "F*p:a1", 0.884, -0.03),
        *small("sex*scanner", "M*p:b2", 5),
    )
    return GroupReport(axes, found, "Benjamini-Hochberg over 15 differences", "sha256:" + "5" * 64)
