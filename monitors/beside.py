"""What a run judges beside its counts, because it needs rows: reader studies, and image quality measured together."""

from dataclasses import dataclass

from monitors.charted import AuditedUnits, audit_chart_signals
from monitors.counts import Counts
from monitors.harmony import QualityRows, harmony_signals
from monitors.protocols import ProtocolRows, protocol_signals
from monitors.reader_study import ReaderStudy, reader_study_signals
from monitors.scope import periods_of, scopes_of, unit_view
from registry.domain.plan import MonitoringPlan
from registry.domain.signal import Signal, Window


@dataclass(frozen=True, eq=False)
class Beside:
    """Rows that were read for a run: reader studies, series with image quality and protocol, audited units."""

    studies: tuple[ReaderStudy, ...] = ()
    quality: QualityRows | None = None
    protocols: ProtocolRows | None = None
    audited: AuditedUnits | None = None

    @property
    def by_scope(self) -> bool:
        """Whether any of it is judged scope by scope."""
        return any(one is not None for one in (self.quality, self.protocols, self.audited))


def periods_beside(counts: Counts, plan: MonitoringPlan, as_of: str) -> tuple[Window, ...]:
    """Return the periods of which series are judged: the windows of all scopes, and their sites' references."""
    found: set[Window] = set()
    for scope in scopes_of(counts):
        window, references = periods_of(counts, scope, plan, as_of)
        found |= {window, *references.values()}
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))


def beside_signals(counts: Counts, plan: MonitoringPlan, as_of: str, rows: Beside) -> list[Signal]:
    """Return the signals that need rows, of every scope; nothing where there are none of their kind."""
    found = reader_study_signals(rows.studies, plan)
    for scope in scopes_of(counts) if rows.by_scope else ():
        view = unit_view(counts, scope, plan, as_of)
        found += [] if rows.quality is None else harmony_signals(view, counts, rows.quality)
        found += [] if rows.protocols is None else protocol_signals(view, counts, rows.protocols)
        found += [] if rows.audited is None else audit_chart_signals(view, counts, rows.audited)
    return found
