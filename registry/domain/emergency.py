"""Emergency use ("break-glass"): how long a version may run without its regular way, as data.

One signature carries a version over a day, at most over a long weekend (72 hours), within which somebody in another
role can be reached. A second one carries it to the seventh day at most: the five working days in which an emergency use
must be reported to the review board (21 CFR 56.104(c)). Nothing carries it further, and no emergency follows another.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from registry.domain.errors import UsageError
from registry.domain.instants import instant_text, parse_instant

DEFAULT_HOURS = 24
LONGEST_HOURS = 72
COUNTERSIGNED_DAYS = 7


@dataclass(frozen=True)
class EmergencyUse:
    """One emergency use of a version at a site, as the ledger told it.

    Attributes:
        deployment: what runs by it.
        since, until: UTC texts; `until` is the end of what the one signature carries.
        broken_by, role: the person who broke the glass, and in which role.
        countersigned_by, countersigned_at: who confirmed it, and when; empty while nobody did.
        acting_for: for whom that person was a deputy; empty when for nobody.
    """

    deployment: str
    since: str
    until: str
    broken_by: str
    role: str
    countersigned_by: str = ""
    countersigned_at: str = ""
    acting_for: str = ""

    @property
    def ends(self) -> str:
        """When it counts as stopped (UTC text)."""
        if not self.countersigned_by:
            return self.until
        return instant_text(parse_instant(self.since) + timedelta(days=COUNTERSIGNED_DAYS))

    def countersigned(self, by: str, at: str) -> "EmergencyUse":
        """Return it with a countersignature; one that comes after its end, or a second one, changes nothing."""
        late = self.countersigned_by or at >= self.until
        return self if late else replace(self, countersigned_by=by, countersigned_at=at)

    def over(self, now: str) -> bool:
        """Say whether it is over at an instant (UTC text)."""
        return now >= self.ends

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self)) | {"ends": self.ends}


def hours_given(hours: int | None) -> int:
    """Return how many hours one signature carries an emergency use.

    Raises:
        UsageError: for less than one hour or more than 72.
    """
    given = DEFAULT_HOURS if hours is None else hours
    if not 1 <= given <= LONGEST_HOURS:
        raise UsageError(f"an emergency use of {given} hours", mend=f"1 to {LONGEST_HOURS}")
    return given
