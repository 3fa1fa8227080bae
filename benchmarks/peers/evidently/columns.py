"""Evidently's default drift preset of fifty columns, with its page."""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import evidently
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset


def main() -> None:
    """Print CPU seconds of the report, the peak of memory, and the size of the page."""
    now, base = (pd.read_parquet(file) for file in sys.argv[1:3])
    cpu = time.process_time()
    snapshot = Report([DataDriftPreset()]).run(now, base)
    snapshot.dict()
    cpu = time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        snapshot.save_html(str(page))
        size = page.stat().st_size / 2**20
    print(json.dumps({"version": evidently.__version__, "cpu": cpu, "peak_mb": peak, "page_mb": size}))


if __name__ == "__main__":
    main()
