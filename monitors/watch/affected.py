"""How many studies a change touched: those of its stratum since it began."""

from monitors.cause import Cause
from monitors.scope import Scope
from monitors.watch.build import Watch
from monitors.watch.comparisons import Share, Silence
from monitors.watch.detector import segment_sums
from monitors.watch.stream import Stream


def studies_affected(watch: Watch, cause: Cause, lead: Stream, since: int, until: int) -> int:
    """Return the studies of a cause's stratum between two days, both counted.

    Args:
        watch: all streams.
        cause: whose stratum.
        lead: the stream that opened the alert.
        since: index of the first day of entry.
        until: index of the last.

    Returns:
        For a reader the reads; for what did not arrive, or was not scored, the studies that were missed.
    """
    if cause.kind == "reader":
        return _units(lead, since + lead.lag, until)
    if cause.kind == "routing":
        return _missed(watch, lead, since, until)
    cells = watch.cells[Scope(lead.scope.version, lead.scope.mode, lead.scope.target)]
    keep = (cells.day >= since) & (cells.day <= until)
    if cause.site:
        keep &= cells.at("site", cause.site)
    if cause.axis:
        keep &= cells.at(cause.axis, cause.value)
    return cells.n.total(keep)


def _units(lead: Stream, first: int, last: int) -> int:
    comparison = lead.comparison
    if comparison is None:
        return 0
    return int(segment_sums(comparison, first, last)[1])


def _missed(watch: Watch, lead: Stream, since: int, until: int) -> int:
    """Return what a scored share fell short of, or what a silence would have brought at the reference's rate."""
    comparison = lead.comparison
    window = slice(since + lead.lag, until + 1)
    if isinstance(comparison, Share) and lead.watched == "scored_share":
        scored, arrived = comparison.series[:, window].sum(axis=1)
        return max(0, round(float(arrived * comparison.base - scored)))
    if isinstance(comparison, Silence | Share):
        row = comparison.series[1] if isinstance(comparison, Silence) else comparison.series[0]
        usual = row[lead.rules.first - watch.plan.reference_days : lead.rules.first].mean()
        return max(0, round(float(usual * len(row[window]) - row[window].sum())))
    return 0


def unit_count(lead: Stream, first: int, last: int) -> float:
    """Return the units that a stream judged between two of its days."""
    comparison = lead.comparison
    if comparison is None:
        return 0.0
    return comparison.units_of(segment_sums(comparison, first, last))
