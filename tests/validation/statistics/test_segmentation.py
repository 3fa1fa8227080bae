"""Masks: against brute force, and published conventions for empty ones."""

import numpy as np
import pytest
from scipy.ndimage import binary_erosion
from scipy.spatial.distance import cdist

from validation.statistics.segmentation import component_count, segmentation_scores

SPACING = (2.0, 1.0, 0.5)


def blob(seed: int, centre: tuple[float, ...] = (10, 12, 14), radius: float = 5.0) -> np.ndarray:
    grid = np.indices((22, 24, 30)).astype(float)
    distance = sum((axis - at) ** 2 for axis, at in zip(grid, centre, strict=True))
    return distance + np.random.default_rng(seed).normal(0, 4, distance.shape) < radius**2


def test_scores_are_those_of_brute_force() -> None:
    one, other = blob(1), blob(2, (11, 13, 15))
    found = segmentation_scores(one, other, SPACING)
    surfaces = [np.argwhere(mask & ~binary_erosion(mask)) * SPACING for mask in (one, other)]
    table = cdist(*surfaces)
    ways = table.min(axis=1), table.min(axis=0)
    assert found.dice == pytest.approx(2 * (one & other).sum() / (one.sum() + other.sum()))
    assert found.hd95_mm == pytest.approx(max(np.quantile(way, 0.95) for way in ways))
    assert found.surface_distance_mm == pytest.approx(np.concatenate(ways).mean())
    assert found.volume_difference_ml == pytest.approx((int(one.sum()) - int(other.sum())) / 1000)


def test_equal_masks_overlap_fully_and_lie_on_each_other() -> None:
    mask = blob(3)
    found = segmentation_scores(mask, mask, SPACING)
    assert (found.dice, found.hd95_mm, found.surface_distance_mm, found.volume_difference_ml) == (1.0, 0.0, 0.0, 0.0)


def test_empty_masks_have_no_score_instead_of_a_good_or_a_bad_one() -> None:
    mask, nothing = blob(4), np.zeros((22, 24, 30))
    both, one = segmentation_scores(nothing, nothing, SPACING), segmentation_scores(nothing, mask, SPACING)
    assert (both.dice, both.hd95_mm, both.components) == (None, None, 0)
    assert (one.dice, one.hd95_mm) == (0.0, None)
    assert one.volume_difference_ml < 0


def test_parts_that_touch_at_a_corner_are_one() -> None:
    mask = np.zeros((4, 4), dtype=bool)
    mask[0, 0] = mask[1, 1] = mask[3, 3] = True
    assert component_count(mask) == 2


@pytest.mark.parametrize(
    ("mask", "spacing", "match"),
    [
        (np.zeros((3, 3)), (1.0, 0.0), "positive"),
        (np.zeros((3, 4)), (1.0, 1.0), "one shape"),
        (np.full((3, 3), 2), (1, 1), "true or false"),
    ],
)
def test_masks_that_cannot_be_scored_are_refused(mask: np.ndarray, spacing: tuple[float, float], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        segmentation_scores(mask, np.zeros((3, 3)), spacing)
