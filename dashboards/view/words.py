"""The words and marks of states, verdicts and statistics; a mark always stands beside its word."""

import re
from collections.abc import Mapping

CRITERION = re.compile(r"(?P<metric>[a-z_]+)(?P<sign>>=|<=)(?P<limit>[0-9.]+)")
SIGNS: Mapping[str, str] = {">=": "≥", "<=": "≤"}
RULES: Mapping[str, str] = {"youden": "greatest Youden index"}
METRICS: Mapping[str, str] = {
    "auc": "AUC",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "Positive predictive value",
    "npv": "Negative predictive value",
    "ece": "Expected calibration error",
    "ici": "Integrated calibration index",
    "brier": "Brier score",
    "prevalence": "Prevalence",
    "cox_slope": "Calibration slope (Cox)",
    "cox_intercept": "Calibration intercept (Cox)",
    "spiegelhalter_z": "Spiegelhalter z",
    "spiegelhalter_p": "Spiegelhalter p",
    "tie_loss": "AUC lost to ties, at most",
}
MARKS: Mapping[str, str] = {
    "ok": "✓",
    "passed": "✓",
    "approved": "✓",
    "verified": "✓",
    "watch": "▲",
    "lapsed": "▲",
    "unanchored": "▲",
    "alert": "◆",
    "open": "◆",
    "acknowledged": "◈",
    "resolved": "✓",
    "cleared": "◇",
    "failed": "✗",
    "broken": "✗",
    "refused": "✗",
    "rejected": "✗",
    "not_assessed": "○",
    "shadow": "◐",
    "pilot": "◑",
    "live": "●",
    "stopped": "■",
    "suspended": "■",
    "resumed": "●",
    "ended": "□",
    "retired": "□",
    "synthetic": "△",
    "filled": "✓",
    "vacant": "✗",
    "unfilled": "○",
}
TONES: Mapping[str, str] = {
    "ok": "good",
    "passed": "good",
    "approved": "good",
    "verified": "good",
    "live": "good",
    "watch": "warn",
    "lapsed": "warn",
    "unanchored": "warn",
    "pilot": "info",
    "shadow": "info",
    "alert": "bad",
    "open": "bad",
    "acknowledged": "warn",
    "resolved": "good",
    "cleared": "info",
    "failed": "bad",
    "broken": "bad",
    "refused": "bad",
    "rejected": "bad",
    "stopped": "bad",
    "suspended": "bad",
    "resumed": "good",
    "synthetic": "synthetic",
    "filled": "good",
    "vacant": "bad",
}
MEANINGS: tuple[tuple[str, str], ...] = (
    ("passed", "The bound of the confidence interval, not the estimate, meets the limit."),
    ("failed", "The bound of the confidence interval does not meet the limit."),
    ("not_assessed", "There is no judgement: the reason is given. It is never counted as good."),
    ("ok", "A monitor ran and its statistic lies within its limits."),
    ("watch", "A statistic of a fixed window lies outside what chance explains; a person should look."),
    ("alert", "The sequential monitor, whose false alarms are budgeted for the year, has raised an alarm."),
    ("shadow", "The version runs beside care; its results are not shown to readers."),
    ("pilot", "The version's results are shown to readers of a limited trial."),
    ("live", "The version's results are part of care."),
    ("stopped", "The deployment was stopped; the clinical fallback applies."),
    ("suspended", "The deployment goes on, but not in this stratum; the clinical fallback applies there."),
)
REASONS: Mapping[str, str] = {
    "too_few": "too few cases",
    "no_outcomes": "no outcomes yet",
    "immature": "labels still arriving",
    "verification": "verification depends on the result",
    "clustered": "too few patients",
    "attribute_missing": "attribute missing",
    "suppressed": "suppressed for privacy",
    "not_run": "not run",
    "grid": "score grid too coarse",
    "dates_shifted": "dates shifted",
}


def metric_words(name: str) -> str:
    """Return the printed name of a statistic, such as `AUC`, or `AUC, scanner 4f…` for one of a group."""
    plain, _, group = name.partition(":")
    words = METRICS.get(plain, plain.replace("_", " ").capitalize())
    return f"{words}, {group_words(group)}" if group else words


def group_words(group: str) -> str:
    """Return a group's name as it is printed, such as `scanner 4f…`; empty for no group."""
    return group.replace("=", " ")


def criterion_words(criterion: str) -> str:
    """Return a criterion or rule as a person reads it: `auc>=0.70` as `AUC ≥ 0.70`; other text as it is."""
    found = CRITERION.fullmatch(criterion)
    if found is None:
        return RULES.get(criterion, criterion)
    return f"{metric_words(found['metric'])} {SIGNS[found['sign']]} {found['limit']}"


def cause_words(reason: str) -> str:
    """Return why there is no value, without the machine's word before the sentence: `too_few: 7 of 10 patients`."""
    word, colon, said = reason.partition(": ")
    return f"{said[:1].upper()}{said[1:]}" if colon and word in REASONS else REASONS.get(reason, reason)


def state_words(state: str) -> str:
    """Return the printed word of a state or verdict, such as `not assessed`."""
    return state.replace("_", " ")


def mark_of(state: str) -> str:
    """Return the mark that stands beside a state's word."""
    return MARKS.get(state, "•")


def tone_of(state: str) -> str:
    """Return the tone in which a state is coloured; the mark and the word say the same without colour."""
    return TONES.get(state, "plain")


def reason_words(reason: str | None) -> str:
    """Return the printed reason of a missing judgement; empty for None."""
    return REASONS.get(reason, state_words(reason)) if reason else ""
