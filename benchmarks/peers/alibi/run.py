"""alibi-detect's MMDDrift (PyTorch) on the same embeddings."""

import json
import sys
import time

import alibi_detect
import numpy as np
from alibi_detect.cd import MMDDrift


def main() -> None:
    """Time detector and test at 10 and at 20 permutations; what 100 would take follows, since each costs the same."""
    rows = np.load(sys.argv[1])
    window, reference = (rows[name].astype(np.float32) for name in ("window", "reference"))
    taken = []
    for permutations in (10, 20):
        cpu = time.process_time()
        MMDDrift(reference, backend="pytorch", n_permutations=permutations).predict(window)
        taken.append(time.process_time() - cpu)
    total = taken[0] + 9 * (taken[1] - taken[0])
    print(json.dumps({"version": alibi_detect.__version__, "cpu": total, "measured": taken}))


if __name__ == "__main__":
    main()
