"""The plan that the loop reads."""

import pytest

from pipelines.training.recipe import Recipe
from registry.domain.canonical import canonical_bytes
from registry.domain.errors import UsageError


def test_the_rate_rises_to_its_peak_and_falls_to_zero() -> None:
    recipe = Recipe(learning_rate=0.01)
    rates = [recipe.rate(step, 100) for step in range(100)]
    peak = rates.index(max(rates))
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert max(rates) == pytest.approx(0.01, rel=0.01)
    assert rates[-1] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("words", [{"epochs": 0}, {"batch": 1}, {"seed": -1}])
def test_a_recipe_that_trains_nothing_is_refused(words: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Recipe(**words)


def test_a_recipe_has_canonical_bytes() -> None:
    assert canonical_bytes(Recipe().to_json())
