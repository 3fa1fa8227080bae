"""What a stream says, in words that a quality officer understands."""

from collections.abc import Mapping

from monitors.watch.comparisons import Silence
from monitors.watch.strata import Strata
from monitors.watch.stream import Stream
from registry.domain.signal import Window

NOUNS: Mapping[str, str] = {
    "score_level": "mean rank of the scores among those of the reference",
    "score_shape": "spread of the ranks of the scores among those of the reference",
    "score_top": "share of scores near the top of those of the reference (mean sixth power of the ranks)",
    "positive_share": "share of units that the model called positive",
    "decision_rule": "share of decisions that break the rule of the reference",
    "sensitivity": "sensitivity (labels as they come, each at equal age)",
    "specificity": "specificity (labels as they come, each at equal age)",
    "residual": "share of positive units minus the mean score at the reference's prevalence, at equal age of labels",
    "override_of_positive": "share of the model's positive answers that a reader decided otherwise",
    "override_of_negative": "share of the model's negative answers that a reader decided otherwise",
    "silence": "share of days on which anything was acquired",
    "scored_share": "share of acquisitions that were scored by the end of the next day",
    "scanner_share": "share of the scanner among the acquisitions of the site",
    "quality": "mean rank of a measure of image quality among those of the reference",
    "unseen_scanner": "share of a scanner that the reference did not have",
}


def explained(
    stream: Stream, value: float | None, evidence: tuple[float, float], window: Window, n: int, *, raised: bool
) -> str:
    """Return the sentences of a stream that is judged.

    Args:
        stream: which.
        value: what the strongest segment holds; None where there is none.
        evidence: nats, and their limit.
        window: days of that segment.
        n: its units.
        raised: whether it belongs to an alert.
    """
    had = evidence[0] > 0 and value is not None
    said = (
        _segment(stream, float(value or 0.0), window, n)
        if had
        else f"The {NOUNS[stream.watched]}: no change stands out."
    )
    against = f"The evidence of a change is {evidence[0]:.1f} nats; the limit is {evidence[1]:.1f}"
    return f"{said} {against}: {'it belongs to an alert' if raised else 'no alert'}."


def unexplained(stream: Stream, why: str) -> str:
    """Return the sentence of a stream that is not judged."""
    return f"The {NOUNS[stream.watched]} is not watched yet: {why}."


def _segment(stream: Stream, value: float, window: Window, n: int) -> str:
    when = f"from {window.start} to {window.end}"
    if isinstance(stream.comparison, Silence):
        return f"Nothing was acquired {when}."
    base = 0.0 if stream.comparison is None else stream.comparison.base
    if isinstance(stream.comparison, Strata):
        rest = "" if stream.comparison.pairs[0][1] is None else " more than that of the rest"
        return f"The {NOUNS[stream.watched]} changed by {value:+.3f}{rest} {when} ({n} units)."
    return f"The {NOUNS[stream.watched]} is {value:.3f} {when} ({n} units); in the reference it was {base:.3f}."
