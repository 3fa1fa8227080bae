"""The margin of a label-free stream: how far it may move without news.

Sixty days are one regime. How far case mix moves from one season or referral pattern to the next cannot be measured in
them, so it is no part of any estimated spread; the plan states it, and the detector asks whether a change exceeds it
(an interval hypothesis, as in tests of equivalence). Streams of labels, readers and arrivals have none.
"""

from dataclasses import replace

from monitors.watch.comparisons import Level, Share
from monitors.watch.standardised import Standardised
from monitors.watch.strata import Part, Strata
from monitors.watch.stream import Comparison, Stream
from registry.domain.plan import MonitoringPlan


def with_margin(stream: Stream, plan: MonitoringPlan) -> Stream:
    """Return a stream with the margin that the plan states for its kind."""
    text = plan.margins.get(stream.watched)
    if text is None or stream.comparison is None:
        return stream
    return replace(stream, comparison=_allowed(stream.comparison, float(text)))


def _allowed(comparison: Comparison, margin: float) -> Comparison:
    if isinstance(comparison, Level | Standardised):
        return replace(comparison, margin=margin)
    if isinstance(comparison, Share):
        return replace(comparison, ratio=margin)
    if isinstance(comparison, Strata):
        pairs = tuple((_part(group, margin), rest) for group, rest in comparison.pairs)
        return replace(comparison, pairs=pairs)
    return comparison


def _part(group: Part, margin: float) -> Part:
    if isinstance(group, Level):
        return replace(group, margin=margin)
    return replace(group, ratio=margin) if isinstance(group, Share) else group
