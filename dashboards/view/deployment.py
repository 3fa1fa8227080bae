"""Deployments and signatures: who decided what, when, with which meaning, and what was refused."""

from dashboards.view.blocks import Block, Cell, Column, Columns, Facts, Paragraph, Section, Table, state_cell
from dashboards.view.numbers import BLANK, count_text, instant_words, number_text
from dashboards.view.words import criterion_words
from registry.domain.dossier import Dossier, Json, SignatureView
from registry.domain.model import Deployment, ModelVersion
from registry.domain.score_grid import CELLS
from registry.domain.stratum import Suspension

OPERATING = (
    Column("Site"),
    Column("Threshold", "number"),
    Column("Rule", weight=1.6),
    Column("Chosen on tune cohort", "code", 1.6),
)
DEPLOYED = (Column("Site"), Column("Mode"), Column("State", "state"), Column("Since"), Column("Ledger event", "number"))
REFUSED = (Column("When"), Column("Decision"), Column("Person"), Column("Outcome", "state"), Column("Why", weight=2.5))
STRATA = (
    Column("Site"),
    Column("Axis"),
    Column("Value", "code", 1.6),
    Column("State", "state"),
    Column("Suspended from"),
    Column("Until"),
    Column("Fallback", weight=1.6),
)
APART = (
    "Results in a suspended stratum are still computed and kept, marked as outside the validated envelope. Monitors "
    "count them apart (COV002) and leave them out of every signal of scores and truths while it is in force."
)
MANIFESTATION = (
    "Each signature is shown with the printed name of the signer, the time in UTC, and its meaning. The digest names "
    "the exact statement that was signed."
)


def deployment_section(dossier: Dossier) -> Section:
    """Return the deployments with the operating points that they use, and the strata that are suspended."""
    return Section("deployment", "Deployment", (_tables(dossier), *_strata(dossier)))


def _tables(dossier: Dossier) -> Columns:
    return Columns((deployments_table(dossier),), (_operating_points(dossier.model),), halves=True)


def signature_section(dossier: Dossier) -> Section:
    """Return every signature with its three manifestations (21 CFR 11.50), and the refused decisions."""
    signed: tuple[Block, ...] = tuple(signature_facts(signature) for signature in dossier.signatures)
    if not signed:
        signed = (Paragraph("Nobody has signed anything about this version.", "warn"),)
    refusals = _refused(dossier.refused_decisions)
    return Section("signatures", "Signatures and decisions", (Paragraph(MANIFESTATION, "quiet"), *signed, refusals))


def deployments_table(dossier: Dossier) -> Table:
    """Return one row per deployment, in the order of the ledger."""
    rows = tuple(_deployment(found) for found in sorted(dossier.deployments, key=lambda found: found.event_seq))
    return Table("deployments", "Deployments of this version", DEPLOYED, rows, "This version is deployed nowhere.")


def signature_facts(signature: SignatureView) -> Facts:
    """Return one signature as labelled facts."""
    return Facts(
        (
            ("Signed by", Cell(signature.printed_name)),
            ("Role", Cell(signature.role)),
            *((("Acting for", Cell(signature.acting_for)),) if signature.acting_for else ()),
            ("Meaning", Cell(signature.meaning)),
            *((("Reason", Cell(signature.reason)),) if signature.reason else ()),
            ("Signed at", Cell(instant_words(signature.signed_at))),
            ("Ledger event", Cell(count_text(signature.event_seq), "number")),
            ("Statement", Cell(signature.statement_digest, "code")),
            ("Key", Cell(signature.key_id, "code")),
            *((("Authenticated by", Cell(signature.proof)),) if signature.proof else ()),
        ),
        f"{signature.meaning.partition(':')[0].capitalize()} by {signature.printed_name}",
    )


def _deployment(found: Deployment) -> tuple[Cell, ...]:
    return (
        Cell(found.site),
        Cell(found.mode),
        state_cell(found.state),
        Cell(instant_words(found.started_at)),
        Cell(count_text(found.event_seq), "number"),
    )


def _strata(dossier: Dossier) -> tuple[Block, ...]:
    """Return the strata that are or were suspended; nothing where none was."""
    rows = tuple(_stratum(found) for found in dossier.suspensions)
    if not rows:
        return ()
    return (Table("strata", "Strata of the envelope that were suspended", STRATA, rows), Paragraph(APART, "quiet"))


def _stratum(found: Suspension) -> tuple[Cell, ...]:
    return (
        Cell(found.site),
        Cell(found.stratum.axis.replace("_", " ")),
        Cell(found.stratum.value, "code"),
        state_cell(found.state),
        Cell(instant_words(found.since)),
        Cell(instant_words(found.until) if found.until else BLANK),
        Cell(found.fallback),
    )


def _operating_points(version: ModelVersion) -> Table:
    rows = tuple(
        (
            Cell("all sites" if point.site == "*" else point.site),
            Cell(number_text(point.k / CELLS), "number", note=f"{point.k}/{CELLS}"),
            Cell(criterion_words(point.rule)),
            Cell(point.tune_cohort, "code"),
        )
        for point in version.operating_points
    )
    return Table("operating-points", "Operating points of the release", OPERATING, rows)


def _refused(decisions: tuple[Json, ...]) -> Table:
    return Table("refused-decisions", "Decisions that were refused", REFUSED, tuple(map(_refusal, decisions)))


def _refusal(decision: Json) -> tuple[Cell, ...]:
    words = {key: str(decision.get(key) or BLANK) for key in ("at", "act", "person", "why")}
    why = words["why"] if words["why"] != BLANK else str(decision.get("reason") or BLANK)
    when = instant_words(words["at"])
    return (Cell(when), Cell(words["act"]), Cell(words["person"]), state_cell("refused"), Cell(why))
