"""Structured projections: the transform is the dense product, the features are the kernel, whatever offset or unit."""

import numpy as np
import pytest
from scipy.linalg import hadamard

from validation.statistics.embedding_drift import embedding_drift
from validation.statistics.mmd import squared_distances
from validation.statistics.projections import GaussianProjection, HadamardProjection, projection
from validation.statistics.random_features import feature_map, feature_test


def rows(seed: int, n: int, d: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


@pytest.mark.parametrize(("dimensions", "width"), [(16, 16), (24, 32), (600, 1024)])
def test_the_transform_in_steps_is_the_product_with_dense_hadamard_matrices(dimensions: int, width: int) -> None:
    found = projection(dimensions, 8, seed=1)
    assert isinstance(found, HadamardProjection)
    dense = np.eye(width)
    for signs in found.signs:
        dense = dense * signs @ hadamard(width)
    some = rows(2, 5, dimensions)
    expected = np.pad(some, ((0, 0), (0, width - dimensions))) @ dense[:, :8] / width
    assert np.allclose(found(some.astype(np.float32)), expected, atol=1e-4)


def test_structured_frequencies_are_orthogonal_and_as_long_as_gaussian_ones_are_on_the_mean() -> None:
    structured, gaussian = projection(512, 512, seed=3), projection(511, 512, seed=3)
    assert isinstance(gaussian, GaussianProjection)
    frequencies = structured(np.eye(512, dtype=np.float32))
    assert np.allclose(frequencies.T @ frequencies, 512 * np.eye(512), atol=0.01)
    assert (gaussian.frequencies**2).sum(axis=0).mean() == pytest.approx(511, rel=0.02)


def test_structured_features_of_many_dimensions_are_the_kernel() -> None:
    first, second = rows(4, 40, 600), rows(5, 30, 600)
    second[:15] = first[:15] + 0.3 * second[:15]
    mapping = feature_map(first, seed=6)
    kernel = np.exp(-squared_distances(first, second) / (2 * mapping.bandwidth**2))
    assert kernel.max() > 0.9 > kernel.min()
    assert np.abs(mapping(first) @ mapping(second).T - kernel).max() < 4 / np.sqrt(512)


@pytest.mark.parametrize("dimensions", [8, 512])
def test_neither_a_common_offset_nor_another_unit_changes_the_p_value(dimensions: int) -> None:
    first, second = rows(7, 120, dimensions), rows(8, 150, dimensions) + 0.02
    plain = feature_test(first, second, feature_map(second, 1), 2)
    moved, base = 1e-4 * first + 100, 1e-4 * second + 100
    assert feature_test(moved, base, feature_map(base, 1), 2).p_value == plain.p_value


def test_one_absurd_number_raises_no_alarm() -> None:
    """Its angle is no number in single precision, which once gave the least p-value there is."""
    first, second = rows(9, 710, 4), rows(10, 720, 4)
    first[3, 2] = 1e100
    assert embedding_drift(first, second, seed=1).p_value > 0.05
