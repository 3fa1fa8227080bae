"""What a run judges beside its counts, because it needs rows: reader studies, and image quality measured together."""

from dataclasses import dataclass

from monitors.charted import AuditedUnits, audit_chart_signals
from monitors.counts import Counts
from monitors.harmony import QualityRows, harmony_signals
from monitors.protocols import ProtocolRows, protocol_signals
from monitors.reader_study import ReaderStudy, reader_study_signals
from monitors.scope import scopes_of, unit_view
from registry.domain.plan import MonitoringPlan
from registry.domain.signal import Signal


@dataclass(frozen=True, eq=False)
class Beside:
    """Rows that were read for a run: reader studies, series with image quality and protocol, audited units."""

    studies: tuple[ReaderStudy, ...] = ()
    quality: QualityRows | None = None
    protocols: ProtocolRows | None = None
    audited: AuditedUnits | None = None


def beside_signals(counts: Counts, plan: MonitoringPlan, as_of: str, rows: Beside) -> list[Signal]:
    """Return the signals that need rows, of every scope; nothing where there are none of their kind."""
    found = reader_study_signals(rows.studies, plan)
    for scope in scopes_of(counts) if rows.quality or rows.protocols or rows.audited else ():
        view = unit_view(counts, scope, plan, as_of)
        found += [] if rows.quality is None else harmony_signals(view, counts, rows.quality)
        found += [] if rows.protocols is None else protocol_signals(view, counts, rows.protocols)
        found += [] if rows.audited is None else audit_chart_signals(view, counts, rows.audited)
    return found
