"""What a run judges beside its counts, because it needs rows: reader studies, and image quality measured together."""

from dataclasses import dataclass

from monitors.counts import Counts
from monitors.harmony import QualityRows, harmony_signals
from monitors.reader_study import ReaderStudy, reader_study_signals
from monitors.scope import scopes_of, unit_view
from registry.domain.plan import MonitoringPlan
from registry.domain.signal import Signal


@dataclass(frozen=True, eq=False)
class Beside:
    """Rows that were read for a run: reader studies, and series with their measures of image quality."""

    studies: tuple[ReaderStudy, ...] = ()
    quality: QualityRows | None = None


def beside_signals(counts: Counts, plan: MonitoringPlan, as_of: str, rows: Beside) -> list[Signal]:
    """Return the signals that need rows, of every scope; nothing where there are none of their kind."""
    found = reader_study_signals(rows.studies, plan)
    if rows.quality is not None:
        for scope in scopes_of(counts):
            found += harmony_signals(unit_view(counts, scope, plan, as_of), counts, rows.quality)
    return found
