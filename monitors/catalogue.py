"""The catalogue of signals: permanent codes, what each measures, needs and says.

A code is never reused or renamed. `docs/reference/signals.md` has one section a code; a test keeps the two alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass

DOCUMENT = "docs/reference/signals.md"
NO_LIMIT = "none: shown, not judged"
REFERENCE = "the reference period, with its own uncertainty"
FLOOR = "the plan's floor, else the reference's estimate with its own uncertainty"
Q_LIMIT = "the plan's q_limit on the Benjamini-Hochberg q of the monitor's family"

_SCORES = ("predictions.score", "predictions.decision", "acquisitions.acquired_at", "acquisitions.patient")
_TRUTH = (*_SCORES, "outcomes.truth", "outcomes.source")
_READS = ("reads.decision", "reads.ai_shown", "reads.read_at", "predictions.decision", "predictions.predicted_at")


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

    @property
    def anchor(self) -> str:
        """Place in the documentation."""
        return f"{DOCUMENT}#{self.code.lower()}"


_LOWER = "This is lower than the limit by more than chance explains."
_HOLDS = "There is no evidence of a decline below the limit."
_TYPES = (
    SignalType(
        "SCO001",
        "score",
        "score_ks",
        "Score drift",
        _SCORES,
        f"{REFERENCE}; {Q_LIMIT}",
        "The score distributions of window and reference are at most {value} apart (Kolmogorov-Smirnov, {n} units of "
        "{patients} patients).",
        share=False,
    ),
    SignalType(
        "SCO002",
        "score",
        "positive_rate",
        "Positive rate of the model",
        _SCORES,
        f"{REFERENCE}; {Q_LIMIT}",
        "The model called {value} {interval} of {n} units positive; in the reference it was {limit}.",
    ),
    SignalType(
        "SCO003",
        "score",
        "score_wasserstein",
        "Size of the score shift",
        _SCORES,
        NO_LIMIT,
        "The scores moved by {value} standard deviations of the reference (Wasserstein distance, {n} units).",
        calm="It sizes the drift that SCO001 tests; it has no limit of its own.",
        share=False,
    ),
    SignalType(
        "PRF001",
        "performance",
        "auc",
        "Area under the ROC curve",
        _TRUTH,
        f"{FLOOR}; {Q_LIMIT}",
        "The AUC is {value} {interval} on {n} units of {patients} patients; the limit is {limit}.",
        calm=_HOLDS,
        raised=_LOWER,
        share=False,
    ),
    SignalType(
        "PRF002",
        "performance",
        "sensitivity",
        "Sensitivity",
        (*_TRUTH, "outcomes.ai_blinded"),
        f"{FLOOR}; {Q_LIMIT}",
        "The model found {value} {interval} of {n} positive units; the limit is {limit}.",
        calm=_HOLDS,
        raised=_LOWER,
    ),
    SignalType(
        "PRF003",
        "performance",
        "specificity",
        "Specificity",
        (*_TRUTH, "outcomes.ai_blinded"),
        f"{FLOOR}; {Q_LIMIT}",
        "The model cleared {value} {interval} of {n} negative units; the limit is {limit}.",
        calm=_HOLDS,
        raised=_LOWER,
    ),
    SignalType(
        "PRF004",
        "performance",
        "concordance",
        "Concordance with the report",
        (*_SCORES, "outcomes.truth", "outcomes.source"),
        NO_LIMIT,
        "The model agreed with the report, or with another reference that is not independent of the read, in {value} "
        "{interval} of {n} units. This is agreement, not accuracy.",
        calm="It has no limit.",
    ),
    SignalType(
        "CAL001",
        "calibration",
        "calibration_in_the_large",
        "Calibration in the large",
        _TRUTH,
        f"{REFERENCE}; {Q_LIMIT}",
        "The share of positive units minus the mean score is {value} {interval} on {n} units; in the reference it was "
        "{limit}.",
        calm="There is no evidence of a change.",
        raised="The scores have become too high or too low on the whole, by more than chance explains.",
        share=False,
    ),
    SignalType(
        "SUB001",
        "subgroup",
        "auc_gap",
        "AUC of a group against the rest",
        _TRUTH,
        f"zero; {Q_LIMIT}",
        "In the group {subject} the AUC differs from that of the rest by {value} {interval}, on {n} units.",
        share=False,
    ),
    SignalType(
        "SUB002",
        "subgroup",
        "sensitivity_gap",
        "Sensitivity of a group against the rest",
        _TRUTH,
        f"zero; {Q_LIMIT}",
        "In the group {subject} the sensitivity differs from that of the rest by {value} {interval}, on {n} positive "
        "units.",
        share=False,
    ),
    SignalType(
        "SUB003",
        "subgroup",
        "auc",
        "AUC of a group",
        _TRUTH,
        NO_LIMIT,
        "In the group {subject} the AUC is {value} {interval}, on {n} units of {patients} patients.",
        calm="SUB001 judges the group against the rest.",
        share=False,
    ),
    SignalType(
        "SUB004",
        "subgroup",
        "sensitivity",
        "Sensitivity of a group",
        _TRUTH,
        NO_LIMIT,
        "In the group {subject} the model found {value} {interval} of {n} positive units.",
        calm="SUB002 judges the group against the rest.",
    ),
    SignalType(
        "SUB005",
        "subgroup",
        "missing_rate",
        "Units without the attribute",
        _SCORES,
        f"{REFERENCE}; {Q_LIMIT}",
        "For {value} {interval} of {n} units the {subject} is missing; in the reference it was {limit}.",
        raised="This is more than in the reference, beyond chance: the group comparison sees fewer patients.",
    ),
    SignalType(
        "SCN001",
        "scanner",
        "positive_rate",
        "Positive rate of a scanner (funnel)",
        (*_SCORES, "acquisitions.scanner"),
        f"exact binomial limits around the rate of all scanners at the scanner's effective n; {Q_LIMIT}",
        "On {subject} the model called {value} {interval} of {n} units positive; the nearer 99.8 % "
        "limit of the funnel is {limit}.",
    ),
    SignalType(
        "SCN002",
        "scanner",
        "sensitivity",
        "Sensitivity on a scanner (funnel)",
        (*_TRUTH, "acquisitions.scanner"),
        f"exact binomial limits around the sensitivity of all scanners at the scanner's effective n; {Q_LIMIT}",
        "On {subject} the model found {value} {interval} of {n} positive units; the nearer 99.8 % limit of "
        "the funnel is {limit}.",
    ),
    SignalType(
        "OVR001",
        "override",
        "override_rate",
        "Override rate",
        _READS,
        f"{REFERENCE}; {Q_LIMIT}",
        "Readers who saw the model's answer decided otherwise in {value} {interval} of {n} reads; in the reference it "
        "was {limit}.",
    ),
    SignalType(
        "OVR002",
        "override",
        "override_cell",
        "Model against final read",
        _READS,
        NO_LIMIT,
        "Among {n} reads with the model's answer on screen, {value} {interval} were {subject}.",
        calm="The four cells together are the override table; OVR001 judges their discordant part.",
    ),
    SignalType(
        "OVR003",
        "override",
        "ai_shown_unknown",
        "Reads that do not say whether the model was shown",
        _READS,
        NO_LIMIT,
        "{value} {interval} of {n} reads do not say whether the model's answer was on screen; they are left out of the "
        "override rate.",
        calm="It has no limit.",
    ),
    SignalType(
        "OVR004",
        "override",
        "readers_outside_limits",
        "Readers outside the funnel",
        (*_READS, "reads.reader"),
        f"exact binomial limits around the override rate of all readers; {Q_LIMIT} (Simes)",
        "{value} of the readers with enough reads lie outside the 99.8 % limits of the override rate, on {n} reads.",
        calm="No reader stands apart by more than chance explains.",
        raised="At least one reader stands apart by more than chance explains; who it is, the clinical lead may see.",
    ),
    SignalType(
        "COV001",
        "coverage",
        "scored_share",
        "Share of units that were scored",
        ("predictions.status", "acquisitions.acquired_at"),
        f"{REFERENCE}; {Q_LIMIT}",
        "{value} {interval} of {n} units that were given to the model were scored; the rest was skipped or failed. In "
        "the reference it was {limit}.",
        raised="Fewer units are scored than in the reference, beyond chance.",
    ),
    SignalType(
        "COV002",
        "coverage",
        "outside_envelope_share",
        "Results outside the validated envelope",
        ("predictions.predicted_at", "acquisitions.acquired_at"),
        "zero",
        "{value} of {n} scored units lie in a stratum in which the model was suspended when it scored them.",
        calm="No unit was scored in a suspended stratum.",
        raised="They are kept and marked; readers work there as the suspension says, until it is lifted by signature.",
    ),
    SignalType(
        "DAT001",
        "data",
        "decision_disagreement",
        "Decisions that contradict their threshold",
        ("predictions.score", "predictions.threshold", "predictions.decision"),
        "zero",
        "{value} of {n} predictions carry a decision that contradicts their own score and threshold.",
        calm="Every decision agrees with its threshold.",
        raised="The rows are kept as they were sent; ask the vendor which of the two is right.",
    ),
    SignalType(
        "DAT002",
        "data",
        "auc_tie_bound",
        "Loss of AUC by ties on the score grid",
        _TRUTH,
        "0.001",
        "Ties on the score grid leave the AUC undecided by at most {value}, on {n} units.",
        calm="The grid resolves the scores.",
        raised="The scores crowd into few grid cells: store them with a monotone score map.",
        share=False,
    ),
    SignalType(
        "DAT003",
        "data",
        "unjoined_share",
        "Predictions without an acquisition",
        ("predictions.study_uid", "acquisitions.study_uid"),
        "zero",
        "{value} of {n} predictions name a study that was never taken in; they are in no other signal.",
        calm="Every prediction has its acquisition.",
        raised="Take in the acquisitions of these studies.",
    ),
    *(
        SignalType(
            f"SEQ00{place}",
            monitor,
            "sequential",
            f"Sequential watch of the {family} family",
            ("acquisitions", "predictions", "outcomes", "reads"),
            f"the plan's budget of false alerts for {family}",
            "The strongest change of {subject} is {value} {interval} on {n} units; the limit is {limit} nats.",
            calm="The evidence lies within the limit.",
            raised="The evidence exceeds the limit: it belongs to an alert.",
            share=False,
        )
        for place, (family, monitor) in enumerate(
            (
                ("input", "input"),
                ("score", "score"),
                ("performance", "performance"),
                ("calibration", "calibration"),
                ("subgroup", "subgroup"),
                ("scanner", "scanner"),
                ("reader", "override"),
                ("routing", "routing"),
            ),
            start=1,
        )
    ),
)
CATALOGUE: Mapping[str, SignalType] = {entry.code: entry for entry in _TYPES}
SEQUENTIAL: tuple[str, ...] = tuple(code for code in CATALOGUE if code.startswith("SEQ"))
