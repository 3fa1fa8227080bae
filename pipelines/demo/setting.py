"""Where the demo plays: its sites, what goes wrong in its year, and the plans that are signed before."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from pipelines.simulation.hospital import (
    Examination,
    Failure,
    SimulatedHospital,
    SimulatedSite,
    standard_hospital,
    with_contrast,
)

EXAMINATION = Examination.HEAD_MR
MODEL = EXAMINATION.value
HOME, EXTERNAL, SHADOW, ELSEWHERE = "general", "riverside", "hillcrest", "harbour"
SITES = (HOME, EXTERNAL, SHADOW)
STUDIES = {HOME: 420.0, EXTERNAL: 120.0, SHADOW: 24.0}  # with pixels
RETRAINING_STUDIES = 160
SLICES = 4
CONSPICUOUS = 1.9  # factor on the tumours' contrast: the story needs a model that is good enough to approve
EPOCHS = 30
DAYS = 365
BUSY = {EXTERNAL: (60.0, 0.16)}  # studies a day and prevalence where the standard hospital has fewer
SAMPLING = 0.5  # of the studies that the model does not flag, verified
LEAD_DAYS = 14  # from the first studies taken in to the first day of operation

PROTOCOL: dict[str, Any] = {
    "name": "demo",
    "criteria": ["auc>=0.70", "sensitivity>=0.65", "specificity>=0.35"],
    "rationale": "The model marks studies for an early read: a miss costs more than a false mark.",
    "endpoints": ["area under the ROC curve", "sensitivity and specificity at the operating point"],
}
UPGRADE_DAY, DECLINE_DAY, ACCEPTS_DAY = 150, 130, 220
LEFT = 0.4  # of the sensitivity in the group that degrades


def hospital(seed: int) -> SimulatedHospital:
    """Return the three sites of the story."""
    standard = standard_hospital(EXAMINATION, seed=seed)
    kept = (site for site in standard.sites if site.site in SITES)
    return replace(standard, sites=tuple(_busy(site) for site in kept))


def _busy(site: SimulatedSite) -> SimulatedSite:
    per_day, prevalence = BUSY.get(site.site, (site.studies_per_day, site.prevalence))
    return replace(site, studies_per_day=per_day, prevalence=prevalence)


def drawn_hospital(seed: int) -> SimulatedHospital:
    """Return the same sites with as many studies each as are drawn with pixels, their tumours easy to see."""
    found = with_contrast(hospital(seed), CONSPICUOUS)
    return replace(found, sites=tuple(replace(site, studies_per_day=STUDIES[site.site]) for site in found.sites))


def upgraded_hospital(seed: int) -> SimulatedHospital:
    """Return a site that has run the new software for a while, on a scanner like the home site's first one."""
    there = site_of(standard_hospital(EXAMINATION, seed=seed), ELSEWHERE)
    own, like = there.scanners[0], site_of(drawn_hospital(seed), HOME).scanners[0]
    look = replace(like.look, noise=like.look.noise * 1.4, blur=like.look.blur * 1.3)
    changed = replace(like, serial=own.serial, station=own.station, look=look, software=f"{like.software} SP2")
    return SimulatedHospital(EXAMINATION, (replace(there, scanners=(changed,)),), seed + 1)


def site_of(found: SimulatedHospital, name: str) -> SimulatedSite:
    """Return a site by name."""
    return next(site for site in found.sites if site.site == name)


def failures(seed: int, first: date) -> tuple[Failure, ...]:
    """Return what goes wrong: an upgrade and a reader at the home site, a group at the external one; one site is well.

    Args:
        seed: of the hospital.
        first: first day of operation.
    """
    home = site_of(hospital(seed), HOME)

    def day(number: int) -> str:
        return (first + timedelta(days=number)).isoformat()

    return (
        Failure("scanner-upgrade", day(UPGRADE_DAY), HOME, home.scanners[0].serial),
        Failure("subgroup-decline", day(DECLINE_DAY), EXTERNAL, "sex=F", LEFT),
        Failure("reader-accepts", day(ACCEPTS_DAY), HOME, home.readers[1].reader),
    )


def labels_map(established_at: str) -> str:
    """Return the map that reads the drawn studies' labels, one outcome a study."""
    return f"""\
[columns]
unit_uid = "study"
study_uid = "study"
truth = "lesion"

[constants]
target = "{MODEL}"
unit = "study"
source = "consensus"
established_at = "{established_at}"

[values.truth]
"1" = true
"0" = false
"""


def change_plan(version: str, test_cohort: str) -> dict[str, Any]:
    """Return the change plan: retraining on newer studies, compared on a cohort that is frozen before."""
    return {
        "model": MODEL,
        "number": 1,
        "title": "retraining after a change of scanner",
        "intended_use": "marks head MR studies that may show a tumour, for an early read",
        "description_of_modifications": [
            {
                "id": "retrain",
                "what": "the weights are fitted anew, with studies of the changed scanner; network and input stay",
                "rationale": "scanners are upgraded; the model must follow",
                "implementation_mode": "manual",
                "roll_out": "global",
                "frequency": "after an alert, at most once a quarter",
                "expected_effect": "sensitivity on the changed scanner comes back, elsewhere it does not fall",
                "within_intended_use": True,
                "covers": {
                    "training_studies": ["*"],
                    "sites": [ELSEWHERE],
                    "scanners": ["*"],
                    "scanner_software": ["*"],
                },
            }
        ],
        "modification_protocol": {
            "retrain": {
                "data_management": "studies of the site until the alert, labels by consensus, disjoint by patient",
                "retraining": "same recipe; stop on the tune cohort",
                "performance_evaluation": f"compared on {test_cohort} under this plan",
                "update_procedure": "shadow, then pilot, then live; the version before stays deployable",
            }
        },
        "impact_assessment": {
            "cumulative": "the margin to the original version bounds what all changes together may lose",
            "retrain": {
                "benefit": "fewer misses on the changed scanner",
                "risk": "a loss in a small group of patients",
                "mitigation": "N/A: groups are watched by the monitors",
            },
        },
        "acceptance": {
            "test_cohort": test_cohort,
            "original_version": version,
            "alpha": 0.025,
            "looks": 2,
            "criteria": [{"metric": "auc", "margin_to_original": 0.1, "margin_to_deployed": 0.1}],
        },
    }
