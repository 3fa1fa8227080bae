"""How a network is trained: the plan that the loop reads."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from registry.domain.errors import UsageError

DEFAULT_EPOCHS = 24
_WARM_UP = 0.15  # share of the steps in which the learning rate rises


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters of one run; the learning rate follows from the step alone.

    Attributes:
        epochs: passes over the training cohort at most.
        batch: examples a step, over all processes.
        learning_rate: at its peak; rises linearly, then falls as a half cosine.
        weight_decay: of AdamW (Loshchilov and Hutter 2019).
        patience: epochs without a better tune AUC after which training stops.
        seed: of everything random.
    """

    epochs: int = DEFAULT_EPOCHS
    batch: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    patience: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 2 or self.seed < 0:
            raise UsageError(
                f"{self.epochs} epochs, batch {self.batch}, seed {self.seed}",
                mend="at least one epoch, a batch of two, and a seed of 0 or more",
            )

    def rate(self, step: int, total: int) -> float:
        """Return the learning rate at a step of a run of `total` steps."""
        done = (step + 1) / max(1, total)
        if done < _WARM_UP:
            return self.learning_rate * done / _WARM_UP
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (done - _WARM_UP) / (1 - _WARM_UP)))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; fractions are texts."""
        return {key: str(value) if isinstance(value, float) else value for key, value in asdict(self).items()}
