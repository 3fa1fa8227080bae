"""Signals of the monitor JSON as table rows, grouped by monitor."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dashboards.view.blocks import Cell, Column, Table, state_cell
from dashboards.view.numbers import BLANK, count_text, interval_text, number_text
from dashboards.view.words import metric_words, reason_words
from monitors.catalogue import CATALOGUE
from registry.domain.dossier import Dossier
from registry.domain.signal import MONITORS

Signal = Mapping[str, Any]

CELL_WORDS: Mapping[str, str] = {
    "ai+read+": "AI positive, reader positive",
    "ai+read-": "AI positive, reader negative",
    "ai-read+": "AI negative, reader positive",
    "ai-read-": "AI negative, reader negative",
}
STATES = ("alert", "watch", "not_assessed", "ok")
SIGNALS = (
    Column("Signal", weight=1.1),
    Column("n", "number"),
    Column("Value", "number"),
    Column("Limit", "number"),
    Column("State", "state"),
    Column("What it says", weight=1.9),
)
ALERTS = (
    Column("Alert"),
    Column("Opened"),
    Column("Closed"),
    Column("State"),
    Column("Cause"),
    Column("Action", weight=2),
)
NOT_MONITORED = "No monitor has run for this version and period. Nothing is known about how it does in use."


def signals_of(dossier: Dossier) -> tuple[Signal, ...]:
    """Return the signals of the monitor JSON; none where no monitor ran."""
    return () if dossier.monitor is None else tuple(dossier.monitor["signals"])


def by_monitor(signals: Sequence[Signal]) -> dict[str, list[Signal]]:
    """Return signals by monitor, in the order of the contract's list, unknown monitors last."""
    known = [name for name in MONITORS if any(signal["monitor"] == name for signal in signals)]
    other = sorted({signal["monitor"] for signal in signals} - set(MONITORS))
    return {name: [signal for signal in signals if signal["monitor"] == name] for name in (*known, *other)}


def state_counts(signals: Sequence[Signal]) -> dict[str, int]:
    """Return how many signals have each state, the gravest first, zeros included."""
    return {state: sum(1 for signal in signals if signal["state"] == state) for state in STATES}


def signal_tables(signals: Sequence[Signal], state: str | None = None) -> tuple[Table, ...]:
    """Return one table per monitor, of the signals that have `state` (all where it is None)."""
    kept = [signal for signal in signals if state is None or signal["state"] == state]
    return tuple(_table(monitor, found) for monitor, found in by_monitor(kept).items())


def alert_table(monitor: Mapping[str, Any]) -> Table:
    """Return the alerts with their owner's action plan."""
    return Table("alerts", "Alerts", ALERTS, tuple(map(_alert, monitor["alerts"])), "No alert was raised.")


def by_scope(signals: Iterable[Signal]) -> dict[tuple[str, ...], list[Signal]]:
    """Return signals by code, version, mode and site: those that one picture may show together."""
    found: dict[tuple[str, ...], list[Signal]] = {}
    for signal in signals:
        key = (signal["code"], signal["version"], signal["mode"], signal["site"] or "")
        found.setdefault(key, []).append(signal)
    return dict(sorted(found.items()))


def scope_words(scope: tuple[str, ...]) -> str:
    """Return a scope in words, such as `SCN001, version 3, live, site general`."""
    code, version, mode, site = scope
    return f"{code}, version {version}, {mode}" + (f", site {site}" if site else "")


def subject_words(signal: Signal) -> str:
    """Return what a signal speaks of, such as `sex F, age band 65-79`; `all` where it has no subject."""
    parts = [f"{key.removeprefix('axis:').replace('_', ' ')} {value}" for key, value in signal["subject"].items()]
    return CELL_WORDS.get(signal["subject"].get("cell", ""), ", ".join(parts) or "all")


def title_of(signal: Signal) -> str:
    """Return the catalogue's title of a signal's code; the statistic's name for an unknown code."""
    known = CATALOGUE.get(signal["code"])
    return known.title if known else metric_words(signal["statistic"])


def _table(monitor: str, found: Sequence[Signal]) -> Table:
    rows = tuple(_row(signal) for signal in found)
    return Table(f"signals-{monitor}", f"{monitor.capitalize()} monitor", SIGNALS, rows)


def _row(signal: Signal) -> tuple[Cell, ...]:
    interval = signal["interval"] or (None, None)
    bounds = interval_text(*interval)
    return (
        Cell(title_of(signal), note=f"{signal['code']}, {_scope(signal)}"),
        Cell(count_text(signal["n"]), "number"),
        Cell(number_text(signal["value"]), "number", note="" if bounds == BLANK else bounds),
        Cell(number_text(signal["limit"]), "number"),
        state_cell(signal["state"], note=reason_words(signal["reason"])),
        Cell(signal["explains"], note=_behind(signal)),
    )


def _scope(signal: Signal) -> str:
    site = f", site {signal['site']}" if signal["site"] else ""
    return f"{subject_words(signal)}{site}, version {signal['version']}, {signal['mode']}"


def _behind(signal: Signal) -> str:
    """Return what stands behind a statistic: window, counts, test and assumption."""
    parts = [f"{signal['window']['start']} to {signal['window']['end']}"]
    named = (("n_positive", "positive"), ("n_patients", "patients"))
    parts += [f"{count_text(signal[key])} {words}" for key, words in named if signal[key] is not None]
    parts += [f"q {number_text(signal['q_value'])}"] if signal["q_value"] is not None else []
    parts += [f"assumes {signal['assumes']}"] if signal.get("assumes") else []
    return "; ".join(parts)


def _alert(alert: Mapping[str, Any]) -> tuple[Cell, ...]:
    cause = f"{alert['cause'].get('kind', 'unknown')}: {alert['cause'].get('who', BLANK)}"
    return (
        Cell(alert["code"], note=alert["id"]),
        Cell(alert["opened"]),
        Cell(alert["closed"] or BLANK),
        Cell(alert["state"]),
        Cell(cause, note=f"{count_text(alert['studies_affected'])} studies affected"),
        Cell(alert["action"]),
    )
