"""Published reader studies through the command line: foreign columns, several readers, what is known of them found."""

import csv
from pathlib import Path
from typing import Any

import pytest
from command import Command

from pipelines.bootstrap import init_workspace

pytestmark = pytest.mark.shared
MAPS = {
    "acquisitions": """
[columns]
series_uid = "exam"
study_uid = "exam"
patient = "patient"
acquired_at = "when"
[constants]
site = "published"
modality = "MR"
""",
    "predictions": """
[columns]
prediction_id = "exam"
study_uid = "exam"
predicted_at = "when"
score = "rating"
decision = "recall"
[constants]
model = "aid"
version = "1"
""",
    "reads": """
[columns]
read_id = "id"
study_uid = "exam"
reader = "who"
read_at = "read"
decision = "recall"
confidence = "rating"
""",
    "outcomes": """
[columns]
study_uid = "exam"
[constants]
source = "pathology"
established_at = "2026-02-01T00:00:00Z"
ai_blinded = true
""",
}
Rows = dict[str, list[dict[str, Any]]]


def cad(folder: Path) -> Rows:
    """Return 200 mammograms that a CAD and nine radiologists rated; a rating of 50 or more recalls."""
    with (folder / "nico_cad_vs_radiologists.csv").open() as file:
        rated = [row | {"rating": float(row["rating"])} for row in csv.DictReader(file)]
    model = {row["case"]: row["rating"] for row in rated if row["reader"] == "1"}
    reads = [(row["case"], row["reader"], False, row["rating"], row["rating"] >= 50) for row in rated]
    return rows_of(
        "breast-cancer",
        {row["case"]: row["truth"] for row in rated},
        {case: rating / 101 for case, rating in model.items()},
        [read for read in reads if read[1] != "1"],
    )


def techniques(folder: Path) -> Rows:
    """Return van Dyke's two techniques: the second stands for the model on screen, whose score says nothing."""
    with (folder / "VanDyke.csv").open() as file:
        rated = list(csv.DictReader(file))
    truth = {row["case"]: row["truth"] for row in rated}
    reads = [
        (row["case"], row["reader"], row["treatment"] == "2", float(row["rating"]), float(row["rating"]) >= 4)
        for row in rated
    ]
    return rows_of("dissection", truth, dict.fromkeys(truth, 0.5), reads)


def rows_of(target: str, truth: dict[str, str], scores: dict[str, float], reads: list[tuple[Any, ...]]) -> Rows:
    day = {case: f"2026-01-{1 + at % 28:02d}" for at, case in enumerate(sorted(truth))}
    exams = [
        {"exam": f"{target} {case}", "patient": f"{target} {case}", "when": f"{day[case]}T09:00:00Z"} for case in day
    ]
    return {
        "acquisitions": exams,
        "predictions": [
            exam | {"target": target, "rating": scores[case], "recall": scores[case] >= 0.5}
            for case, exam in zip(day, exams, strict=True)
        ],
        "reads": [
            {
                "id": f"{target} {case} {reader} {shown}",
                "exam": f"{target} {case}",
                "who": f"{target} {reader}",
                "read": f"{day[case]}T11:00:00Z",
                "target": target,
                "ai_shown": shown,
                "rating": rating,
                "recall": recall,
            }
            for case, reader, shown, rating, recall in reads
        ],
        "outcomes": [{"exam": f"{target} {case}", "target": target, "truth": truth[case]} for case in day],
    }


@pytest.fixture(scope="module")
def run(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Take both studies in with maps and run the monitors."""
    root = tmp_path_factory.mktemp("published")
    init_workspace(root / "workspace").engine.dispose()
    command = Command(root / "workspace")
    first, second = (study(shared / "data/reader_studies") for study in (cad, techniques))
    for table, text in MAPS.items():
        (root / f"{table}.toml").write_text(text)
        rows = first[table] + second[table]
        with (root / f"{table}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        command.well("ingest", table, str(root / f"{table}.csv"), "--map", str(root / f"{table}.toml"))
    asked = ("--model", "aid", "--as-of", "2026-02-05", "--known", "assumed", "--json")
    return dict(command.well("monitor", "run", *asked).json)


def one(run: dict[str, Any], code: str, target: str) -> dict[str, Any]:
    (found,) = (signal for signal in run["signals"] if (signal["code"], signal["target"]) == (code, target))
    return dict(found)


def test_a_cad_is_held_against_nine_radiologists_as_published(run: dict[str, Any]) -> None:
    """CAD 0.817, radiologists 0.797 to 0.900 (Hupse 2013): no evidence that it does worse than their kind."""
    signal = one(run, "OVS009", "breast-cancer")
    assert (signal["n"], signal["n_positive"], signal["state"]) == (200, 80, "ok")
    assert signal["value"] == pytest.approx(0.817 - 0.849, abs=0.001)
    assert signal["interval"][0] < 0 < signal["interval"][1]
    assert "9 readers, AUC 0.817 against 0.849 without it (0.797 to 0.900)" in signal["explains"]


def test_two_techniques_and_five_readers_give_the_published_analysis(run: dict[str, Any]) -> None:
    """Van Dyke 1993 by Obuchowski and Rockette: 0.0438 (-0.00027 to 0.0879), F 4.485."""
    signal = one(run, "OVS008", "dissection")
    assert signal["value"] == pytest.approx(0.04380032, abs=1e-7)
    assert signal["interval"] == pytest.approx((-0.0002666, 0.0878672), abs=1e-6)
    assert (signal["state"], signal["n"]) == ("ok", 114)
    assert "F 4.485" in signal["explains"]


def test_scores_that_say_nothing_are_not_green(run: dict[str, Any]) -> None:
    assert one(run, "DAT002", "dissection")["state"] == "watch"
    area = [signal for signal in run["signals"] if (signal["code"], signal["target"]) == ("PRF001", "dissection")]
    assert {signal["state"] for signal in area} == {"not_assessed"}
