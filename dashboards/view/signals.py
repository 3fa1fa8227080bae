"""Signals of the monitor JSON: how they are grouped, counted and named."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dashboards.view.blocks import Cell, Column, Table, state_cell
from dashboards.view.numbers import BLANK, count_text
from dashboards.view.words import metric_words
from monitors.catalogue import CATALOGUE
from registry.domain.dossier import Monitored, StoredAlert
from registry.domain.signal import MONITORS

Signal = Mapping[str, Any]

CELL_WORDS: Mapping[str, str] = {
    "ai+read+": "AI positive, reader positive",
    "ai+read-": "AI positive, reader negative",
    "ai-read+": "AI negative, reader positive",
    "ai-read-": "AI negative, reader negative",
}
STATES = ("alert", "watch", "not_assessed", "ok")
ALERTS = (
    Column("Alert"),
    Column("Opened"),
    Column("Since", weight=1.3),
    Column("State", "state"),
    Column("Cause", weight=1.2),
    Column("Action", weight=2),
)
NOT_MONITORED = "No monitor has run for this version and period. Nothing is known about how it does in use."


def signals_of(dossier: Monitored) -> tuple[Signal, ...]:
    """Return the signals of the monitor JSON; none where no monitor ran."""
    return () if dossier.monitor is None else tuple(dossier.monitor["signals"])


def by_monitor(signals: Sequence[Signal]) -> dict[str, list[Signal]]:
    """Return signals by monitor, in the order of the contract's list, unknown monitors last."""
    known = [name for name in MONITORS if any(signal["monitor"] == name for signal in signals)]
    other = sorted({signal["monitor"] for signal in signals} - set(MONITORS))
    return {name: [signal for signal in signals if signal["monitor"] == name] for name in (*known, *other)}


def by_scope(signals: Iterable[Signal]) -> dict[tuple[str, ...], list[Signal]]:
    """Return signals by code, version, mode and site: those that one picture may show together."""
    found: dict[tuple[str, ...], list[Signal]] = {}
    for signal in signals:
        key = (signal["code"], signal["version"], signal["mode"], signal["site"] or "")
        found.setdefault(key, []).append(signal)
    return dict(sorted(found.items()))


def state_counts(signals: Sequence[Signal]) -> dict[str, int]:
    """Return how many signals have each state, the gravest first, zeros included."""
    return {state: sum(1 for signal in signals if signal["state"] == state) for state in STATES}


def is_silent(signal: Signal) -> bool:
    """Say whether a signal has neither a judgement nor a value, so that only its reason can be shown."""
    numbers = (signal[name] for name in ("value", "interval", "p_value", "q_value", "evidence"))
    return signal["state"] == "not_assessed" and all(number is None for number in numbers)


def scope_words(scope: tuple[str, ...]) -> str:
    """Return a scope in words, such as `SCN001, version 3, live, site general`."""
    code, version, mode, site = scope
    return f"{code}, version {version}, {mode}" + (f", site {site}" if site else "")


def subject_words(signal: Signal) -> str:
    """Return what a signal speaks of, such as `sex F, age band 65-79`; `all` where it has no subject."""
    parts = [_part_words(key, value) for key, value in signal["subject"].items()]
    return CELL_WORDS.get(signal["subject"].get("cell", ""), ", ".join(parts) or "all")


def _part_words(key: str, value: str) -> str:
    """Return one part of a subject: a measure by its name alone, anything else after what it is."""
    return value.replace("_", " ") if key == "measure" else f"{key.removeprefix('axis:').replace('_', ' ')} {value}"


def title_of(signal: Signal) -> str:
    """Return the catalogue's title of a signal's code; the statistic's name for an unknown code."""
    known = CATALOGUE.get(signal["code"])
    return known.title if known else metric_words(signal["statistic"])


def alert_table(monitor: Mapping[str, Any], stored: Sequence[StoredAlert] = ()) -> Table:
    """Return the alerts: cause, change-point, studies affected, action, state, and who took them up.

    Args:
        monitor: the monitor JSON, whose alerts are those of its day.
        stored: the alerts on record, which know what persons decided since.
    """
    known = {alert.record["id"]: alert for alert in stored}
    rows = tuple(_alert(alert, known.get(alert["id"])) for alert in monitor["alerts"])
    return Table("alerts", "Alerts", ALERTS, rows, "No alert was raised.")


def _alert(alert: Mapping[str, Any], stored: StoredAlert | None) -> tuple[Cell, ...]:
    cause = f"{alert['cause'].get('kind', 'unknown')}: {alert['cause'].get('who', BLANK)}"
    site = alert.get("site") or "all sites"
    cause += "" if site == alert["cause"].get("who") else f", at {site}"
    state, closed = (alert["state"], alert["closed"])
    if stored is not None and stored.record["state"] in ("acknowledged", "resolved"):
        state, closed = stored.record["state"], stored.record["closed"] or closed
    low, high = alert["since"]["interval"]
    return (
        Cell(alert["code"], note=alert["id"]),
        Cell(alert["opened"], note=f"closed {closed}" if closed else ""),
        Cell(alert["since"]["estimate"], note=f"between {low} and {high}"),
        state_cell(state, note=_by(stored)),
        Cell(cause, note=f"{count_text(alert['studies_affected'])} studies affected"),
        Cell(alert["action"]),
    )


def _by(stored: StoredAlert | None) -> str:
    """Return who acknowledged and who resolved an alert."""
    if stored is None:
        return ""
    named = (("acknowledged by", stored.acknowledged_by), ("resolved by", stored.resolved_by))
    return "; ".join(f"{words} {who}" for words, who in named if who)
