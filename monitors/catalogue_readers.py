"""The catalogue's entries of the readers: overrides beyond OVR004, and oversight."""

from monitors.signal_type import NO_LIMIT, Q_LIMIT, READS, REFERENCE, SignalType

_TRUTH = (*READS, "outcomes.truth", "outcomes.source", "outcomes.ai_blinded")
_READER = (*READS, "reads.reader")
_NONE = "No reader stands apart by more than chance explains."
_SOME = "At least one reader stands apart by more than chance explains; who it is, the clinical lead may see."

_STUDY = ("reads.reader", "reads.decision", "reads.ai_shown", "reads.stage", "outcomes.truth", "outcomes.source")

READERS = (
    SignalType(
        "OVR005",
        "override",
        "override_gap_on_like_cases",
        "Overrides on a scanner, on like cases",
        (*READS, "acquisitions.scanner", "predictions.score"),
        f"zero; {Q_LIMIT}",
        "On {subject} readers override the model more often than on the others by {value} {interval}, on {n} reads of "
        "the same decision and score band.",
    ),
    SignalType(
        "OVR006",
        "override",
        "readers_apart_on_like_cases",
        "Readers who override more or less, on like cases",
        (*_READER, "predictions.score"),
        f"99.8 % limits of the difference from all others; {Q_LIMIT} (Simes)",
        "{value} of the readers with enough reads override more or less often than the others on like cases, on {n} "
        "reads.",
        calm=_NONE,
        raised=_SOME,
    ),
    SignalType(
        "OVR007",
        "override",
        "finding_rejected",
        "Findings that readers reject",
        ("findings.label", "findings.accepted", "findings.prediction_id"),
        f"{REFERENCE}; {Q_LIMIT}",
        "Of the {n} findings of {subject} that readers answered, they rejected {value} {interval}; in the reference it "
        "was {limit}.",
        only_with="findings that a reader answered",
    ),
    SignalType(
        "OVR008",
        "override",
        "click_contradicts",
        "Clicks that contradict the decision",
        (*READS, "reads.action"),
        f"{REFERENCE}; {Q_LIMIT}",
        "In {value} {interval} of {n} reads what was clicked contradicts what was decided; in the reference it was "
        "{limit}.",
        calm="It has not become more frequent by more than chance explains.",
        raised="It has become more frequent, beyond chance: the clicks are not to be trusted as a record.",
    ),
    SignalType(
        "OVR009",
        "override",
        "chance_corrected_agreement",
        "Agreement of model and reader beyond chance",
        READS,
        NO_LIMIT,
        "Beyond chance the model and the readers who saw its answer agree by {value} {interval} (Gwet's AC1, 1 is "
        "always), on {n} reads.",
        calm="The override rate is judged by OVR001.",
        share=False,
    ),
    SignalType(
        "OVS001",
        "oversight",
        "override_given_right",
        "Overrides of a right model",
        _TRUTH,
        f"{REFERENCE}; {Q_LIMIT}",
        "In {value} {interval} of {n} reads in which the model was right, the reader decided otherwise; in the "
        "reference it was {limit}.",
        calm="It has not become more frequent by more than chance explains.",
        raised="The right model is overridden more often than in the reference, beyond chance.",
    ),
    SignalType(
        "OVS002",
        "oversight",
        "acceptance_given_wrong",
        "Acceptance of a wrong model",
        _TRUTH,
        f"{REFERENCE}; {Q_LIMIT}",
        "In {value} {interval} of {n} reads in which the model was wrong, the reader followed it; in the reference it "
        "was {limit}.",
        calm="It has not become more frequent by more than chance explains.",
        raised="The wrong model is followed more often than in the reference, beyond chance.",
    ),
    SignalType(
        "OVS003",
        "oversight",
        "errors_with_the_model",
        "Errors that come from seeing the model",
        (*_TRUTH, "reads.opened_before_ai", "reads.stage"),
        f"zero; {Q_LIMIT}",
        "Where the model was wrong, readers who saw its answer first decided as it did more often than independent "
        "reads of like cases, by {value} {interval}, on {n} reads.",
        raised="Seeing the wrong answer makes readers err, by more than chance explains.",
    ),
    SignalType(
        "OVS004",
        "oversight",
        "readers_following_wrong",
        "Readers who follow a wrong model",
        (*_TRUTH, "reads.reader"),
        f"99.8 % limits of the difference from all others; {Q_LIMIT} (Simes)",
        "{value} of the readers with enough reads follow the wrong model more often than the others on like cases, on "
        "{n} reads.",
        calm=_NONE,
        raised=_SOME,
    ),
    SignalType(
        "OVS005",
        "oversight",
        "discernment",
        "Whether overrides find the errors",
        _TRUTH,
        f"{REFERENCE}; {Q_LIMIT}",
        "A wrong model is overridden more often than a right one by {value} {interval}, on {n} reads; in the reference "
        "it was {limit}.",
        calm="There is no evidence of a decline.",
        raised="Readers tell a wrong model from a right one less well than in the reference, beyond chance.",
    ),
    SignalType(
        "OVS006",
        "oversight",
        "read_time_ratio",
        "Reading time against each reader's own",
        (*READS, "reads.reader", "reads.read_seconds"),
        f"one; {Q_LIMIT}",
        "Readers take {value} times {interval} as long as they themselves took in the reference, on {n} reads with the "
        "model's answer on screen.",
        calm="There is no evidence that reading became faster.",
        raised="Reading has become faster than chance explains.",
        share=False,
    ),
    SignalType(
        "OVS007",
        "oversight",
        "readers_with_collapsed_time",
        "Readers whose reading time collapsed",
        (*READS, "reads.reader", "reads.read_seconds"),
        f"99.9 % limit of each reader's own reference; {Q_LIMIT} (Simes)",
        "{value} of the readers with enough reads take less time than in their own reference, on {n} reads.",
        calm="No reader's time fell by more than chance explains.",
        raised="At least one reader's time fell by more than chance explains; who it is, the clinical lead may see.",
    ),
    SignalType(
        "OVS008",
        "oversight",
        "readers_with_the_model",
        "Readers with the model against the same readers without it",
        (*_STUDY, "reads.confidence"),
        f"zero; {Q_LIMIT}",
        "With the model on screen the readers' AUC differs by {value} {interval} from theirs without it, on {n} "
        "studies.",
        calm="There is no evidence that they read worse with it.",
        raised="They read worse with it, beyond chance.",
        share=False,
        only_with="reads of several readers of the same studies, with and without the model",
    ),
    SignalType(
        "OVS009",
        "oversight",
        "model_against_readers",
        "The model alone against readers without it",
        (*_STUDY, "reads.confidence", "predictions.score"),
        NO_LIMIT,
        "The model's AUC differs by {value} {interval} from the mean of readers who did not see it, on {n} studies.",
        calm="It compares the model with these readers' kind; it has no limit.",
        share=False,
        only_with="reads of several readers of the same studies, without the model",
    ),
    SignalType(
        "OVS010",
        "oversight",
        "reader_agreement",
        "Agreement among readers of the same studies",
        (*_STUDY, "reads.confidence"),
        NO_LIMIT,
        "Without the model the readers' ratings agree by an intraclass correlation of {value} {interval}, on {n} "
        "studies.",
        calm="The less they agree, the more it matters who reads; it has no limit.",
        share=False,
        only_with="reads of several readers of the same studies, without the model",
    ),
)
