"""A stream: one daily series of one subject that is watched for a change."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from monitors.scope import Scope
from monitors.watch.comparisons import Level, Share, Silence
from monitors.watch.detector import Rules
from monitors.watch.ripening import Ripening
from monitors.watch.standardised import Standardised
from monitors.watch.strata import Strata
from registry.domain.vocabulary import NotAssessed

Comparison = Level | Share | Ripening | Standardised | Strata | Silence
RESTRICTED = {"reader": "restricted"}


@dataclass(frozen=True, eq=False)
class Hold:
    """Days on which a stream is not judged, and why."""

    days: npt.NDArray[np.bool_]
    reason: NotAssessed
    why: str


@dataclass(frozen=True, eq=False)
class Stream:
    """What is watched.

    Attributes:
        family: the family of the plan's budget.
        watched: what is measured, such as `score_level`.
        scope: version, mode, target and site; an empty site is all sites together.
        subject: whom it speaks of, as pages may show it.
        key: whom it speaks of, exactly; for a reader the pseudonym, which is never shown.
        comparison: the series and its reference; None where there is none.
        rules: which segments count.
        lag: days from a unit's entry to its judgement, of labels that come in bands to that of the first band.
        mature: days from a unit's entry to the judgement of its last label; the lag where labels do not come in bands.
        exists: index of the day from which there is such a stream, such as that of a site's second scanner.
        ends: index of the day from which the stream is over (its version was replaced); None for never.
        holds: days on which it is not judged.
    """

    family: str
    watched: str
    scope: Scope
    subject: Mapping[str, str]
    key: str
    comparison: Comparison | None
    rules: Rules = field(default_factory=lambda: Rules(0))
    lag: int = 0
    mature: int = 0
    exists: int = 0
    ends: int | None = None
    holds: tuple[Hold, ...] = ()

    @property
    def name(self) -> tuple[str, ...]:
        """The stream's name, by which streams are sorted."""
        scope = (self.scope.version, self.scope.mode, self.scope.target, self.scope.site)
        return (*scope, self.family, self.watched, self.key)

    @property
    def begins(self) -> int:
        """Index of the first day on which it may be judged."""
        return max(self.rules.first, self.exists)

    def begun(self, index: int) -> bool:
        """Say whether it may be judged on a day."""
        return self.comparison is not None and index >= self.begins

    def hold_on(self, index: int) -> Hold | None:
        """Return what holds the judgement back on a day; None for nothing."""
        return next((hold for hold in self.holds if hold.days[index]), None)


def unjudged(family: str, watched: str, scope: Scope, subject: Mapping[str, str], key: str) -> Stream:
    """Return a stream that has no reference yet."""
    return Stream(family, watched, scope, subject, key, None)
