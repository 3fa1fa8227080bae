"""The limits of the evidence, the ledger's checkpoint, and how to read the report."""

from dashboards.view.blocks import Block, Cell, Facts, Heading, Listing, Paragraph, Section, Verbatim, state_cell
from dashboards.view.numbers import count_text, instant_words
from dashboards.view.words import MEANINGS
from registry.domain.dossier import Dossier, WatchedView

LEDGER_VERDICTS = frozenset({"verified", "unanchored", "broken"})
NO_LIMITS = "The record names no limit of the evidence. That the record names none does not show that there is none."
READING = (
    "Every number is printed with three decimals (three significant digits below 0.1) and equals, when rounded, the "
    "number in the attached metrics.json. An interval is at 95 % unless stated. A dash means that there is no value; "
    "it does not mean zero. Characters for which this report has no glyph are printed as code points, such as "
    "[U+4E2D]; the attachment holds the exact text."
)


def limits_section(dossier: Dossier) -> Section:
    """Return what the evidence does not show, in plain sentences; never empty by silence."""
    block: Block = Listing(dossier.limits) if dossier.limits else Paragraph(NO_LIMITS, "warn")
    return Section("limits", "Limits of the evidence", (block,))


def checkpoint_section(dossier: Dossier | WatchedView) -> Section:
    """Return where the ledger stood, with the signed note in full."""
    point = dossier.checkpoint
    facts = Facts(
        (
            ("Verification", _verdict(dossier.ledger_verdict)),
            ("Origin", Cell(point.origin)),
            ("Events", Cell(count_text(point.size), "number")),
            ("Signed at", Cell(instant_words(point.signed_at))),
            ("Root", Cell(point.root, "code")),
        )
    )
    note = Verbatim("Signed note of the ledger", tuple(point.note.splitlines()))
    return Section("ledger", "Ledger checkpoint", (facts, note))


def reading_section() -> Section:
    """Return how to read the report: the words of verdicts, and the numbers."""
    words = Facts(tuple((state.replace("_", " "), Cell(meaning)) for state, meaning in MEANINGS), stacked=True)
    return Section("reading", "How to read this report", (Paragraph(READING), Heading("words", "Words"), words))


def _verdict(words: str) -> Cell:
    first, _, rest = words.partition(":")
    state = first.strip().lower()
    return state_cell(state, note=rest.strip()) if state in LEDGER_VERDICTS else Cell(words)
