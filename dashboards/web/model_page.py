"""What the model page shows, from the same blocks as the report."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from dashboards.view.blocks import Block, Cell, Facts, Section, state_cell
from dashboards.view.changes import change_section
from dashboards.view.cohorts import cohort_section
from dashboards.view.cover import SYNTHETIC_NOTE, record_facts
from dashboards.view.deployment import deployment_section, signature_section
from dashboards.view.evidence import checkpoint_section, limits_section
from dashboards.view.monitoring import monitor_overview
from dashboards.view.numbers import BLANK, count_text, instant_words
from dashboards.view.signal_tables import signal_blocks
from dashboards.view.signals import STATES, signals_of, state_counts
from dashboards.view.validation import validation_section
from registry.domain.dossier import Dossier
from registry.domain.lifecycle import VersionState


@dataclass(frozen=True)
class Choice:
    """One choice of the filter: the state (empty for all), its words, count, address, and whether it is chosen."""

    state: str
    words: str
    n: int
    address: str
    chosen: bool


@dataclass(frozen=True)
class Asked:
    """What the address asked for; empty texts where it did not say."""

    model: str
    version: str = ""
    period: str = ""
    state: str = ""

    @property
    def base(self) -> str:
        """Address of the model's page."""
        return f"/models/{quote(self.model, safe='')}"

    def query(self, **more: str) -> str:
        """Return the query part that asks for the same version and period again."""
        pairs = {"version": self.version, "period": self.period} | more
        kept = {name: value for name, value in pairs.items() if value}
        return f"?{urlencode(kept)}" if kept else ""


def model_values(dossier: Dossier, asked: Asked) -> dict[str, Any]:
    """Return the values of the model page's template."""
    sections = _sections(dossier)
    return {
        "dossier": dossier,
        "base": asked.base,
        "query": asked.query(),
        "period": asked.period,
        "synthetic_note": SYNTHETIC_NOTE,
        "summary": _summary(dossier),
        "sections": sections,
        "contents": [("summary", "Summary"), *((section.key, section.title) for section in sections)],
        **signal_values(dossier, asked),
    }


def signal_values(dossier: Dossier, asked: Asked) -> dict[str, Any]:
    """Return the values of the part of the page that the filter swaps."""
    signals = signals_of(dossier)
    counts = state_counts(signals)
    shown = counts[asked.state] if asked.state else len(signals)
    return {
        "choices": _choices(counts, asked, len(signals)),
        "said": f"Showing {count_text(shown)} of {count_text(len(signals))} signals.",
        "blocks": signal_blocks(signals, asked.state or None),
    }


def _sections(dossier: Dossier) -> tuple[Section, ...]:
    return (
        limits_section(dossier),
        deployment_section(dossier),
        validation_section(dossier),
        change_section(dossier),
        Section("monitors", "Monitors", monitor_overview(dossier)),
        signature_section(dossier),
        cohort_section(dossier),
        checkpoint_section(dossier),
    )


def _summary(dossier: Dossier) -> tuple[Block, ...]:
    newest = max(dossier.evaluations, key=lambda view: view.event_seq, default=None)
    judged = state_cell(newest.record["verdict"], note=newest.record["cohort"]) if newest else Cell("never evaluated")
    running = ", ".join(f"{found.state} at {found.site}" for found in dossier.deployments) or "nowhere"
    signers = ", ".join(dict.fromkeys(found.printed_name for found in dossier.signatures)) or "nobody"
    monitored = instant_words(dossier.monitor["as_of"]) if dossier.monitor else "never"
    pairs = (
        ("Last validation", judged),
        ("Deployed", Cell(running)),
        ("Signals", Cell(_tally(dossier))),
        ("Last monitored", Cell(monitored)),
        ("Signed by", Cell(signers)),
        *_approval(dossier),
        ("Registered", Cell(instant_words(dossier.model.registered_at))),
        ("Trained by", Cell(dossier.model.trained_by)),
    )
    return (Facts(pairs), record_facts(dossier))


def _approval(dossier: Dossier) -> tuple[tuple[str, Cell], ...]:
    """Return until when the version is or was approved, and the model's risk tier, where the dossier tells."""
    tier = (("Risk tier", Cell(str(dossier.tier["tier"]))),) if dossier.tier else ()
    if dossier.approval is None:
        return tier
    over = dossier.model.state is not VersionState.APPROVED
    until = instant_words(str(dossier.approval["valid_until"]))
    return (*tier, ("Approved until", Cell(f"{until} (no longer in force: {dossier.model.state})" if over else until)))


def _tally(dossier: Dossier) -> str:
    counts = state_counts(signals_of(dossier))
    return ", ".join(f"{n} {state.replace('_', ' ')}" for state, n in counts.items() if n) or BLANK


def _choices(counts: dict[str, int], asked: Asked, total: int) -> list[Choice]:
    first = Choice("", "All", total, asked.base + asked.query(), not asked.state)
    return [first, *(_choice(state, counts[state], asked) for state in STATES)]


def _choice(state: str, n: int, asked: Asked) -> Choice:
    words = state.replace("_", " ").capitalize()
    return Choice(state, words, n, asked.base + asked.query(state=state), asked.state == state)
