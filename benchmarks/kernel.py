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
from validation.statistics.roc import RocCounts, RocResult, roc_from_counts
from validation.statistics.roc_groups import areas_of_table
from validation.statistics.score_bins import binned, equal_count_edges, expected_calibration_error, graded
from validation.statistics.two_sample import (
    TwoSamples,
    aligned,
    jensen_shannon_of_bins,
    stability_of_bins,
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
    whole = _whole(now["F0"])
    found = roc_from_counts(whole)
    return {
        "auc": [found.auc, found.variance, auc_interval(found)],
        "sites": fairness_slice(now),
        "drift": drift_slice(now, base),
        "readers": _readers(now["FR"]),
        "calibration": _calibration(whole),
    }


def fairness_slice(now: dict[str, Family]) -> dict[str, Any]:
    """Return AUC, sensitivity and specificity of every site, each with its interval."""
    areas, rates = _areas(now["F0"]), _rates(now["F0"])
    return {name: [area, rates[name]] for name, area in areas.items()}


def drift_slice(now: dict[str, Family], base: dict[str, Family]) -> dict[str, list[float]]:
    """Return the four distances of every input."""
    return {name: _drift(now[f"FN:{name}"], base[f"FN:{name}"]) for name in NAMES}


def _whole(family: Family) -> RocCounts:
    units = family.marginal(("q", "truth"))
    cells, at = np.unique(units.codes_of("q"), return_inverse=True)
    positive = units.is_level("truth", "yes")
    sides = [np.bincount(at, units.counts * side, len(cells)).astype(np.int64) for side in (positive, ~positive)]
    return RocCounts(cells, *sides)


def _areas(family: Family) -> dict[str, list[Any]]:
    """Return area, variance and interval of every site, all in one pass over a table of sites by cells."""
    q, sites = family.column("q"), len(family.levels["site"])
    low, cells = int(q.min()), int(q.max()) - int(q.min()) + 1
    places = family.column("site").astype(np.int32)
    places += np.int32(sites) * family.is_level("truth", "yes")
    places *= np.int32(cells)
    places += q
    places -= np.int32(low)
    table = np.zeros(2 * sites * cells, dtype=np.int64)
    np.add.at(table, places, family.counts)
    negative, positive = table.reshape(2, sites, cells)
    found = areas_of_table(positive, negative)
    rows = zip(*(one.tolist() for one in vars(found).values()), strict=True)
    return {
        name: [auc, variance, auc_interval(RocResult(auc, variance, 0.0, m, n, m + n, m, n, min(m, n)))]
        for name, (auc, variance, m, n) in zip(family.levels["site"], rows, strict=True)
    }


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
    """Return the distances of Kolmogorov and Smirnov, and Wasserstein; of ten bins, stability and Jensen-Shannon."""
    sides = (side for family in (now, base) for side in (family.codes_of("cell"), family.counts))
    cells, one, other = aligned(*sides)
    pair = TwoSamples(other, one)
    bins = pair.bins_of_first()
    moved = pair.wasserstein_distance(to_numbers(cells))
    return [pair.ks_test().statistic, moved, stability_of_bins(*bins), jensen_shannon_of_bins(*bins)]


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
