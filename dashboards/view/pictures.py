"""Pictures of the subgroup and scanner monitors, from their signals."""

from collections.abc import Iterable, Sequence

from dashboards.charts.forest import ForestRow, forest_plot
from dashboards.charts.funnel import FunnelPoint, scanner_funnel
from dashboards.charts.theme import Frame, Theme
from dashboards.text import slug
from dashboards.view.blocks import Figure
from dashboards.view.funnel_limits import funnel_limits
from dashboards.view.numbers import count_text, interval_text, number_text
from dashboards.view.signals import Signal, by_scope, scope_words, subject_words, title_of
from dashboards.view.words import reason_words, state_words

MOST_ROWS = 40
FUNNEL_NOTE = (
    "The curves hold for independent units; each scanner is judged by its own limit, which counts units of one patient "
    "as alike."
)

SEQUENTIAL = "sequential"
FUNNELS = frozenset({"positive_rate", "sensitivity"})  # statistics that are shares of one scanner's units


def subgroup_figures(signals: Sequence[Signal], *, synthetic: bool) -> tuple[Figure, ...]:
    """Return one forest plot per statistic of the subgroup monitor with a value; rows without one are shown in it."""
    scopes = by_scope(_with_subject(signals, "subgroup"))
    drawn = {scope: rows for scope, rows in scopes.items() if not _all_blank(rows)}
    return tuple(_subgroup(scope, rows[:MOST_ROWS], synthetic=synthetic) for scope, rows in drawn.items())


def undrawn_subgroups(signals: Sequence[Signal]) -> tuple[str, ...]:
    """Return a line for each statistic of the subgroup monitor that has no value in any group."""
    scopes = by_scope(_with_subject(signals, "subgroup"))
    alone = len({scope[1:] for scope in scopes}) == 1
    blank = {scope: rows for scope, rows in scopes.items() if _all_blank(rows)}
    return tuple(_undrawn(scope[0] if alone else scope_words(scope), rows) for scope, rows in blank.items())


def funnel_figures(signals: Sequence[Signal], *, synthetic: bool) -> tuple[Figure, ...]:
    """Return one funnel per statistic of the scanner monitor that has a value on at least one scanner."""
    shares = [signal for signal in _with_subject(signals, "scanner") if signal["statistic"] in FUNNELS]
    found = [signal for signal in shares if signal["value"] is not None and signal["n"]]
    return tuple(_funnel(scope, rows, synthetic=synthetic) for scope, rows in by_scope(found).items())


def _all_blank(found: Sequence[Signal]) -> bool:
    return all(signal["value"] is None for signal in found)


def _undrawn(words: str, found: Sequence[Signal]) -> str:
    reasons = dict.fromkeys(reason_words(signal["reason"]) for signal in found)
    named = [
        f"{', '.join(subject_words(signal) for signal in found if reason_words(signal['reason']) == reason)} "
        f"not assessed{f': {reason}' if reason else ''}"
        for reason in reasons
    ]
    return f"{title_of(found[0])} ({words}): {'; '.join(named)}."


def _with_subject(signals: Iterable[Signal], monitor: str) -> list[Signal]:
    """Return a monitor's signals of subjects; the sequential watch's limit is one of evidence, not of its estimate."""
    found = (signal for signal in signals if signal["statistic"] != SEQUENTIAL)
    return [signal for signal in found if signal["monitor"] == monitor and signal["subject"]]


def _subgroup(scope: tuple[str, ...], found: Sequence[Signal], *, synthetic: bool) -> Figure:
    rows = [_forest_row(signal) for signal in found]
    title = title_of(found[0])
    said = "; ".join(f"{row.label}: {row.value_text}, {state_words(row.state)}" for row in rows)
    alternative = f"Forest plot, {title}. {said}."
    key = slug(f"subgroup-{'-'.join(scope)}")

    def draw(theme: Theme) -> str:
        return forest_plot(rows, Frame(key, title, alternative, theme, synthetic))

    return Figure(key, f"{title} ({scope_words(scope)})", alternative, draw)


def _forest_row(signal: Signal) -> ForestRow:
    low, high = signal["interval"] or (None, None)
    return ForestRow(
        subject_words(signal),
        signal["value"],
        low,
        high,
        signal["limit"],
        signal["state"],
        f"{number_text(signal['value'])} ({interval_text(low, high)})",
        count_text(signal["n"]),
        reason_words(signal["reason"]),
    )


def _funnel_point(signal: Signal) -> FunnelPoint:
    return FunnelPoint(subject_words(signal), signal["n"], signal["value"], signal["state"], signal["limit"])


def _funnel(scope: tuple[str, ...], found: Sequence[Signal], *, synthetic: bool) -> Figure:
    points = [_funnel_point(signal) for signal in found]
    centre = sum(point.n * point.rate for point in points) / sum(point.n for point in points)
    limits = funnel_limits(centre, max(point.n for point in points))
    said = "; ".join(f"{p.label}: {number_text(p.rate)} of {count_text(p.n)}, {state_words(p.state)}" for p in points)
    alternative = f"Funnel plot around {number_text(centre)}. {said}."
    key, title = slug(f"funnel-{'-'.join(scope)}"), title_of(found[0])

    def draw(theme: Theme) -> str:
        return scanner_funnel(points, centre, limits, Frame(key, title, alternative, theme, synthetic))

    return Figure(key, f"{title} ({scope_words(scope)}). {FUNNEL_NOTE}", alternative, draw)
