"""What the catalogue says of one code, and the words for limits and needed columns that several codes share."""

from dataclasses import dataclass

DOCUMENT = "docs/reference/signals.md"
NO_LIMIT = "none: shown, not judged"
REFERENCE = "the reference period, with its own uncertainty"
FLOOR = "the plan's floor, else the reference's estimate with its own uncertainty"
Q_LIMIT = "the plan's q_limit on the Benjamini-Hochberg q of the monitor's family"

SCORES = ("predictions.score", "predictions.decision", "acquisitions.acquired_at", "acquisitions.patient")
TRUTH = (*SCORES, "outcomes.truth", "outcomes.source")
READS = ("reads.decision", "reads.ai_shown", "reads.read_at", "predictions.decision", "predictions.predicted_at")


@dataclass(frozen=True)
class SignalType:
    """One code of the catalogue.

    Attributes:
        code: permanent, such as `SCO001`.
        monitor: one of `registry.domain.signal.MONITORS`.
        statistic: machine name of the value.
        title: what it is called on pages.
        needs: columns that it needs, as `table.column`.
        limit: where its limit comes from.
        says: the sentence, with the fields `value`, `interval`, `n`, `patients`, `limit`, `subject`.
        calm, raised: what follows the sentence when the state is `ok`, and when it is `watch`.
        only_with: the rows that it speaks of; where there never were any, it is silent. Empty: it always speaks.
        share: whether values are shares, shown as percentages in the sentence.
    """

    code: str
    monitor: str
    statistic: str
    title: str
    needs: tuple[str, ...]
    limit: str
    says: str
    calm: str = "This is within what chance explains."
    raised: str = "This is more than chance explains."
    share: bool = True
    only_with: str = ""

    @property
    def anchor(self) -> str:
        """Place in the documentation."""
        return f"{DOCUMENT}#{self.code.lower()}"
