"""Input drift: quantities and categories of the acquisitions, and embeddings, against the reference.

The monitor takes plain histograms, whoever counted them. Units of one patient are alike, so that a histogram is thinned
to its number of patients before it is tested; what is shown is of all its units. All tests of a run share one family.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from monitors.draft import Reading, drafted
from monitors.scope import View
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.arrays import FloatArray, IntArray
from validation.statistics.categorical import category_test
from validation.statistics.cramer_von_mises import cramer_von_mises
from validation.statistics.embedding_drift import EmbeddingDrift, embedding_drift
from validation.statistics.histogram_drift import HistogramDrift, histogram_drift, thinned
from validation.statistics.multiplicity import holm
from validation.statistics.new_levels import new_levels

SEED = 20_250_101  # fixed, so that the same counts give the same p-value
LEAST_EMBEDDINGS = 30
DRAWS = 99  # permutations that size chance; the p-value is exact without them


@dataclass(frozen=True, eq=False)
class InputHistogram:
    """One feature of the window and of the reference.

    Attributes:
        feature: its column.
        values: the grid's values float64[k], ascending, of a quantity; None for a category, whose k levels are in any
            order, the same on both sides.
        now, base: units int64[k].
        patients: of window and reference; units beyond them add nothing to the evidence.
    """

    feature: str
    values: FloatArray | None
    now: IntArray
    base: IntArray
    patients: tuple[int, int]


def input_signals(view: View, histograms: Sequence[InputHistogram]) -> list[Signal]:
    """Return the input monitor's signals of one scope: one of each quantity, two of each category."""
    found: list[Signal] = []
    for one in histograms:
        why = _unfit(view, one)
        if one.values is not None:
            found.append(drafted(view, "INP001", _named(one, _quantity(one, why))))
        else:
            found.append(drafted(view, "INP002", _named(one, _category(one, why))))
            found.append(drafted(view, "INP003", _named(one, _new(one, why))))
    return found


def unstated_signal(view: View, code: str, features: Sequence[str]) -> Signal:
    """Return one signal for the features that no acquisition of either period states, so that their absence shows."""
    why = f"no acquisition states {', '.join(name.replace('_', ' ') for name in features)}"
    subject = {"feature": "unstated"}
    return drafted(view, code, Reading(0, subject=subject, reason=NotAssessed.ATTRIBUTE_MISSING, why=why))


def unread_embeddings(view: View) -> Signal:
    """Return the signal of embeddings in a run that did not read them."""
    return drafted(view, "INP004", Reading(0, reason=NotAssessed.NOT_RUN, why="this run did not read embeddings"))


def embedding_signal(view: View, now: FloatArray, base: FloatArray) -> Signal:
    """Return the signal of embeddings float64[n, d] of the window and float64[m, d] of the reference, one a patient."""
    counts = Reading(len(now), n_patients=len(now))
    if not len(now) and not len(base):
        why = "no prediction of either period carries an embedding"
        return drafted(view, "INP004", replace(counts, reason=NotAssessed.ATTRIBUTE_MISSING, why=why))
    if view.unready:
        return drafted(view, "INP004", replace(counts, reason=NotAssessed.TOO_FEW, why=view.unready))
    if min(len(now), len(base)) < LEAST_EMBEDDINGS:
        why = f"patients with an embedding: {len(now)} and {len(base)}, at least {LEAST_EMBEDDINGS} of each are needed"
        return drafted(view, "INP004", replace(counts, reason=NotAssessed.TOO_FEW, why=why))
    drift = embedding_drift(now, base, SEED)
    return drafted(view, "INP004", _embedding(counts, drift))


def drifted(histograms: Sequence[InputHistogram], level: float = 0.05) -> list[str]:
    """Return the features that drifted, the chance of a single false one held at the level (Holm over all features)."""
    if not histograms:
        return []
    corrected = holm([_p_value(one) for one in histograms])
    return [one.feature for one, p_value in zip(histograms, corrected, strict=True) if p_value <= level]


def _p_value(one: InputHistogram) -> float:
    now, base = _independent(one)
    if one.values is None:
        return category_test(now, base, SEED).p_value
    return cramer_von_mises(now, base).p_value


def _independent(one: InputHistogram) -> tuple[IntArray, IntArray]:
    return thinned(one.now, max(1, one.patients[0])), thinned(one.base, max(1, one.patients[1]))


def _unfit(view: View, one: InputHistogram) -> str:
    if view.unready:
        return view.unready
    least = view.plan.min_units
    sizes = (min(int(one.now.sum()), one.patients[0]), min(int(one.base.sum()), one.patients[1]))
    if min(sizes) >= least:
        return ""
    return f"patients behind it in window and reference: {sizes[0]} and {sizes[1]}, at least {least} are needed"


def _named(one: InputHistogram, reading: Reading) -> Reading:
    return replace(reading, subject={"feature": one.feature})


def _counts(one: InputHistogram) -> Reading:
    return Reading(int(one.now.sum()), n_patients=one.patients[0])


def _quantity(one: InputHistogram, why: str) -> Reading:
    if why or one.values is None:
        return replace(_counts(one), reason=NotAssessed.TOO_FEW, why=why)
    drift = histogram_drift(one.values, *_independent(one), SEED, DRAWS)
    return replace(_counts(one), value=drift.distance, p_value=drift.p_value, why=_sized(drift))


def _sized(drift: HistogramDrift) -> str:
    if drift.effect is None or drift.chance_effect is None:
        return "the reference holds one value only"
    return (
        f"the shift is {drift.effect:.2f} standard deviations of the reference; in a window of this size chance alone "
        f"reaches {drift.chance_effect:.2f} in one of twenty"
    )


def _category(one: InputHistogram, why: str) -> Reading:
    if why:
        return replace(_counts(one), reason=NotAssessed.TOO_FEW, why=why)
    test = category_test(*_independent(one), SEED)
    how = "exact given the totals" if test.exact else "G test"
    return replace(_counts(one), value=test.distance, p_value=test.p_value, why=f"{how}, levels in use: {test.df + 1}")


def _new(one: InputHistogram, why: str) -> Reading:
    if why:
        return replace(_counts(one), reason=NotAssessed.TOO_FEW, why=why)
    found = new_levels(*_independent(one))
    told = f"{found.levels} new levels" if found.levels != 1 else "1 new level"
    reading = replace(_counts(one), value=found.share, interval=found.bounds, limit=found.expected)
    return replace(reading, p_value=found.p_value, why=told)


def _embedding(counts: Reading, drift: EmbeddingDrift) -> Reading:
    how = "exact" if drift.exact else "random Fourier features"
    why = (
        f"discriminant p {drift.discriminant_p_value:.2g}, discrepancy p {drift.discrepancy_p_value:.2g} ({how}), "
        "the smaller doubled"
    )
    return replace(counts, value=drift.area, interval=drift.bounds, limit=0.5, p_value=drift.p_value, why=why)
