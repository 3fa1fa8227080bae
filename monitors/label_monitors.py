"""The monitors of performance where labels are missing, erring or few, and of prevalence: all over one family."""

from monitors.audits import audit_signals
from monitors.label_free import label_free_signals
from monitors.labels_shift import prevalence_signals
from monitors.surrogate import surrogate_signals
from monitors.verification import verification_signals

LABEL_MONITORS = (
    prevalence_signals,
    verification_signals,
    surrogate_signals,
    label_free_signals,
    audit_signals,
)
