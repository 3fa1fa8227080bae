"""River's ADWIN on squared residuals of a model under River's own FriedmanDrift, and the residuals for our detector.

Streams as in the published comparison (pitmon, experiment/core/config.py): 10,000 points before the watch, 2,500 stable
and 2,500 after the change at the first position; abrupt global drift, gradual global drift over 500 points, local
expanding drift in three steps. The model is a cubic polynomial of the ten inputs, fitted to 8,000 of the 10,000; the
other 2,000 are the reference. Streams without a drift are drawn by numpy from the same formula.

Run: run.py FILE RUNS NULLS FIRST. FIRST is added to the seeds. FILE gets `reference` and the residuals of each kind,
float64[runs, 5000].
"""

import itertools
import json
import sys
from typing import Any

import numpy as np
import river
from river.datasets.synth import FriedmanDrift
from river.drift import ADWIN

STABLE, AFTER, FITTED, HELD = 2_500, 2_500, 8_000, 2_000
FAR = 1_000_000
POSITIONS = {
    "gra": (STABLE, FAR),
    "gsg": (STABLE, FAR),
    "lea": (STABLE, STABLE + AFTER // 3, STABLE + 2 * (AFTER // 3)),
}
WINDOW = {"gra": 0, "gsg": 500, "lea": 0}


def drawn(rng: np.random.Generator, n: int) -> tuple[Any, Any]:
    """Draw n points of the stable law: inputs float64[n, 10], targets float64[n]."""
    x = rng.random((n, 10))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return x, y + rng.normal(size=n)


def terms(x: Any) -> Any:
    """Return every monomial of degree 3 at most, float64[n, 286]."""
    powers = [np.ones(len(x))]
    for degree in (1, 2, 3):
        powers += [x[:, list(one)].prod(axis=1) for one in itertools.combinations_with_replacement(range(10), degree)]
    return np.stack(powers, axis=1)


def streamed(kind: str, seed: int) -> tuple[Any, Any]:
    """Draw one stream of River's: inputs float64[5000, 10], targets float64[5000]."""
    stream = FriedmanDrift(kind, position=POSITIONS[kind], transition_window=WINDOW[kind], seed=seed)
    rows = list(stream.take(STABLE + AFTER))
    return np.array([list(x.values()) for x, _ in rows]), np.array([y for _, y in rows])


def alarm(residuals: Any) -> int:
    """Return the index of ADWIN's first alarm, with its defaults; -1 without one."""
    detector = ADWIN()
    for place, value in enumerate((residuals**2).tolist()):
        detector.update(value)
        if detector.drift_detected:
            return place
    return -1


def main() -> None:
    """Fit, draw, watch, and hand the residuals over."""
    file, runs, nulls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    first = int(sys.argv[4])
    rng = np.random.default_rng(first + 42)
    x, y = drawn(rng, FITTED + HELD)
    fitted, *_ = np.linalg.lstsq(terms(x[:FITTED]), y[:FITTED], rcond=None)
    found = {"reference": y[FITTED:] - terms(x[FITTED:]) @ fitted}
    for kind in POSITIONS:
        streams = [streamed(kind, first + 42 + 1000 * trial) for trial in range(runs)]
        found[kind] = np.stack([y - terms(x) @ fitted for x, y in streams])
    found["null"] = np.stack([y - terms(x) @ fitted for x, y in (drawn(rng, STABLE) for _ in range(nulls))])
    np.savez(file, **found)
    alarms = {kind: [alarm(row) for row in rows] for kind, rows in found.items() if kind != "reference"}
    print(json.dumps({"version": river.__version__, "alarms": alarms}))


if __name__ == "__main__":
    main()
