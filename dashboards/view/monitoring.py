"""Monitors: the strip of all signals, the pictures, and one table per monitor."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from dashboards.charts.daily import daily_series
from dashboards.charts.signal_strip import signal_strip, tally
from dashboards.charts.theme import Frame, Theme
from dashboards.view.blocks import Block, Cell, Facts, Figure, Listing, Paragraph, Section
from dashboards.view.numbers import count_text, instant_words
from dashboards.view.overrides import override_figures
from dashboards.view.pictures import funnel_figures, subgroup_figures, undrawn_subgroups
from dashboards.view.signal_tables import signal_blocks
from dashboards.view.signals import NOT_MONITORED, Signal, alert_table, by_monitor, signals_of
from registry.domain.dossier import Monitored


def monitoring_section(dossier: Monitored) -> Section:
    """Return everything that the monitors said about the period."""
    return Section("monitors", "Monitors", (*monitor_overview(dossier), *signal_blocks(signals_of(dossier))))


def monitor_overview(dossier: Monitored) -> tuple[Block, ...]:
    """Return the head, the alerts and the pictures of the monitors, without the tables of signals."""
    if dossier.monitor is None:
        return (Paragraph(NOT_MONITORED, "warn"), *_daily(dossier))
    undrawn = undrawn_subgroups(signals_of(dossier))
    said = (Listing(undrawn),) if undrawn else ()
    return (_head(dossier.monitor), *monitor_figures(dossier), *said, alert_table(dossier.monitor, dossier.alerts))


def monitor_figures(dossier: Monitored) -> tuple[Figure, ...]:
    """Return the pictures: strip of signals, daily series, subgroups, scanners, overrides."""
    signals = signals_of(dossier)
    mark = dossier.synthetic
    pictured = (subgroup_figures, funnel_figures, override_figures)
    drawn = (figure for figures_of in pictured for figure in figures_of(signals, synthetic=mark))
    return (*_strip(signals, synthetic=mark), *_daily(dossier), *drawn)


def _head(monitor: Mapping[str, Any]) -> Facts:
    tables = ", ".join(f"{name} version {table['version']}" for name, table in monitor["tables"].items())
    return Facts(
        (
            ("Monitored as of", Cell(instant_words(monitor["as_of"]))),
            ("Known times", Cell(monitor["known_time"])),
            ("Tables", Cell(tables)),
            ("Monitoring plan", Cell(monitor["plan"], "code")),
        )
    )


def _strip(signals: Sequence[Signal], *, synthetic: bool) -> tuple[Figure, ...]:
    states = {name: [signal["state"] for signal in found] for name, found in by_monitor(signals).items()}
    if not states:
        return ()
    said = "; ".join(f"{name}: {tally(found)}" for name, found in states.items())
    alternative = f"States of {len(signals)} signals by monitor. {said}."

    def draw(theme: Theme) -> str:
        return signal_strip(states, Frame("strip", "Signals by monitor", alternative, theme, synthetic))

    return (Figure("strip", "Signals by monitor and state", alternative, draw),)


def _daily(dossier: Monitored) -> tuple[Figure, ...]:
    cases, positives = (sum(getattr(day, name) for day in dossier.daily) for name in ("n", "n_positive"))
    if not cases:
        return ()
    alternative = (
        f"Daily series over {len(dossier.daily)} days: {count_text(cases)} predictions, "
        f"{count_text(positives)} called positive; days without predictions are blank."
    )
    draw = partial(_draw_daily, dossier, alternative)
    return (Figure("daily", "Share called positive and mean score by day", alternative, draw),)


def _draw_daily(dossier: Monitored, alternative: str, theme: Theme) -> str:
    return daily_series(dossier.daily, Frame("daily", "Daily predictions", alternative, theme, dossier.synthetic))
