"""The whole report as blocks."""

from dashboards.view.blocks import Document
from dashboards.view.changes import change_section
from dashboards.view.cohorts import cohort_section
from dashboards.view.cover import cover_blocks
from dashboards.view.deployment import deployment_section, signature_section
from dashboards.view.evidence import checkpoint_section, limits_section, reading_section
from dashboards.view.monitoring import monitoring_section
from dashboards.view.numbers import instant_words
from dashboards.view.validation import validation_section
from registry.domain.dossier import Dossier


def report_document(dossier: Dossier) -> Document:
    """Return the report on one model version; pages, HTML and PDF draw the same blocks."""
    return Document(
        title=f"Audit report: {dossier.model.name}",
        subtitle=f"{dossier.model.target}, {dossier.period[0]} to {dossier.period[1]}",
        language="en",
        synthetic=dossier.synthetic,
        cover=cover_blocks(dossier),
        sections=(
            limits_section(dossier),
            deployment_section(dossier),
            signature_section(dossier),
            cohort_section(dossier),
            validation_section(dossier),
            change_section(dossier),
            monitoring_section(dossier),
            checkpoint_section(dossier),
            reading_section(),
        ),
        footer=f"{dossier.model.name}, as of {instant_words(dossier.as_of)}",
    )
