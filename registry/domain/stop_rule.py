"""Stop rules: on which alerts a deployment stops by itself, what the clinic does then, and who may let it run again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from registry.domain.errors import UnknownNameError, UsageError
from registry.domain.names import is_model_name
from registry.domain.person import MAY_SIGN, Act
from registry.domain.plan_response import ALERT_FAMILIES
from registry.domain.signal import CAUSES
from registry.domain.stratum import AXES, Stratum
from registry.domain.text import one_line

ANY = "any"
LONGEST_DAYS = 365
_ALERTS = (ANY, *CAUSES, *ALERT_FAMILIES)
# An alert of these causes names a scanner; of `subgroup`, an axis and its value. Such a stratum may be stopped alone.
_BY_SCANNER = frozenset({"scanner", "software", "protocol"})
_WITH_STRATUM = _BY_SCANNER | {"subgroup"}
SCOPES = ("deployment", "stratum")


@dataclass(frozen=True)
class StopRule:
    """One rule of one deployment.

    Attributes:
        deployment: what it stops.
        rule: its name.
        cause: the alerts that fire it: `any`, or kinds of cause and codes of alerts, separated by commas.
        days: after so many days in which nobody took the alert up; 0 fires at once.
        fallback: what the readers work with then.
        resumer: the role that alone may let it run again.
        scope: `deployment`, or `stratum` where only the scanner, software or protocol that the alert names is stopped.
        in_force: whether it still counts.
    """

    deployment: str
    rule: str
    cause: str
    days: int
    fallback: str
    resumer: str = "clinical lead"
    scope: str = "deployment"
    in_force: bool = True

    def checked(self) -> "StopRule":
        """Return the rule with its texts in one line each.

        Raises:
            UnknownNameError: for a cause or a scope that is none.
            UsageError: for a name, days, fallback or role that cannot be kept, or a stratum that the cause names none.
        """
        words = [word.strip() for word in self.cause.split(",")]
        for word in words:
            if word not in _ALERTS:
                raise UnknownNameError.of("cause", word, _ALERTS)
        if self.scope not in SCOPES:
            raise UnknownNameError.of("scope", self.scope, SCOPES)
        if self.scope == "stratum" and (without := set(words) - _WITH_STRATUM):
            known = ", ".join(sorted(_WITH_STRATUM))
            raise UsageError(f"an alert of cause '{min(without)}' names no stratum", mend=f"one of {known}")
        if not is_model_name(self.rule):
            raise UsageError("a stop rule's name has a-z, 0-9, '.', '_', '-'")
        if not 0 <= self.days <= LONGEST_DAYS:
            raise UsageError(f"a stop rule of {self.days} days", mend=f"0 to {LONGEST_DAYS}")
        if self.resumer not in MAY_SIGN[Act.RESUME]:
            raise UsageError(f"the role '{self.resumer}' resumes nothing", mend="clinical lead or quality officer")
        fallback = one_line(self.fallback, "fallback")
        if not fallback.strip():
            raise UsageError("a stop rule names what takes the model's place", mend="such as 'read without AI'")
        return StopRule(**dict(vars(self)) | {"fallback": fallback, "cause": ",".join(words)})

    def fires(self, alert: Mapping[str, Any], site: str | None, today: date) -> bool:
        """Say whether an alert of the deployment's version fires the rule on a day.

        Args:
            alert: the contract's JSON.
            site: where the deployment runs; None where every site counts.
            today: the day.
        """
        of_cause = bool({ANY, alert["cause"]["kind"], alert["code"]} & set(self.cause.split(",")))
        here = site is None or alert.get("site") in {None, site}
        waited = (today - date.fromisoformat(alert["opened"])).days
        return self.in_force and of_cause and here and alert["state"] == "open" and waited >= self.days

    def stratum(self, alert: Mapping[str, Any]) -> Stratum | None:
        """Return the stratum that an alert stops; None where the rule stops the deployment, or the alert names none."""
        kind, who = alert["cause"]["kind"], str(alert["cause"].get("who") or "").strip()
        if self.scope != "stratum" or not who:
            return None
        if kind in _BY_SCANNER:
            return Stratum("scanner", who)
        axis, _, value = who.partition(" ")
        return Stratum(axis, value) if kind == "subgroup" and axis in AXES and value else None

    @property
    def says(self) -> str:
        """One sentence for a person."""
        return (
            f"{self.rule}: an alert of cause {self.cause.replace(',', ' or ')} that nobody took up in {self.days} days "
            f"stops the {self.scope}; {self.fallback}; resumed by a {self.resumer}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self))
