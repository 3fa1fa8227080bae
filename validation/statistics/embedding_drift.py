"""Drift of embeddings: a linear discriminant for shifts of the mean, the discrepancy of distributions for the rest.

The discriminant sees shifts of the mean in few directions that no kernel test sees; the maximum mean discrepancy sees
changes of scale that no linear discriminant sees. The smaller of the two p-values is doubled (Bonferroni). Below 700
rows a sample the discrepancy is computed exactly, above with random Fourier features. Neither sees a mixture of a few
per cent or a covariance that changes in one direction at some hundred rows.
"""

from dataclasses import dataclass

from numpy.typing import ArrayLike

from validation.statistics.classifier_test import LEAST_ROWS, ClassifierTest, classifier_test
from validation.statistics.mmd import mmd_test, vectors
from validation.statistics.proportions import Bounds
from validation.statistics.random_features import FeatureMap, feature_map, feature_test

EXACT_ROWS = 700


@dataclass(frozen=True)
class EmbeddingDrift:
    """How a window's embeddings differ from the reference's.

    Attributes:
        area, bounds: how well held-out rows of the two are told apart, 0.5 not at all; interval.
        discriminant_p_value, discrepancy_p_value: of the two tests.
        p_value: of no drift, corrected for the two.
        exact: whether the discrepancy was computed exactly.
    """

    area: float
    bounds: Bounds
    discriminant_p_value: float
    discrepancy_p_value: float
    p_value: float
    exact: bool


def embedding_drift(
    window: ArrayLike, reference: ArrayLike, seed: int, mapping: FeatureMap | None = None
) -> EmbeddingDrift:
    """Compare the embeddings of two sets of independent units.

    Args:
        window: float[n, d], eight rows at least.
        reference: float[m, d], eight rows at least.
        seed: of split, features and permutations (PCG64): the same rows and seed give the same p-value.
        mapping: random features kept with the reference; made from it when left out.

    Raises:
        ValueError: when a sample has fewer than eight rows, the dimensions differ, or a number is not finite.
    """
    now, base = vectors(window, reference)
    if min(len(now), len(base)) < LEAST_ROWS:
        raise ValueError(f"each sample needs {LEAST_ROWS} rows at least")
    told: ClassifierTest = classifier_test(now, base, seed)
    exact = max(len(now), len(base)) <= EXACT_ROWS
    if exact:
        discrepancy = mmd_test(now, base, seed).p_value
    else:
        features = feature_map(base, seed) if mapping is None else mapping
        discrepancy = feature_test(now, base, features, seed).p_value
    p_value = min(1.0, 2 * min(told.p_value, discrepancy))
    return EmbeddingDrift(told.area, told.bounds, told.p_value, discrepancy, p_value, exact)
