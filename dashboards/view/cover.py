"""The head of the report: which version, which period, as of when, in which state, on which ledger."""

from dashboards.view.blocks import Block, Cell, Facts, Paragraph, state_cell
from dashboards.view.numbers import count_text, instant_words
from dashboards.view.record import canonical_record
from registry.domain.digest import digest_value
from registry.domain.dossier import Dossier

SYNTHETIC_NOTE = (
    "Synthetic data. Some or all of the observations behind this report were simulated. "
    "They say nothing about the care of patients."
)


def cover_blocks(dossier: Dossier) -> tuple[Block, ...]:
    """Return the facts that stand on the cover, with the synthetic banner where it applies."""
    banner = (Paragraph(SYNTHETIC_NOTE, "synthetic"),) if dossier.synthetic else ()
    return (*banner, Facts(_version_facts(dossier)), record_facts(dossier))


def record_digest(dossier: Dossier) -> str:
    """Return the digest of the whole dossier as it is attached: one value that names what this report shows."""
    return digest_value(canonical_record(dossier))


def _version_facts(dossier: Dossier) -> tuple[tuple[str, Cell], ...]:
    version = dossier.model
    return (
        ("Model version", Cell(version.name)),
        ("Target", Cell(version.target)),
        ("State", state_cell(version.state.value)),
        ("Period", Cell(f"{dossier.period[0]} to {dossier.period[1]}")),
        ("As of", Cell(instant_words(dossier.as_of))),
        ("Data", state_cell("synthetic", "synthetic") if dossier.synthetic else Cell("observed")),
        ("Registered", Cell(instant_words(version.registered_at))),
        ("Trained by", Cell(version.trained_by)),
    )


def record_facts(dossier: Dossier) -> Facts:
    """Return which record, artifact, ledger and software this is."""
    pairs = (
        ("Ledger", Cell(dossier.checkpoint.origin, note=f"{count_text(dossier.checkpoint.size)} events")),
        ("Software", Cell(f"overread {dossier.code_version}")),
        ("Model artifact", Cell(dossier.model.artifact_digest, "code")),
        ("This record", Cell(record_digest(dossier), "code")),
        ("Ledger root", Cell(dossier.checkpoint.root, "code")),
    )
    return Facts(pairs, "Record")
