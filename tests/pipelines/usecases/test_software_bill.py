"""The software bill of materials: valid, complete, the same again."""

import json
import sys
from importlib.metadata import packages_distributions, version
from pathlib import Path

from command import Command
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import pipelines.bootstrap
from pipelines.usecases.software_bill import canonical_name, software_bill


def test_it_is_a_valid_bill_of_cyclonedx_and_the_same_again() -> None:
    text = json.dumps(software_bill())
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert text == json.dumps(software_bill())


def test_every_imported_distribution_stands_in_it_with_its_version() -> None:
    assert pipelines.bootstrap.__name__ in sys.modules
    listed = {one["name"]: one["version"] for one in software_bill()["components"]}
    owners = packages_distributions()
    imported = {name for module in list(sys.modules) for name in owners.get(module.partition(".")[0], ())}
    imported = {name for name in imported if canonical_name(name) != "overread"}
    assert len(imported) > 10
    assert {canonical_name(name): version(name) for name in imported}.items() <= listed.items()


def test_what_the_product_asks_for_hangs_on_it() -> None:
    edges = {one["ref"]: one["dependsOn"] for one in software_bill()["dependencies"]}
    assert {"torch", "pydicom", "sqlalchemy", "monai", "dagster", "mlflow"} <= set(edges["overread"])
    assert "numpy" in edges["monai"]


def test_the_command_gives_it_on_standard_output_and_into_a_file(tmp_path: Path) -> None:
    command = Command(tmp_path)  # the bill is of the installation: it takes no workspace
    place = tmp_path / "sbom.cdx.json"
    command.well("sbom", "--out", place)
    assert "torch " in command.well("sbom").out
    assert command.well("sbom", "--json").json == json.loads(place.read_text()) == software_bill()
