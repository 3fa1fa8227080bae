"""What a monitoring plan says besides limits: who answers an alert, how, what the clinic does meanwhile, when to stop.

Every family of the budget has one response; a plan that leaves one without action, owner or fallback is refused.
"""

from collections.abc import Mapping

DEFAULT_BUDGET: Mapping[str, str] = {
    "input": "0.15",
    "score": "0.15",
    "performance": "0.2",
    "calibration": "0.05",
    "subgroup": "0.15",
    "scanner": "0.15",
    "reader": "0.1",
    "routing": "0.05",
}
# Which response a family of the budget has.
RESPONSES: Mapping[str, str] = {
    "input": "score",
    "score": "score",
    "performance": "performance",
    "calibration": "performance",
    "subgroup": "subgroup",
    "scanner": "scanner",
    "reader": "override",
    "routing": "routing",
}
# Which response answers an alert, by the kind of its cause.
RESPONSE_OF_CAUSE: Mapping[str, str] = {
    "scanner": "scanner",
    "software": "scanner",
    "protocol": "scanner",
    "subgroup": "subgroup",
    "reader": "override",
    "routing": "routing",
    "input": "score",
    "prevalence": "score",
    "threshold": "score",
    "model": "performance",
    "site": "performance",
    "label": "performance",
}
# The family whose streams open an alert, by the alert's code.
ALERT_FAMILIES: Mapping[str, str] = {f"SEQ{place:03d}": family for place, family in enumerate(DEFAULT_BUDGET, start=1)}
DEFAULT_ACTIONS: Mapping[str, str] = {
    "score": "Compare scanners, protocols and case mix of the window with the reference.",
    "performance": "Have the misses of the window adjudicated; stop the deployment if the decline is confirmed.",
    "subgroup": "Have the group's misses adjudicated; restrict the envelope to the groups that hold.",
    "scanner": "Suspend the scanner's stratum and open a revalidation task.",
    "override": "Review discordant cases in the adjudication queue.",
    "routing": "Have the connection to the site checked; read without the model until it is mended.",
}
DEFAULT_OWNERS: Mapping[str, str] = {
    "score": "engineer",
    "performance": "clinical lead",
    "subgroup": "clinical lead",
    "scanner": "engineer",
    "override": "oversight",
    "routing": "engineer",
}
DEFAULT_FALLBACKS: Mapping[str, str] = {
    "score": "Results stay on screen, marked as under review; every study is read as without the model.",
    "performance": "Every study is read as without the model until the decline is refuted or mended.",
    "subgroup": "Studies of the group are read as without the model.",
    "scanner": "Studies of the scanner are read as without the model.",
    "override": "A second reader sees the reader's studies in which model and reader agree.",
    "routing": "Studies are read without the model, in the order in which they arrive.",
}
DEFAULT_STOP_RULES: Mapping[str, str] = {"performance": "14", "subgroup": "28", "scanner": "28"}
# What a family may choose: arrivals are judged by days on end, and the e-detector needs a bounded mean of its own.
DETECTORS: Mapping[str, tuple[str, ...]] = {
    "input": ("glr", "cusum", "ewma", "e"),
    "score": ("glr", "cusum", "ewma", "e"),
    "performance": ("glr", "cusum", "ewma", "e"),
    "calibration": ("glr", "cusum", "ewma"),
    "subgroup": ("glr", "cusum", "ewma"),
    "scanner": ("glr", "cusum", "ewma", "e"),
    "reader": ("glr", "cusum", "ewma"),
    "routing": ("glr",),
}
DEFAULT_DETECTORS: Mapping[str, str] = dict.fromkeys(DEFAULT_BUDGET, "glr")


def response_faults(budget: Mapping[str, str], parts: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """Return what a plan's responses lack, each in a phrase; nothing where they are complete.

    Args:
        budget: the shares of the families.
        parts: by name (action, owner, fallback) the texts of the responses.
    """
    known = set(RESPONSES.values())
    found = []
    for name, texts in parts.items():
        missing = sorted(key for key in known if not texts.get(key, "").strip())
        found += [f"the monitoring plan names no {name} for: {', '.join(missing)}"] if missing else []
        odd = sorted(set(texts) - known)
        found += [f"the {name} of the monitoring plan names an unknown family: {', '.join(odd)}"] if odd else []
    return (*found, *_budget_faults(budget))


def _budget_faults(budget: Mapping[str, str]) -> tuple[str, ...]:
    odd = sorted(set(budget) - set(DEFAULT_BUDGET))
    if odd:
        return (f"budget of the monitoring plan names an unknown family: {', '.join(odd)}",)
    try:
        shares = [float(share) for share in budget.values()]
    except ValueError:
        return ("budget of the monitoring plan is a table of numbers",)
    if not all(0 <= share <= 1 for share in shares) or sum(shares) > 1 + 1e-9:
        return ("the shares of the budget of the monitoring plan lie in 0..1 and add up to at most 1",)
    return ()
