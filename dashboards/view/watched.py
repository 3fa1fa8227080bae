"""A model that was not trained here: what its vendor declares, where it is said to run, and what the monitors found."""

from dashboards.view.blocks import Block, Cell, Column, Document, Facts, Paragraph, Section, Table, state_cell
from dashboards.view.cover import SYNTHETIC_NOTE
from dashboards.view.evidence import checkpoint_section, reading_section
from dashboards.view.monitoring import monitor_overview
from dashboards.view.numbers import count_text, instant_words
from dashboards.view.signal_tables import signal_blocks
from dashboards.view.signals import signals_of
from registry.domain.dossier import Json, WatchedView

PLACES = (Column("Site"), Column("Version"), Column("State", "state"), Column("Since"), Column("Fallback", weight=2))
THEIRS = (
    "Overread holds no files of this model and runs none of it: what stands here is what its vendor declares, what "
    "people put on record, and what the monitors found in its results. It was not validated here."
)
NOBODYS = (
    "Results of this model come in and are monitored, but nobody put it on the inventory: "
    "`overread models register-external` does."
)
NAMES = {"regulatory_id": "Clearance or certificate", "udi": "UDI", "owner": "Owner here"}


def watched_document(view: WatchedView) -> Document:
    """Return the report on such a model; HTML and PDF draw the same blocks."""
    banner = (Paragraph(SYNTHETIC_NOTE, "synthetic"),) if view.synthetic else ()
    facts = (
        ("Model", Cell(view.name)),
        ("Target", Cell(view.target)),
        ("Period", Cell(f"{view.period[0]} to {view.period[1]}")),
        ("As of", Cell(instant_words(view.checkpoint.signed_at))),
        ("Identity", Cell(view.identity, "code")),
    )
    return Document(
        title=f"Watch report: {view.name}",
        subtitle=f"{view.target}, {view.period[0]} to {view.period[1]}",
        language="en",
        synthetic=view.synthetic,
        cover=(*banner, Facts(facts)),
        sections=(*watched_sections(view), checkpoint_section(view), reading_section()),
        footer=f"{view.name}, as of {instant_words(view.checkpoint.signed_at)}",
    )


def watched_sections(view: WatchedView) -> tuple[Section, ...]:
    """Return everything that is known about such a model."""
    return (
        Section("declared", "What is declared", _declared(view)),
        Section("deployments", "Deployments", (_places(view),)),
        Section("monitors", "Monitors", (*monitor_overview(view), *signal_blocks(signals_of(view)))),
    )


def _declared(view: WatchedView) -> tuple[Block, ...]:
    if not view.registered:
        return (Paragraph(NOBODYS, "warn"),)
    pairs = [(NAMES.get(name) or _words(name), Cell(value)) for name, value in view.declared.items()]
    signers = ", ".join(view.signed_by) or "nobody"
    return (Paragraph(THEIRS, "warn"), Facts((*pairs, ("Signed by", Cell(signers)))))


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _places(view: WatchedView) -> Table:
    rows = tuple(_place(one) for one in view.deployments)
    return Table("places", "Where it is said to run", PLACES, rows, "Nobody put on record that it runs anywhere.")


def _place(one: Json) -> tuple[Cell, ...]:
    since = Cell(instant_words(one["started_at"]), note=f"event {count_text(one['event_seq'])}")
    return (Cell(one["site"]), Cell(one["version"]), state_cell(one["state"]), since, Cell(one["fallback"]))
