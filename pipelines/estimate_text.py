"""An estimate as a person reads it in a terminal."""

from registry.domain.estimate import Estimate


def estimate_text(metric: Estimate) -> str:
    """Spell an estimate with its interval, such as `0.912 (0.870 to 0.950)`; what is missing is said."""
    value = "not defined" if metric.value is None else f"{metric.value:.3f}"
    if metric.low is None or metric.high is None:
        return value
    return f"{value} ({metric.low:.3f} to {metric.high:.3f})"
