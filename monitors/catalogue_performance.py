"""The catalogue's entries of calibration, prevalence, and of performance where labels are missing, erring or few."""

from monitors.signal_type import FLOOR, NO_LIMIT, Q_LIMIT, REFERENCE, SCORES, TRUTH, SignalType

_AUDIT = (*TRUTH, "outcomes.verification", "outcomes.sampling_fraction")
_SHOWN = "It has no limit."
_WHERE = "It is judged where who gets an outcome depends on the model's answer."
_LOWER = "This is lower than the limit by more than chance explains."
_BLIND = "It cannot see that disease looks other than before; only outcomes can."

PERFORMANCE: tuple[SignalType, ...] = (
    SignalType(
        "SCO004",
        "score",
        "prevalence",
        "Prevalence told from the scores",
        TRUTH,
        f"{REFERENCE}; {Q_LIMIT}",
        "Judged by its scores, {value} {interval} of the window's {n} units are diseased; in the reference it was "
        "{limit}.",
        calm="There is no evidence that disease has become more or less common.",
        raised="Disease has become more or less common, beyond chance; if SCO005 stays calm, that explains the scores.",
    ),
    SignalType(
        "SCO005",
        "score",
        "score_beyond_prevalence",
        "Score shift that prevalence does not explain",
        TRUTH,
        f"{REFERENCE}; {Q_LIMIT}",
        "At the best-fitting prevalence the scores of {n} units still lie {value} from those of the reference.",
        calm="More or less disease alone explains the scores.",
        raised="More or less disease alone does not explain the scores: they themselves moved.",
        share=False,
    ),
    SignalType(
        "PRF005",
        "performance",
        "verification_gap",
        "Who gets an outcome",
        TRUTH,
        NO_LIMIT,
        "The share of units with an outcome among those called positive exceeds that among the others by {value} "
        "{interval}, on {n} units.",
        calm="PRF006 and PRF007 correct for it.",
        share=False,
    ),
    *(
        SignalType(
            code,
            "performance",
            f"corrected_{name}",
            f"{name.capitalize()} corrected for verification",
            (*TRUTH, "outcomes.ai_blinded"),
            f"{FLOOR}; {Q_LIMIT}",
            f"Corrected for who gets an outcome, the {name} is {{value}} {{interval}}, on {{n}} units; the limit is "
            "{limit}.",
            calm=_WHERE,
            raised=_LOWER,
        )
        for code, name in (("PRF006", "sensitivity"), ("PRF007", "specificity"))
    ),
    *(
        SignalType(
            code,
            "performance",
            f"surrogate_{name}",
            f"{name.capitalize()} by reports, corrected for their error",
            TRUTH,
            NO_LIMIT,
            f"By reports, corrected for the reports' own error, the {name} is {{value}} {{interval}}, on {{n}} units "
            "with a report.",
            calm=_SHOWN,
        )
        for code, name in (("PRF008", "sensitivity"), ("PRF009", "specificity"))
    ),
    *(
        SignalType(
            code,
            "performance",
            f"claimed_{name}",
            f"{word} claimed by the scores, without labels",
            TRUTH,
            NO_LIMIT,
            f"If the scores are as well calibrated as in the reference, the {word[0].lower() if name != 'auc' else 'A'}"
            f"{word[1:]} is {{value}} {{interval}}, on {{n}} units without using their outcomes.",
            calm=_BLIND,
            share=name != "auc",
        )
        for code, name, word in (
            ("PRF010", "auc", "AUC"),
            ("PRF011", "sensitivity", "Sensitivity"),
            ("PRF012", "specificity", "Specificity"),
        )
    ),
    *(
        SignalType(
            code,
            "performance",
            f"audited_{name}",
            f"{name.capitalize()} by the audit sample",
            _AUDIT,
            f"{FLOOR}; {Q_LIMIT}",
            f"By the audit sample, the {name} over all {{n}} units is {{value}} {{interval}}; the limit is {{limit}}.",
            calm=_WHERE,
            raised=_LOWER,
        )
        for code, name in (("PRF013", "sensitivity"), ("PRF014", "specificity"))
    ),
    SignalType(
        "PRF015",
        "performance",
        "audit_chart",
        "Chart of audited cases since the reference",
        (*TRUTH, "outcomes.verification", "outcomes.sampling_fraction"),
        "that which 5 % of charts pass within 24 months while nothing changes",
        "The chart of {n} audited cases stands at {value}; the limit is {limit}.",
        calm="No class of cases ranks worse than in the reference, beyond chance.",
        raised="What the model ranks has changed since the reference, whatever the prevalence.",
        share=False,
        only_with="outcomes of an audit sample",
    ),
    SignalType(
        "SCO006",
        "score",
        "early_chart",
        "Chart of the daily mean score before the reference is whole",
        SCORES,
        "that which 5 % of charts pass before the window leaves the reference, while nothing changes",
        "The chart of the daily mean score stands at {value}, on {n} units; the limit is {limit}.",
        calm="The scores are as in the first days.",
        raised="The scores moved within the first weeks: look before this becomes the reference.",
        share=False,
        only_with="days before the reference is whole",
    ),
    SignalType(
        "CAL002",
        "calibration",
        "ece",
        "Expected calibration error",
        TRUTH,
        NO_LIMIT,
        "Scores and observed shares lie {value} {interval} apart on average over ten groups, on {n} units.",
        calm="It depends on the number of units; CAL001 and CAL003 are judged instead.",
        share=False,
    ),
    SignalType(
        "CAL003",
        "calibration",
        "calibration_slope",
        "Calibration slope",
        TRUTH,
        f"{REFERENCE}; {Q_LIMIT}",
        "The calibration slope is {value} {interval} on {n} units (1 is calibrated, below 1 too extreme); in the "
        "reference it was {limit}.",
        calm="There is no evidence of a change.",
        raised="The scores have become too extreme or not extreme enough, by more than chance explains.",
        share=False,
    ),
    SignalType(
        "CAL004",
        "calibration",
        "calibration_intercept",
        "Calibration intercept",
        TRUTH,
        NO_LIMIT,
        "The calibration intercept is {value} {interval} on {n} units (0 is calibrated).",
        calm="CAL001 judges the level of the scores.",
        share=False,
    ),
    SignalType(
        "CAL005",
        "calibration",
        "brier",
        "Brier score",
        TRUTH,
        NO_LIMIT,
        "The mean squared error of the scores is {value} {interval}, on {n} units of {patients} patients.",
        calm="It mixes calibration, separation and prevalence: it is shown, not judged.",
        share=False,
    ),
    SignalType(
        "CAL006",
        "calibration",
        "reliability",
        "Reliability by group of scores",
        TRUTH,
        "the group's mean score: shown, not judged",
        "In {subject} of the scores {value} {interval} of {n} units are positive; their mean score is {limit}.",
        calm="The groups together are the reliability curve.",
        share=False,
    ),
)
