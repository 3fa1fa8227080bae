"""Embedding drift at 512 dimensions: false alarms, and power on the published alternatives (a long campaign)."""

import numpy as np
import pytest

from validation.statistics.embedding_drift import embedding_drift

pytestmark = pytest.mark.slow
ROWS, FACTORS, DIMENSIONS = 500, 32, 512


class World:
    """Rows of 512 numbers from 32 factors and noise."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.loadings = self.rng.normal(size=(FACTORS, DIMENSIONS)) / np.sqrt(FACTORS)

    def rows(self, n: int = ROWS) -> np.ndarray:
        """Draw rows of unit variance."""
        factors = self.rng.normal(size=(n, FACTORS)) @ self.loadings
        return np.sqrt(0.5) * factors + np.sqrt(0.5) * self.rng.normal(size=(n, DIMENSIONS))


def alarm_rate(change: object, runs: int) -> float:
    alarms = 0
    for seed in range(runs):
        world = World(seed)
        alarms += embedding_drift(change(world.rows()), world.rows(), seed).p_value <= 0.05
    return alarms / runs


def test_false_alarms_are_between_three_and_seven_in_a_hundred() -> None:
    rate = alarm_rate(lambda rows: rows, 200)
    print(f"null {rate:.3f}", flush=True)  # noqa: T201 - the figure goes into the note
    assert rate <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)


@pytest.mark.parametrize(("name", "least"), [("all", 0.9), ("ten", 0.9), ("one", 0.9), ("scale", 0.0)])
def test_shifts_of_the_mean_are_found(name: str, least: float) -> None:
    ten, direction = np.zeros(DIMENSIONS), np.zeros(DIMENSIONS)
    ten[:10] = 0.35
    direction[:] = np.random.default_rng(1).normal(size=DIMENSIONS)
    direction *= 0.9 / np.linalg.norm(direction)
    changes = {
        "all": lambda rows: rows + 0.06,
        "ten": lambda rows: rows + ten,
        "one": lambda rows: rows + direction,
        "scale": lambda rows: rows * 1.035,
    }
    rate = alarm_rate(changes[name], 20)
    print(f"{name} {rate:.2f}", flush=True)  # noqa: T201 - the figure goes into the note
    assert rate >= least
