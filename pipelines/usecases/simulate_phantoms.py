"""Write a synthetic DICOM set for two sites, with the truth of every slice."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from registry.domain.errors import UsageError
from registry.domain.ports import Progress

SITES = ("general", "riverside")
SLICES = 12


@dataclass(frozen=True)
class PhantomReport:
    """What was written."""

    folder: Path
    manifest: Path
    sites: tuple[str, ...]
    patients: int
    images: int
    seed: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        places = {"folder": str(self.folder), "manifest": str(self.manifest), "sites": list(self.sites)}
        return places | {"patients": self.patients, "images": self.images, "seed": self.seed, "synthetic": True}

    def lines(self) -> list[str]:
        """Say what was written and where."""
        return [
            f"{self.images} synthetic slices of {self.patients} invented patients, seed {self.seed}",
            *(f"  {self.folder / site}" for site in self.sites),
            f"  {self.manifest}   the truth of every slice",
        ]


def simulate_phantoms(folder: Path, *, seed: int, patients: int, until: str, progress: Progress) -> PhantomReport:
    """Write synthetic MR studies of a limb, some slices with a lesion, for two sites.

    Args:
        folder: a new or empty folder.
        seed: source of all randomness; the same seed gives the same bytes.
        patients: patients a site.
        until: last acquisition day, `YYYY-MM-DD`.
        progress: advances once a patient.

    Raises:
        UsageError: when the folder holds something, or an argument is no number of patients or no date.
    """
    from pipelines.simulation.phantom import write_phantoms  # noqa: PLC0415 - lazy: scipy is slow to import
    from pipelines.simulation.phantom_scanners import phantom_sites  # noqa: PLC0415 - lazy

    day, sites = _day(until), phantom_sites(SITES)
    manifest = write_phantoms(
        folder, seed=seed, sites=sites, patients_per_site=patients, slices=SLICES, until=day, progress=progress
    )
    return PhantomReport(folder, manifest, SITES, patients * len(SITES), patients * len(SITES) * SLICES, seed)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError("--until is no date", mend="write it as 2026-06-30") from error
