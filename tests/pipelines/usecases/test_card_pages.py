"""The pages on cards and on recall do what they say, in a copy of a really trained workspace."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from fakes import NoProgress
from intake_workspace import TARGET
from trained_workspace import PASSPHRASE, images_of

from pipelines.bootstrap import Workspace
from pipelines.usecases.predict import predict

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
from pages import run, steps

HOW_TO = Path(__file__).parents[3] / "docs" / "how-to"
MADE = {
    "cards": ("card.html", "hti1.json", "chai.xml", "atlas.json", "bom.json", "card.pdf"),
    "recall": ("back.json", "recall.json", "lineage.json", "provenance.json"),
}


@pytest.mark.parametrize("page", sorted(MADE))
def test_every_command_of_the_page_ends_as_the_page_says(
    trained: Workspace, trained_root: Path, tmp_path: Path, page: str
) -> None:
    predict(trained, TARGET, None, [images_of(trained_root) / "general" / "001"], "general", progress=NoProgress())
    shutil.copytree(trained_root / "workspace", tmp_path / "workspace")
    (tmp_path / "erin.pass").write_text(PASSPHRASE)
    unit = trained.cohorts.get("train").units[0]
    row = trained.tables.read("predictions", columns=["prediction_id"]).to_pylist()[-1]
    environment = dict(os.environ) | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "OVERREAD_WORKSPACE": str(tmp_path / "workspace"),
        "PREDICTION": row["prediction_id"],
        "PATIENT": unit.patient,
        "STUDY": unit.study_uid,
    }
    finished = run(steps((HOW_TO / f"{page}.md").read_text()), tmp_path, environment)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    assert [name for name in MADE[page] if not (tmp_path / name).stat().st_size] == []
