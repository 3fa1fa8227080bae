"""The catalogue's entries of the subgroup monitor beyond SUB005."""

from monitors.signal_type import NO_LIMIT, Q_LIMIT, TRUTH, SignalType

SHOWS_NONE = "No difference is shown; that is no evidence that there is none, which SUB009 asks."
MARGIN = "the plan's equivalence_margin, on both sides of zero"

SUBGROUPS = (
    SignalType(
        "SUB006",
        "subgroup",
        "specificity_gap",
        "Specificity of a group against the rest",
        TRUTH,
        f"zero; {Q_LIMIT}",
        "In the group {subject} the specificity differs from that of the rest by {value} {interval}, on {n} negative "
        "units.",
        calm=SHOWS_NONE,
        share=False,
    ),
    SignalType(
        "SUB007",
        "subgroup",
        "ppv_gap",
        "Positive predictive value of a group against the rest",
        TRUTH,
        f"zero; {Q_LIMIT}",
        "In the group {subject} the positive predictive value differs from that of the rest by {value} {interval}, on "
        "{n} units that the model called positive.",
        calm=SHOWS_NONE,
        raised="This is more than chance explains; a group with another prevalence has another predictive value.",
        share=False,
    ),
    SignalType(
        "SUB008",
        "subgroup",
        "calibration_gap",
        "Calibration of a group against the rest",
        TRUTH,
        f"zero; {Q_LIMIT}",
        "In the group {subject} truth less score differs from that of the rest by {value} {interval}, on {n} units.",
        calm=SHOWS_NONE,
        raised="The same score means another risk in this group, by more than chance explains.",
        share=False,
    ),
    SignalType(
        "SUB009",
        "subgroup",
        "gap_within_margin",
        "Evidence that a group does as well as the rest",
        TRUTH,
        MARGIN,
        "For {subject} the difference from the rest is {value}, with the 90 % interval {interval} on {n} units; the "
        "margin is {limit}.",
        calm="The whole interval lies within the margin: a difference that matters is ruled out at that level.",
        raised="The whole interval lies beyond the margin: the group does differ.",
        share=False,
    ),
    SignalType(
        "SUB010",
        "subgroup",
        "pooled_sensitivity",
        "Sensitivity of a group, partially pooled",
        TRUTH,
        NO_LIMIT,
        "Drawn to the mean of all groups as far as its own {n} positive units leave it uncertain, the sensitivity in "
        "the group {subject} is {value} {interval}.",
        calm="SUB002 judges the group.",
    ),
    SignalType(
        "SUB011",
        "subgroup",
        "gap_within_scanners",
        "Gap of a group within scanners",
        (*TRUTH, "acquisitions.scanner"),
        f"zero; {Q_LIMIT}",
        "Compared on the same scanners only, the difference of {subject} from the rest is {value} {interval}, on {n} "
        "units.",
        calm="Within scanners no difference is shown.",
        raised="The difference is there within scanners too, so that the scanner does not explain it.",
        share=False,
    ),
)
