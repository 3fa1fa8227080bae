"""alibi-detect's MMDDrift with 100 permutations on the same embeddings; its backend is what its environment has."""

import json
import sys
import time

import alibi_detect
import numpy as np
from alibi_detect.cd import MMDDrift


def main() -> None:
    """Time detector and test."""
    rows = np.load(sys.argv[1])
    window, reference = (rows[name].astype(np.float32) for name in ("window", "reference"))
    cpu = time.process_time()
    detector = MMDDrift(reference, backend=sys.argv[2] if len(sys.argv) > 2 else "pytorch", n_permutations=100)
    detector.predict(window)
    print(json.dumps({"version": alibi_detect.__version__, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    main()
