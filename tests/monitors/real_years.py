"""Null years of real measurements: scans of ABIDE in permuted days, their quality metrics as scores.

Every site of the hospital has scans of several ABIDE sites, its scanners; a day holds scans drawn at random from them,
so that all days are exchangeable while sites and scanners differ as real ones do. Truth is rater 3's exclusion.
"""

import csv
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from years import Draw, _draw, tallied

from monitors.counts import Counts

_SCANNERS = ("NYU", "UM", "UCLA", "USM", "PITT", "YALE")  # two a site of the hospital, in the order of `years`
METRICS = ("cnr", "cjv", "efc", "snr_total", "fber")


@cache
def scans(folder: Path) -> dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]]:
    """Return per ABIDE site the metrics float[scans, 5] as shares of ranks, and whether rater 3 excluded the scan."""
    with (folder / "y_abide.csv").open() as file:
        site_of = {row["subject_id"]: (row["site"], row["rater_3"]) for row in csv.DictReader(file)}
    with (folder / "x_abide.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["subject_id"] in site_of]
    values = np.array([[float(row[name]) for name in METRICS] for row in rows])
    ranks = (values.argsort(axis=0).argsort(axis=0) + 0.5) / len(values)
    sites = np.array([site_of[row["subject_id"]][0] for row in rows])
    bad = np.array([site_of[row["subject_id"]][1] == "-1" for row in rows])
    return {name: (ranks[sites == name], bad[sites == name]) for name in _SCANNERS}


def real_year(folder: Path, seed: int) -> Counts:
    """Return a year of scans drawn in random order; the score is one metric's rank, another one each seed."""
    rng = np.random.default_rng([0xAB1DE, seed])
    draw: Draw = _draw(rng, 365, (18, 30, 46), np.zeros((3, 365)))
    score, truth = np.empty(len(draw.day)), np.zeros(len(draw.day), dtype=np.bool_)
    for place, name in enumerate(_SCANNERS):
        ranks, bad = scans(folder)[name]
        mine = np.flatnonzero(draw.scanner == place)
        pick = rng.integers(0, len(ranks), len(mine))
        score[mine], truth[mine] = ranks[pick, seed % len(METRICS)], bad[pick]
    draw.threshold[:] = 0.8
    return tallied(draw, truth, score)
