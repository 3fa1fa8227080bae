"""Real headers of a multi-centre study through the command line: protocols are found, and what departs from them."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from command import Command

from pipelines.bootstrap import init_workspace

pytestmark = pytest.mark.shared
MAP = """
[columns]
series_uid = "file"
study_uid = "subject"
patient = "subject"
site = "centre"
acquired_at = "when"
scanner = "DeviceSerialNumber"
manufacturer = "Manufacturer"
software_versions = "SoftwareVersions"
magnetic_field_strength = "MagneticFieldStrength"
repetition_time_ms = "RepetitionTime"
echo_time_ms = "EchoTime"
inversion_time_ms = "InversionTime"
flip_angle_deg = "FlipAngle"
slice_thickness_mm = "SliceThickness"
protocol_name = "contrast"
[constants]
modality = "MR"
"""
KEPT = (
    "DeviceSerialNumber",
    "Manufacturer",
    "SoftwareVersions",
    "MagneticFieldStrength",
    "FlipAngle",
    "SliceThickness",
)
TIMES = ("RepetitionTime", "EchoTime", "InversionTime")


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """Flatten the sidecars; times become milliseconds, the first echo stands for several."""
    people = (folder / "participants.tsv").read_text().splitlines()
    dates = {row["participant_id"]: row for row in csv.DictReader(people, delimiter="\t")}
    found = []
    for line in (folder / "sidecars.jsonl").read_text().splitlines():
        record = json.loads(line)
        header, subject = record["sidecar"], record["path"].split("/")[0]
        day = dates[subject]["date_of_scan"]
        row = {"file": record["path"], "subject": subject, "centre": dates[subject]["institution_id"]}
        row |= {"when": "" if day == "n/a" else f"{day}T12:00:00Z"}
        row |= {"contrast": record["path"].rsplit("/", 1)[1].removeprefix(f"{subject}_").removesuffix(".json")}
        row |= {name: header.get(name, "") for name in KEPT}
        found.append(row | {name: _milliseconds(header.get(name)) for name in TIMES})
    return found


def _milliseconds(value: Any) -> Any:
    return "" if value is None else round(1000 * float(str(value).split(",")[0].strip("[]")), 6)


@pytest.fixture(scope="module")
def taken_in(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Command, int]:
    """Take the headers in; series without a date are refused one by one."""
    root = tmp_path_factory.mktemp("spine")
    init_workspace(root / "workspace").engine.dispose()
    rows = rows_of(shared / "data/spine_multicentre")
    with (root / "spine.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (root / "map.toml").write_text(MAP)
    command = Command(root / "workspace")
    done = command("ingest", "acquisitions", str(root / "spine.csv"), "--map", str(root / "map.toml"), "--json")
    return command, done.code


def test_the_protocols_of_every_site_with_dates_are_registered(taken_in: tuple[Command, int]) -> None:
    command, code = taken_in
    assert code == 4
    found = command.well("protocols", "--json").json["protocols"]
    assert sum(one["series"] for one in found) == 1662
    assert len({one["site"] for one in found}) == 37
    sizes = Counter(one["site"] for one in found)
    assert 5 <= sorted(sizes.values())[len(sizes) // 2] <= 9
    assert len({one["digest"] for one in found}) == len(found)


def test_a_series_that_departs_from_its_sites_protocol_stands_alone(taken_in: tuple[Command, int]) -> None:
    """At one centre a T2-weighted series was made with a flip angle of 135 degrees, four others with 180."""
    command, _ = taken_in
    found = command.well("protocols", "--site", "amu", "--json").json["protocols"]
    t2 = [one for one in found if one["parameters"]["echo_time_ms"] == "120"]
    assert [(one["series"], one["parameters"]["flip_angle_deg"]) for one in t2] == [(4, "180"), (1, "135")]
    assert "flip_angle_deg 135" in command.well("protocols", "--site", "amu").out
    assert command("protocols", "--site", "nowhere").code == 2
