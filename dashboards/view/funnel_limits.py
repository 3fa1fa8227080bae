"""The curves of a funnel plot: what chance alone gives at each count."""

from dashboards.charts.funnel import FunnelLimit
from validation.statistics.funnel import FUNNEL_TAILS, funnel_limit

CURVE_POINTS = 48


def funnel_limits(centre: float, largest: int) -> tuple[FunnelLimit, ...]:
    """Return exact binomial limits, interpolated between counts (Spiegelhalter 2005), from few cases to `largest`.

    Args:
        centre: the rate of all, 0..1; at 0 or 1 chance draws no funnel and there are no limits.
        largest: the largest count, at least 1.
    """
    if not 0 < centre < 1:
        return ()
    counts = sorted({max(2, round(largest * 1.05 * step / CURVE_POINTS)) for step in range(1, CURVE_POINTS + 1)})
    return tuple(_limit(centre, n) for n in counts)


def _limit(centre: float, n: int) -> FunnelLimit:
    lowest, low, high, highest = (funnel_limit(centre, n, tail) for tail in FUNNEL_TAILS)
    return FunnelLimit(n, low, high, lowest, highest)
