"""Reactions of readers to the model's answer: which reads they are, and how readers compare on like cases.

Rates are compared within strata of the model's decision and score band (Mantel and Haenszel), not by a regression: the
strata are counts that add up over days and sites, nothing has to converge for a reader with few reads, and whoever
doubts a number can recompute it by hand.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from monitors.counts import Family, Integers
from monitors.draft import Reading
from monitors.groups import sizes_of
from monitors.shares import Mask, patients_of
from monitors.stratified import Stratified, stratified_difference
from registry.domain.vocabulary import NotAssessed
from validation.statistics.arrays import codes_of
from validation.statistics.multiplicity import benjamini_hochberg
from validation.statistics.proportions import ClusteredShare, clustered_from_totals

RESTRICTED = {"reader": "restricted"}
BEYOND = 0.001  # one-sided tail of the 99.8 % limits (Spiegelhalter 2005)
STRATA = ("ai_decision", "band")
Success = Callable[[Family], Mask]


def compared(reads: Family) -> Family:
    """Return the reads that count as reactions: the model's answer was made, and shown, before."""
    shown = reads.where(ai_shown="yes")
    return shown.select(~shown.is_level("ai_decision", "none"))


def overridden(reads: Family) -> Mask:
    """Say per cell whether the reader decided otherwise than the model."""
    ai, final = (reads.is_level(axis, "pos") for axis in ("ai_decision", "read_decision"))
    return np.asarray(ai != final, dtype=np.bool_)


def accepted(reads: Family) -> Mask:
    """Say per cell whether the reader decided as the model did."""
    return ~overridden(reads)


def judged_by_outcome(reads: Family, *, right: bool) -> Family:
    """Return the reads whose model was right, or wrong, by an outcome that is independent of the read."""
    known = ~reads.is_level("truth", "none")
    independent = reads.is_level("independence", "stated") | reads.is_level("independence", "assumed")
    agrees = reads.is_level("truth", "pos") == reads.is_level("ai_decision", "pos")
    return reads.select(known & independent & (agrees if right else ~agrees))


def adjusted(own: Family, other: Family, success: Success) -> Stratified | None:
    """Return the difference of two shares of reads on like cases: the same model's decision and score band."""
    first, second = (_strata(_Cells.of(reads, success)) for reads in (own, other))
    return _difference(first, second)


def apart(reads: Family, axis: str, success: Success, least: int) -> dict[str, Stratified]:
    """Return how each level of an axis with enough reads differs from all others on like cases."""
    found, cells = {}, _Cells.of(reads, success)
    for level, n in sizes_of(reads, axis).items():
        if n < least:
            continue
        chosen = reads.is_level(axis, level)
        difference = _difference(_strata(cells.at(chosen)), _strata(cells.at(~chosen)))
        if difference is not None:
            found[level] = difference
    return found


def readers_apart(reads: Family, p_values: Mapping[str, float], why: str) -> Reading:
    """Return the share of readers beyond their 99.8 % limits, with Simes' p-value; who they are is not said."""
    about = Reading(reads.total, n_patients=patients_of(reads), subject=RESTRICTED)
    if len(p_values) < 2:
        few = f"{len(p_values)} readers have enough reads, at least 2 are needed"
        return replace(about, reason=NotAssessed.TOO_FEW, why=few)
    values = list(p_values.values())
    simes = float(benjamini_hochberg(values).min())
    outside = sum(p_value < BEYOND for p_value in values) / len(values)
    return replace(about, value=outside, p_value=simes, why=f"{len(values)} readers have enough reads{why}")


@dataclass(frozen=True, eq=False)
class _Cells:
    """The cells of reads: stratum (twice the score band, and 1 for a positive decision), patient, success, count."""

    stratum: Integers
    patient: Integers
    success: Mask
    counts: Integers

    @classmethod
    def of(cls, reads: Family, success: Success) -> "_Cells":
        decision = reads.is_level("ai_decision", "pos").astype(np.int64)
        stratum = 2 * reads.codes_of("band") + decision
        patient = codes_of(reads.codes_of("patient"))
        return cls(stratum, patient, success(reads), reads.counts)

    def at(self, keep: Mask) -> "_Cells":
        return _Cells(self.stratum[keep], self.patient[keep], self.success[keep], self.counts[keep])


def _strata(cells: _Cells) -> dict[tuple[int, int], ClusteredShare]:
    """Return the share of successes in each stratum, by the model's decision (1 for positive) and band."""
    found = {}
    for stratum in np.unique(cells.stratum).tolist():
        mine = cells.at(cells.stratum == stratum)
        sizes = np.bincount(mine.patient, mine.counts).astype(np.int64)
        hits = np.bincount(mine.patient, np.where(mine.success, mine.counts, 0), len(sizes)).astype(np.int64)
        found[stratum % 2, stratum // 2] = clustered_from_totals(hits, sizes)
    return found


def _difference(
    first: Mapping[tuple[int, int], ClusteredShare], second: Mapping[tuple[int, int], ClusteredShare]
) -> Stratified | None:
    return stratified_difference([(first[key], second[key]) for key in sorted(set(first) & set(second))])
