"""One table per monitor of the signals that have a value or a judgement; what rows repeat stands once, below."""

from collections.abc import Sequence

from dashboards.charts.signal_strip import tally
from dashboards.view.blocks import Block, Cell, Column, Details, Paragraph, Table, state_cell
from dashboards.view.numbers import BLANK, count_text, interval_text, number_text
from dashboards.view.signal_scope import Common, Shared, common_of, own_words, shared_sentences, shared_words
from dashboards.view.signals import Signal, by_monitor, is_silent, subject_words, title_of
from dashboards.view.unassessed import unassessed_blocks
from dashboards.view.words import reason_words

SIGNALS = (
    Column("Signal", weight=1.1),
    Column("n", "number"),
    Column("Value", "number"),
    Column("Limit", "number"),
    Column("State", "state"),
    Column("What it says", weight=2.2),
)
GRAVE = frozenset({"alert", "watch"})


def signal_blocks(signals: Sequence[Signal], state: str | None = None) -> tuple[Block, ...]:
    """Return the signals that have `state` (all where it is None): monitors to watch are open, the others folded."""
    kept = [signal for signal in signals if state is None or signal["state"] == state]
    common = common_of(signals)
    intro = (Paragraph(common.words(), "quiet"),) if kept and common.words() else ()
    spoken = [signal for signal in kept if not is_silent(signal)]
    monitors = (_monitor(name, found, common, filtered=state is not None) for name, found in by_monitor(spoken).items())
    return (*intro, *monitors, *unassessed_blocks(kept, common, watch=state is not None))


def signal_tables(signals: Sequence[Signal], common: Common | None = None) -> tuple[Table, ...]:
    """Return one table per monitor."""
    known = common or common_of(signals)
    return tuple(_table(monitor, found, known) for monitor, found in by_monitor(signals).items())


def _monitor(name: str, found: Sequence[Signal], common: Common, *, filtered: bool) -> Details:
    states = [signal["state"] for signal in found]
    notes = tuple(Paragraph(words, "small") for words in shared_words(shared_sentences(found)))
    watch = filtered or bool(GRAVE & set(states))
    return Details(f"{_caption(name)}: {tally(states)}", (*signal_tables(found, common), *notes), watch)


def _caption(monitor: str) -> str:
    return f"{monitor.capitalize()} monitor"


def _table(monitor: str, found: Sequence[Signal], common: Common) -> Table:
    shared = shared_sentences(found)
    rows = tuple(_row(signal, common, shared) for signal in found)
    return Table(f"signals-{monitor}", _caption(monitor), SIGNALS, rows)


def _row(signal: Signal, common: Common, shared: Shared) -> tuple[Cell, ...]:
    bounds = interval_text(*(signal["interval"] or (None, None)))
    subject = [subject_words(signal)] if signal["subject"] else []
    return (
        Cell(title_of(signal), note=", ".join([signal["code"], *subject, *common.apart(signal)])),
        Cell(count_text(signal["n"]), "number"),
        Cell(number_text(signal["value"]), "number", note="" if bounds == BLANK else bounds),
        Cell(number_text(signal["limit"]), "number"),
        state_cell(signal["state"], note=reason_words(signal["reason"])),
        Cell(own_words(signal, shared), note=_behind(signal)),
    )


def _behind(signal: Signal) -> str:
    """Return what stands behind a statistic: counts, test and assumption."""
    named = (("n_positive", "positive"), ("n_patients", "patients"))
    parts = [f"{count_text(signal[key])} {words}" for key, words in named if signal[key] is not None]
    tested = (("p_value", "p"), ("q_value", "q"), ("evidence", "evidence"))
    parts += [f"{words} {number_text(signal[key])}" for key, words in tested if signal.get(key) is not None]
    parts += [f"assumes {signal['assumes']}"] if signal.get("assumes") else []
    return "; ".join(parts)
