"""Rows 13, 14, 16 and 17: an area of a million cases, a report, the night of a large site, the oracles."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from dossiers import dossier
from figure_rows.figure import Figure
from figure_rows.night import CASES_A_NIGHT, MODELS, night
from monitor_runs import monitor, signal
from stopwatch import interleaved, timed

from dashboards.report.html import render_html
from dashboards.report.pdf import render_pdf
from registry.domain.dossier import Dossier
from validation.statistics.auc_interval import auc_interval
from validation.statistics.grid import to_grid
from validation.statistics.roc import roc_from_arrays

ROOT = Path(__file__).parents[2]


def work_figures(_: int, _first: int) -> list[Figure]:
    """Return rows 13, 14, 16 and 17."""
    return [_area(), *_reports(), _night(), _oracles()]


def _area() -> Figure:
    rng = np.random.default_rng(1)
    truth = rng.random(10**6) < 0.12
    scores = 1 / (1 + np.exp(-rng.normal(1.8 * truth - 1.5)))
    taken = interleaved({"ours": lambda: auc_interval(roc_from_arrays(to_grid(scores), truth))})["ours"]
    what = "DeLong's variance and interval of 1e6 cases, from raw scores: CPU s"
    return Figure(
        13, what, "pROC not run; published 2.2", f"{taken.cpu:.3f}", "<= 0.8", taken.cpu <= 0.8, "median of 5"
    )


def _dossier(model: int) -> Dossier:
    """Return a report's content: fifty features and thirty subgroups with five measures each."""
    rng = np.random.default_rng(model)
    found = []
    for feature in range(50):
        value = float(rng.random())
        subject = {"feature": f"feature_{feature:02d}"}
        found.append(signal("DRF001", "input", "distance", subject=subject, value=value, p_value=value, q_value=value))
    for group in range(30):
        for code, name in (("SUB001", "sensitivity"), ("SUB002", "specificity"), ("SUB003", "auc"), ("SUB005", "ppv")):
            value = float(rng.uniform(0.7, 0.95))
            bounds = (value - 0.05, min(1.0, value + 0.05))
            who = {"axis:site_code": f"group {group:02d}"}
            found.append(signal(code, "subgroup", name, subject=who, value=value, interval=bounds, q_value=value))
    return dossier(monitor=monitor(found))


def _reports() -> list[Figure]:
    found = []
    for name, render in (("HTML", lambda one: render_html(one).encode()), ("PDF", render_pdf)):
        made = [render(_dossier(model)) for model in range(3)]
        same = made == [render(_dossier(model)) for model in range(3)]
        size = sum(map(len, made)) / 2**20
        largest = max(map(len, made)) / 2**20
        words = f"{size:.2f} MB in all, {largest:.2f} the largest, {'the same bytes again' if same else 'other bytes'}"
        what = f"report of 50 features and 30 subgroups, 3 models, {name}"
        found.append(Figure(14, what, "see below", words, "<= 1 MB, byte-identical", size <= 1 and same, "3"))
    return found


def _night() -> Figure:
    taken = night()
    total = MODELS * taken.cpu
    what = f"night of {MODELS} models x {CASES_A_NIGHT:,} studies, counts and all monitors (one model measured)"
    words = f"{taken.cpu:.1f} CPU s a model, {total / 2:.0f} s on 2 cores"
    return Figure(16, what, "none published", words, "<= 300 s on 2 cores", total / 2 <= 300, "1")


def _oracles() -> Figure:
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:randomly", "tests/oracles"]
    told: list[str] = []
    taken = timed(lambda: told.append(_said(command)))
    last = told[0].strip().splitlines()[-1]
    passed, failed = (
        int(found[1]) if (found := re.search(rf"(\d+) {word}", last)) else 0 for word in ("passed", "failed")
    )
    words = f"{passed} passed, {failed} failed ({taken.wall:.0f} s)"
    return Figure(
        17, "oracle tests, 1e-6 relative (1e-9 areas)", "", words, "all", passed > 0 and not failed, f"{passed}"
    )


def _said(command: list[str]) -> str:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
