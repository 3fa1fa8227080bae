"""Whether a window's labels can be judged: are there any, have they ripened, does verification depend on the model?

The rules are those of the contract (sections 4e and 9).
"""

from dataclasses import dataclass, replace

from monitors.areas import classes, labelled
from monitors.counts import FINDING_PATIENTS, PATIENTS, Family
from monitors.draft import Reading
from monitors.scope import View
from registry.domain.vocabulary import NotAssessed

MATURE = 0.8  # share of the reference's label coverage at which a window is mature (contract, section 9)
MATERIAL = 0.1  # difference in verified shares of AI-positive and AI-negative units that is material


@dataclass(frozen=True)
class LabelState:
    """What stands against judging a window by its labels.

    Attributes:
        missing, biased, hollow: sentences without full stop; empty where there is nothing against it.
        assumes: what was assumed about the independence of the labels; None for nothing.
    """

    missing: str
    biased: str
    hollow: str
    assumes: str | None

    @property
    def blocking(self) -> tuple[NotAssessed, str] | None:
        """Return why no value is given at all; None where one is."""
        if self.missing:
            return NotAssessed.NO_OUTCOMES, self.missing
        return (NotAssessed.VERIFICATION, self.biased) if self.biased else None


def label_state(view: View) -> LabelState:
    """Judge the labels of a window."""
    now, base = view.now[PATIENTS], view.base[PATIENTS]
    none = "no unit of the window has an independent outcome" if labelled(now).total == 0 else ""
    return LabelState(none, "" if none else _biased(now), "" if view.unready else _hollow(now, base), _assumed(view))


def held_back(state: LabelState, reading: Reading) -> Reading:
    """Hold back what the labels do not carry: no value at all, or a hollow one that is not judged."""
    if state.blocking:
        reason, why = state.blocking
        return replace(reading, value=None, interval=None, reason=reason, why=why)
    if reading.reason is None and state.hollow:
        return replace(reading, reason=NotAssessed.IMMATURE, why=state.hollow)
    return reading


def _biased(now: Family) -> str:
    """Compare the verified shares of units that the model called positive and negative."""
    shares = [_coverage(now.where(decision=decision)) for decision in ("pos", "neg")]
    if None in shares or abs((shares[0] or 0.0) - (shares[1] or 0.0)) <= MATERIAL:
        return ""
    return (
        f"{100 * (shares[0] or 0.0):.0f} % of the units that the model called positive have an outcome and "
        f"{100 * (shares[1] or 0.0):.0f} % of the others, so that the plain share would be biased"
    )


def _hollow(now: Family, base: Family) -> str:
    covered, before = _coverage(now), _coverage(base)
    if covered is None or not before or covered >= MATURE * before:
        return ""
    return (
        f"{100 * covered:.0f} % of the window's units have an outcome, in the reference {100 * before:.0f} %; "
        f"the window is mature at {100 * MATURE:.0f} % of that"
    )


def _coverage(family: Family) -> float | None:
    return sum(classes(family)) / family.total if family.total else None


def _assumed(view: View) -> str | None:
    findings = view.now[FINDING_PATIENTS]
    assumed, stated = (findings.where(finding=kind).total for kind in ("outcome_assumed", "outcome_stated"))
    if not assumed:
        return None
    return (
        f"independence of the outcome from the read, for {assumed} of {assumed + stated} outcomes that do not state it"
    )
