"""Signals without a value: each reason once with all signals that it holds for, so that none is hidden or repeated."""

from collections.abc import Sequence

from dashboards.view.blocks import Block, Cell, Column, Details, Paragraph, Table, state_cell
from dashboards.view.numbers import count_text, number_text
from dashboards.view.signal_scope import Common
from dashboards.view.signals import Signal, is_silent, subject_words, title_of
from dashboards.view.words import reason_words

REASONS = (
    Column("Why", weight=1.2),
    Column("n", "number"),
    Column("State", "state"),
    Column("Signals", weight=2.2),
)
TITLE = "Signals without a value"
SEQUENTIAL = "sequential"


def unassessed_blocks(signals: Sequence[Signal], common: Common, *, watch: bool) -> tuple[Block, ...]:
    """Return the sequential watches that were not run in one sentence, and the other signals by their reason."""
    silent = [signal for signal in signals if is_silent(signal)]
    resting = [signal for signal in silent if _rests(signal)]
    other = [signal for signal in silent if not _rests(signal)]
    said = (Paragraph(sequential_words(resting), "warn"),) if resting else ()
    if not other:
        return said
    summary = f"{TITLE}: {len(other)} not assessed"
    return (*said, Details(summary, (reason_table(other, common),), watch))


def sequential_words(signals: Sequence[Signal]) -> str:
    """Return one sentence about the sequential watches that were not run."""
    families = ", ".join(f"{signal['monitor']} ({signal['code']})" for signal in signals)
    return f"Sequential watch: not run for {families}: no alert can be raised by them."


def reason_table(signals: Sequence[Signal], common: Common) -> Table:
    """Return one row for each reason, count and place, with the signals that have them."""
    groups: dict[tuple[str, ...], list[Signal]] = {}
    for signal in signals:
        groups.setdefault(_reason_key(signal, common), []).append(signal)
    return Table("signals-unassessed", TITLE, REASONS, tuple(_row(key, found) for key, found in groups.items()))


def why_words(signal: Signal) -> str:
    """Return why a signal was not assessed: what it says, without its title."""
    says: str = signal["explains"]
    title = f"{title_of(signal)}: not assessed ("
    if not says.startswith(title):
        return says
    rest = says.removeprefix(title).removesuffix(").")
    return f"{rest[:1].upper()}{rest[1:]}."


def _rests(signal: Signal) -> bool:
    return bool(signal["statistic"] == SEQUENTIAL and signal["reason"] == "not_run")


def _reason_key(signal: Signal, common: Common) -> tuple[str, ...]:
    counts = (("n_positive", "positive"), ("n_patients", "patients"))
    behind = [f"{count_text(signal[key])} {words}" for key, words in counts if signal[key]]
    behind += [f"limit {number_text(signal['limit'])}"] if signal["limit"] is not None else []
    behind += [f"assumes {signal['assumes']}"] if signal.get("assumes") else []
    note = "; ".join([*common.apart(signal), *behind])
    return (why_words(signal), note, count_text(signal["n"]), signal["reason"] or "")


def _row(key: tuple[str, ...], signals: Sequence[Signal]) -> tuple[Cell, ...]:
    why, note, n, reason = key
    state = state_cell("not_assessed", note=reason_words(reason))
    return (Cell(why, note=note), Cell(n, "number"), state, _named(signals))


def _named(signals: Sequence[Signal]) -> Cell:
    """Return signals by code with their subjects, such as `AUC of a group (SUB003: sex F, sex M)`."""
    codes = dict.fromkeys((signal["code"], title_of(signal)) for signal in signals)
    return Cell("; ".join(f"{title} ({code}{_subjects(signals, code)})" for code, title in codes))


def _subjects(signals: Sequence[Signal], code: str) -> str:
    found = [subject_words(signal) for signal in signals if signal["code"] == code and signal["subject"]]
    return f": {', '.join(found)}" if found else ""
