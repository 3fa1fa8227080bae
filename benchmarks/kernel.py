"""Overread's kernel on the workload W: count families in one pass, statistics from the counts alone."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from stopwatch import peak_mb, timed
from workload import NAMES, READERS, SITES, THRESHOLD

from monitors.counts import Family, Labels, count, merged
from monitors.value_grid import to_cells, to_numbers
from validation.statistics.auc_interval import auc_interval
from validation.statistics.funnel import FUNNEL_TAILS, funnel_limits
from validation.statistics.grid import to_grid
from validation.statistics.proportions import wilson
from validation.statistics.roc import RocCounts, merged_counts, roc_from_counts
from validation.statistics.score_bins import binned, equal_count_edges, expected_calibration_error, graded
from validation.statistics.two_sample import (
    ks_test,
    stability_index,
    wasserstein_distance,
)

TOGETHER = 8  # row groups whose counts are added up at once
COARSE = 4  # bits: F0 is kept on 2^12 cells (q >> 4), as the tie bound allows
SITE_NAMES = tuple(f"s{place}" for place in range(SITES))
READER_NAMES = tuple(f"r{place}" for place in range(READERS))
NO_YES = ("no", "yes")


def counted(batch: pa.RecordBatch | pa.Table) -> dict[str, Family]:
    """Count one batch into the families whose columns it has."""
    column = {name: batch[name].to_numpy(zero_copy_only=False) for name in batch.schema.names}
    found = {f"FN:{name}": count(f"FN:{name}", {"cell": to_cells(column[name])}) for name in NAMES if name in column}
    if "score" in column:
        q = to_grid(column["score"])
        truth, called = (Labels(one.astype(np.int64), NO_YES) for one in (column["truth"], q >= THRESHOLD))
        site = Labels(column["site"], SITE_NAMES)
        found["F0"] = count("F0", {"site": site, "q": q >> COARSE, "truth": truth, "decision": called})
    if "reader" in column:
        override = Labels(column["override"].astype(np.int64), NO_YES)
        found["FR"] = count("FR", {"reader": Labels(column["reader"], READER_NAMES), "override": override})
    return found


def families(file: Path, columns: Sequence[str] | None = None) -> dict[str, Family]:
    """Count a file row group by row group, so that memory does not grow with rows; of some columns only, or all."""
    parquet = pq.ParquetFile(file, pre_buffer=False)
    parts: list[dict[str, Family]] = []
    for group in range(parquet.num_row_groups):
        parts.append(counted(parquet.read_row_group(group, columns=columns)))
        if len(parts) == TOGETHER:
            parts = [added(parts)]
    return added(parts)


def added(parts: list[dict[str, Family]]) -> dict[str, Family]:
    """Add up the families of several row groups."""
    return parts[0] if len(parts) == 1 else {name: merged([part[name] for part in parts]) for name in parts[0]}


def statistics_of(now: dict[str, Family], base: dict[str, Family]) -> dict[str, Any]:
    """Return every figure of W from counts: performance by site, drift by input, readers, calibration."""
    sites = {name: _roc(part) for name, part in now["F0"].split("site").items()}
    rates = _rates(now["F0"])
    whole = merged_counts(*sites.values())
    return {
        "auc": _area(whole),
        "sites": {name: [_area(one), rates[name]] for name, one in sites.items()},
        "drift": {name: _drift(now[f"FN:{name}"], base[f"FN:{name}"]) for name in NAMES},
        "readers": _readers(now["FR"]),
        "calibration": _calibration(whole),
    }


def fairness_slice(now: dict[str, Family]) -> list[Any]:
    """Return AUC, sensitivity and specificity of every site, each with its interval."""
    rates = _rates(now["F0"])
    return [[_area(_roc(part)), rates[name]] for name, part in now["F0"].split("site").items()]


def drift_slice(now: dict[str, Family], base: dict[str, Family]) -> list[Any]:
    """Return the four distances of every input."""
    return [_drift(now[f"FN:{name}"], base[f"FN:{name}"]) for name in NAMES]


def _roc(family: Family) -> RocCounts:
    positive, q = family.is_level("truth", "yes"), family.codes_of("q")  # cells ascend
    starts = np.flatnonzero(np.diff(q, prepend=-1))
    sides = [np.add.reduceat(np.where(side, family.counts, 0), starts) for side in (positive, ~positive)]
    return RocCounts(q[starts], *sides)


def _area(counts: RocCounts) -> list[Any]:
    found = roc_from_counts(counts)
    return [found.auc, found.variance, auc_interval(found)]


def _rates(family: Family) -> dict[str, list[Any]]:
    """Return sensitivity and specificity of every site, each with its interval."""
    answers = family.marginal(("site", "truth", "decision"))
    table = np.zeros((len(answers.levels["site"]), 2, 2), dtype=np.int64)
    sides = [answers.is_level(axis, "yes").astype(np.int64) for axis in ("truth", "decision")]
    table[answers.codes_of("site"), sides[0], sides[1]] = answers.counts
    found = {}
    for name, one in zip(answers.levels["site"], table.tolist(), strict=True):
        shares = [(one[side][side], sum(one[side])) for side in (1, 0)]
        found[name] = [[hits / n, wilson(hits, n)] for hits, n in shares]
    return found


def _drift(now: Family, base: Family) -> list[float]:
    every = np.concatenate([now.codes_of("cell"), base.codes_of("cell")])
    cells, place = np.unique(every, return_inverse=True)
    sides = [np.zeros(len(cells), dtype=np.int64) for _ in range(2)]
    sides[0][place[: len(now.counts)]], sides[1][place[len(now.counts) :]] = now.counts, base.counts
    p, r = (side / side.sum() for side in sides)
    mixed = (p + r) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        js = sum(float(np.nansum(one * np.log2(one / mixed))) for one in (p, r)) / 2
    distance = wasserstein_distance(to_numbers(cells), *sides)
    return [ks_test(*sides).statistic, distance, stability_index(sides[1], sides[0]), float(np.sqrt(max(js, 0.0)))]


def _readers(family: Family) -> list[Any]:
    places = np.array([int(name[1:]) for name in family.levels["reader"]])[family.codes_of("reader")]
    n = np.bincount(places, family.counts, READERS).astype(np.int64)
    hits = np.bincount(places, family.counts * family.is_level("override", "yes"), READERS).astype(np.int64)
    target = hits.sum() / n.sum()
    limits = np.stack([funnel_limits(target, n, tail) for tail in FUNNEL_TAILS], axis=1)
    return [[int(x) / int(m), limit.tolist()] for x, m, limit in zip(hits, n, limits, strict=True)]


def _calibration(counts: RocCounts) -> list[float]:
    scores = graded(counts)
    error = expected_calibration_error(binned(scores, equal_count_edges(scores, 15)))
    brier = (scores.positive * (1 - scores.values) ** 2 + scores.negative * scores.values**2).sum() / scores.n
    return [error, float(brier)]


def main() -> None:
    """Count one file in this process and print CPU seconds and the peak of memory."""
    file, reference = Path(sys.argv[1]), Path(sys.argv[2])
    base = families(reference)
    taken = timed(lambda: statistics_of(families(file), base))
    print(json.dumps({"cpu": taken.cpu, "wall": taken.wall, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
