"""Stop rules as a monitoring plan states them: for every deployment of a model, or of all models.

A plan's entry is whole days, and its key a family of responses: `scanner = 28` says that an alert with one of that
family's causes stops the deployment after 28 days in which nobody took it up. Or it is a table with a name of its own,
which names causes or codes of alerts, a model, the scope, the fallback and who may let the deployment run again. Where
the plan is signed, these are the rules of `registry.domain.stop_rule` and stop a deployment as those set for it alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from registry.domain.errors import OverreadError
from registry.domain.plan_response import ALERT_FAMILIES, RESPONSE_OF_CAUSE, RESPONSES
from registry.domain.stop_rule import StopRule

Entry = str | Mapping[str, str]
_KEYS = ("cause", "days", "model", "scope", "fallback", "resumer")
_WHERE = "stop_rules of the monitoring plan"


@dataclass(frozen=True)
class PlannedStop:
    """A stop rule of a plan, and the model that it is for; an empty model is every one."""

    rule: StopRule
    model: str = ""

    def at(self, deployment: str, number: int) -> StopRule:
        """Return the rule of one deployment; its name tells the plan's number."""
        return StopRule(**vars(self.rule) | {"deployment": deployment, "rule": f"plan-{number}.{self.rule.rule}"})


def planned_stops(entries: Mapping[str, Entry], fallbacks: Mapping[str, str]) -> tuple[PlannedStop, ...]:
    """Return the stop rules of a plan, in the order of their names.

    Args:
        entries: the plan's `stop_rules`.
        fallbacks: by response how the clinic works meanwhile, for rules that name no fallback of their own.

    Raises:
        ValueError: with the rule that cannot be kept, and why.
    """
    return tuple(_planned(name, entries[name], fallbacks) for name in sorted(entries))


def stop_faults(entries: Mapping[str, Entry], fallbacks: Mapping[str, str]) -> tuple[str, ...]:
    """Return why a plan's stop rules cannot be kept, each in a phrase; nothing where they can."""
    found = []
    for name, entry in sorted(entries.items()):
        try:
            _planned(name, entry, fallbacks)
        except ValueError as error:
            found.append(str(error))
    return tuple(found)


def causes_of(response: str) -> str:
    """Return the kinds of cause that a family of responses answers, separated by commas; empty for no family."""
    return ",".join(sorted(kind for kind, of in RESPONSE_OF_CAUSE.items() if of == response))


def _planned(name: str, entry: Entry, fallbacks: Mapping[str, str]) -> PlannedStop:
    told = {"days": entry} if isinstance(entry, str) else dict(entry)
    if odd := sorted(set(told) - set(_KEYS)):
        raise ValueError(f"{_WHERE}: {name} has an unknown key: {', '.join(odd)}")
    days, cause = told.get("days", ""), told.get("cause", "") or causes_of(name)
    if not (days.isascii() and days.isdigit()):
        raise ValueError(f"{_WHERE}: {name} gives no whole days")
    if not cause:
        known = ", ".join(sorted(set(RESPONSES.values())))
        raise ValueError(f"{_WHERE}: {name} names no cause, and is none of the families {known}")
    fallback = told.get("fallback", "") or _fallback(cause, fallbacks)
    resumer, scope = told.get("resumer") or StopRule.resumer, told.get("scope") or StopRule.scope
    try:
        rule = StopRule("", name, cause, int(days), fallback or "-", resumer, scope).checked()
    except OverreadError as error:
        raise ValueError(f"{_WHERE}: {name}: {error}") from error
    if not fallback:
        raise ValueError(f"{_WHERE}: {name} answers alerts of several families and names no fallback")
    return PlannedStop(rule, told.get("model", ""))


def _fallback(cause: str, fallbacks: Mapping[str, str]) -> str:
    """Return the fallback of the one response that answers all causes of a rule; empty where there are several."""
    responses = {_response(word) for word in cause.split(",")}
    return fallbacks.get(responses.pop(), "") if len(responses) == 1 else ""


def _response(word: str) -> str:
    return RESPONSES[ALERT_FAMILIES[word]] if word in ALERT_FAMILIES else RESPONSE_OF_CAUSE.get(word, "")
