"""Score studies through the serving gate and put every prediction on record, the failed ones too."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.domain.lifecycle import DeploymentState
from registry.domain.ports import Progress
from registry.domain.vocabulary import Mode

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace
    from pipelines.usecases.images_to_score import UnitToScore
    from pipelines.usecases.prediction_rows import Serving
    from registry.gate import Admission

_TOGETHER = 16  # units scored in one go


@dataclass(frozen=True)
class PredictReport:
    """What became of the units of some paths.

    Attributes:
        model, version, site, deployment: what served.
        modes: predictions by mode.
        scored: units with a score.
        positive: those at or above the threshold; None in shadow, where no result leaves the record (VAL-03).
        failed_units: units on record as failed, with the reason.
        unreadable: files that claim to be images and of which not even the header can be used.
        synthetic: whether a prediction speaks of synthetic images.
    """

    model: str
    version: str
    site: str
    deployment: str
    modes: Mapping[str, int]
    scored: int
    positive: int | None
    failed_units: int
    unreadable: int
    synthetic: bool

    @property
    def failed(self) -> int:
        """Units and files that were not scored."""
        return self.failed_units + self.unreadable

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self)) | {"modes": dict(self.modes), "failed": self.failed}

    def lines(self) -> list[str]:
        """Say it in a few lines."""
        modes = ", ".join(f"{n} {mode}" for mode, n in self.modes.items())
        mark = " on synthetic data" if self.synthetic else ""
        positive = "results withheld in shadow" if self.positive is None else f"{self.positive} positive"
        said = [f"{self.model}@{self.version} at {self.site}: {self.scored} scored{mark}, {positive}"]
        said += [f"  predictions: {modes}"] if modes else []
        if self.failed:
            said.append(f"  not scored: {self.failed_units} on record as failed, {self.unreadable} unreadable files")
        return said


def predict(
    workspace: "Workspace",
    model: str,
    version: str | None,
    paths: Sequence[Path],
    site: str,
    *,
    mode: Mode | None = None,
    again: bool = True,
    progress: Progress,
) -> PredictReport:
    """Admit the version, take the files in, score every unit, append the predictions.

    Args:
        workspace: where the deployment is and the predictions go.
        model: the model's name.
        version: its version; the one that runs at the site unless given.
        paths: folders, DICOM files, zip archives, DICOMDIRs.
        site: where the version is deployed and the studies were acquired.
        mode: how the predictions count; the deployment's mode, for studies older than 30 days retrospective.
        again: whether units are scored that the version has on record in the same mode; such a rerun is counted only.
        progress: advances by files and units.

    Raises:
        UnknownNameError: for an unknown version.
        UsageError: when the model is a third party's, which Overread does not run.
        NotAllowedError: when the version is not deployed at the site, is stopped, or not in the mode.
        ArtifactChangedError, SignatureBrokenError, LedgerBrokenError: as the serving gate finds.
        UnreadableFileError: when a path does not exist.
        InputRefusedError: when no file is DICOM.
        ContractBrokenError: when the predictions break their table's contract; none is stored.
    """
    from pipelines.usecases.prediction_rows import Serving  # noqa: PLC0415 - lazy: pydicom is slow to import
    from pipelines.usecases.store_predictions import store_predictions  # noqa: PLC0415 - lazy
    from registry.external_models import require_own  # noqa: PLC0415 - lazy

    require_own(workspace.lifecycle.record, model)
    with workspace.gate.admit(model, version, site, workspace.actor) as admission:
        serving = Serving.of(admission.deployment, admission.version, mode)
        units, unreadable = _take_in(workspace, admission, paths, progress)
        units = units if again else _unscored(workspace, serving, units)
        rows = list(_rows(workspace, serving, admission.folder, units, progress))
    synthetic = store_predictions(workspace, rows)
    return _report(serving, rows, unreadable, synthetic=synthetic)


def _take_in(
    workspace: "Workspace", admission: "Admission", paths: Sequence[Path], progress: Progress
) -> tuple[list["UnitToScore"], int]:
    """Take the files in, and return the units of what they hold with the number of unreadable files."""
    from pipelines.usecases.images_to_score import find_images, units_of  # noqa: PLC0415 - lazy
    from pipelines.usecases.ingest_dicom import ingest_dicom  # noqa: PLC0415 - lazy: pydicom is slow to import

    site = admission.deployment.site
    ingest_dicom(workspace, paths, site, progress=progress)
    found = find_images(workspace, paths, site, progress)
    return units_of(workspace, admission.version.target, found.images), found.unreadable


def _unscored(workspace: "Workspace", serving: "Serving", units: Sequence["UnitToScore"]) -> list["UnitToScore"]:
    """Return the units of which the version has no prediction on record in the mode that a new one would have."""
    names = ["model", "version", "unit", "unit_uid", "mode"]
    rows = workspace.tables.read("predictions", columns=names).to_pylist()
    known = {tuple(row[name] for name in names) for row in rows}
    version, now = serving.version, workspace.clock.now()
    of_version = (version.model, version.version)
    return [
        unit
        for unit in units
        if (*of_version, unit.unit.value, unit.unit_uid, serving.mode_of(unit.acquired_at, now).value) not in known
    ]


def _rows(
    workspace: "Workspace", serving: "Serving", folder: Path, units: Sequence["UnitToScore"], progress: Progress
) -> Iterator[dict[str, Any]]:
    """Score units some at a time; the time of a group is shared by its images."""
    from pipelines.intake.pixels import ImageReader  # noqa: PLC0415 - lazy: pydicom is slow to import
    from pipelines.training.scorer import load_scorer  # noqa: PLC0415 - lazy: torch is slow to import
    from pipelines.usecases.prediction_rows import prediction_row  # noqa: PLC0415 - lazy
    from pipelines.usecases.score_images import ImageScorer  # noqa: PLC0415 - lazy

    with ImageReader(workspace) as reader:
        scorer = ImageScorer(workspace, load_scorer(folder), reader)
        for start in range(0, len(units), _TOGETHER):
            group = units[start : start + _TOGETHER]
            began = workspace.clock.now()
            scores = scorer.score([image for unit in group for image in unit.images])
            ended = workspace.clock.now()
            each = (ended - began).total_seconds() * 1000 / len(scores)
            for unit in group:
                of_unit = [scores[image.instance_uid] for image in unit.images]
                yield prediction_row(serving, unit, of_unit, ended, each * len(of_unit))
            progress.advance(len(group))


def _report(
    serving: "Serving", rows: Sequence[Mapping[str, Any]], unreadable: int, *, synthetic: bool
) -> PredictReport:
    scored = [row for row in rows if row["status"] == "scored"]
    withheld = serving.deployment.mode == DeploymentState.SHADOW
    return PredictReport(
        model=serving.version.model,
        version=serving.version.version,
        site=serving.deployment.site,
        deployment=serving.deployment.deployment,
        modes=dict(sorted(Counter(row["mode"] for row in rows).items())),
        scored=len(scored),
        positive=None if withheld else sum(row["decision"] for row in scored),
        failed_units=len(rows) - len(scored),
        unreadable=unreadable,
        synthetic=synthetic,
    )
