"""A funnel: many shares against the share of all, with exact limits at each one's effective number of units."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitors.shares import two_sided_p
from validation.statistics.funnel import FUNNEL_TAILS, Dispersion, funnel_limit, overdispersion
from validation.statistics.proportions import ClusteredShare

MEMBERS = 10  # with fewer, winsorising cannot part an outlier from a spread: over-dispersion is stated, not applied


@dataclass(frozen=True)
class FunnelPoint:
    """One member of a funnel: its nearer 99.8 % limit, its p-value, and whether it lies outside that limit."""

    limit: float
    p_value: float
    outside: bool


@dataclass(frozen=True)
class Funnel:
    """The target share, the over-dispersion, and a point per member."""

    target: float
    dispersion: Dispersion
    points: Mapping[str, FunnelPoint]


def funnel_of(shares: Mapping[str, ClusteredShare], target: float) -> Funnel | None:
    """Return the funnel of two members or more around a target; None where it has no width or no company."""
    if len(shares) < 2 or not 0.0 < target < 1.0:
        return None
    members = list(shares.values())
    found = overdispersion([share.value for share in members], [share.effective_n for share in members], target)
    dispersion = found if len(members) >= MEMBERS else found._replace(factor=1.0)
    points = {name: _point(share, target, dispersion.factor) for name, share in shares.items()}
    return Funnel(target, dispersion, points)


def _point(share: ClusteredShare, target: float, factor: float) -> FunnelPoint:
    n = max(1, int(share.effective_n))
    tail = FUNNEL_TAILS[-1] if share.value >= target else FUNNEL_TAILS[0]
    limit = funnel_limit(target, n, tail, factor)
    outside = share.value > limit if share.value >= target else share.value < limit
    return FunnelPoint(limit, two_sided_p(share.value, share.effective_n / factor, target), outside)
