"""The monitoring workload W against its peers and against a bare read of the same file (M1 to M5), in one run.

Run: python benchmarks/monitoring.py [ROWS …]; the defaults are 100,000 and 1,000,000. Peers are timed in environments
of their own (see README.md); one that is absent is left out and said to be. Imports and, for the peers, reading the
file are not counted; the product's own figure includes the reading. The ratios are the claims.
"""

import itertools
import math
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from kernel import drift_slice, fairness_slice, families, statistics_of
from stopwatch import fresh, interleaved, peer, ratio
from workload import NAMES, written

SIZES = (10**5, 10**6)
PEERS = {
    "evidently": ("4 drift methods of 10 inputs, classification preset", "whole"),
    "nannyml": ("3 univariate drift methods of 10 inputs", "drift"),
    "fairlearn": ("sensitivity, specificity, AUC of 20 groups, no interval", "fairness"),
}


def measured(file: Path, reference: Path) -> dict[str, Any]:
    """Return the medians of our own work and of the bare read."""
    base = families(reference)
    now = families(file)
    works = {
        "read": lambda: pq.read_table(file),
        "whole": lambda: statistics_of(families(file), base),
        "drift": lambda: drift_slice(families(file, NAMES), base),
        "fairness": lambda: fairness_slice(families(file, ("site", "truth", "score"))),
        "from counts": lambda: statistics_of(now, base),
    }
    return interleaved(works)


def main() -> None:
    """Print one table a size, then growth and memory."""
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    whole, peaks = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for n in sizes:
            file, reference = written(Path(folder), n)
            ours = measured(file, reference)
            whole[n], peaks[n] = ours["whole"].cpu, fresh("kernel.py", file, reference)["peak_mb"]
            print(f"\n{n:,} rows; CPU s (wall s)\n")
            print("| what | CPU s | wall s | against |")
            print("| --- | --- | --- | --- |")
            for name, taken in ours.items():
                against = f"{taken.cpu / ours['read'].cpu:.1f}x the bare read" if name != "read" else "the limit"
                print(f"| Overread, {name} | {taken.cpu:.3f} | {taken.wall:.3f} | {against} |")
            for name, (covers, part) in PEERS.items():
                theirs = peer(name, file, reference)
                if theirs is None:
                    print(f"| {name} | absent | | {covers} |")
                    continue
                mine = ours[part]
                told = (
                    f"{ratio(theirs['cpu'], mine.cpu)} our CPU, {ratio(theirs['wall'], mine.wall)} our wall ({covers})"
                )
                print(f"| {name} {theirs['version']} | {theirs['cpu']:.2f} | {theirs['wall']:.2f} | {told} |")
    for small, large in itertools.pairwise(sizes):
        exponent = math.log(whole[large] / whole[small]) / math.log(large / small)
        print(f"\ngrowth {small:,} to {large:,}: CPU exponent {exponent:.2f}, peak {peaks[large] / peaks[small]:.2f}x")
    print(f"peak MB: {', '.join(f'{n:,}: {peaks[n]:.0f}' for n in sizes)}")


if __name__ == "__main__":
    main()
