"""Embeddings of units: the one input that is no count, so that rows of it go to the monitor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from monitors.counts import Integers, day_number
from monitors.scope import Scope
from registry.domain.signal import Window
from validation.statistics.arrays import FloatArray


class EmbeddedUnit(NamedTuple):
    """Whose embedding it is: one of the scopes with a site, the day of acquisition, the patient."""

    scope: Scope
    day: int
    patient: str


NO_VECTORS: FloatArray = np.zeros((0, 1))


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Embeddings of n units in a fixed order (day, patient, prediction), vectors float64[n, d]."""

    units: tuple[EmbeddedUnit, ...]
    vectors: FloatArray

    def of_periods(
        self, scope: Scope, window: Window, references: Mapping[str, Window]
    ) -> tuple[FloatArray, FloatArray]:
        """Return the first embedding of each patient in the window, and in each site's own reference."""
        return self._vectors(scope, dict.fromkeys(self._sites(scope), window)), self._vectors(scope, references)

    def _sites(self, scope: Scope) -> set[str]:
        return {unit.scope.site for unit in self.units if _within(unit.scope, scope)}

    def _vectors(self, scope: Scope, periods: Mapping[str, Window]) -> FloatArray:
        bounds = {site: (day_number(period.start), day_number(period.end)) for site, period in periods.items()}
        seen: set[str] = set()
        rows = []
        for place, unit in enumerate(self.units):
            first, last = bounds.get(unit.scope.site, (1, 0))
            if _within(unit.scope, scope) and first <= unit.day <= last and unit.patient not in seen:
                seen.add(unit.patient)
                rows.append(place)
        chosen: Integers = np.array(rows, dtype=np.int64)
        return self.vectors[chosen]


def _within(one: Scope, scope: Scope) -> bool:
    same = (one.version, one.mode, one.target) == (scope.version, scope.mode, scope.target)
    return same and scope.site in ("", one.site)
