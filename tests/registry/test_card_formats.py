"""The formats of a card: valid under their schemas, complete, and every number with what it rests on."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from cards import DECLARATION, card_of, evaluate
from chai_structure import chai_faults
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from worlds import ERIN, MODEL, World

from registry.cards.atlas import atlas_record
from registry.cards.chai import NAMESPACE, chai_xml
from registry.cards.cyclonedx import cyclonedx_record
from registry.cards.hti1 import hti1_record
from registry.cards.issue import declare
from registry.domain.canonical import canonical_bytes
from registry.domain.card import Card
from registry.domain.card_fields import FIELDS

SCHEMAS = Path(__file__).parents[2] / "docs/reference/schemas"
HOSTILE = {
    "fields": {
        "summary": "<script>alert(1)</script> & ]]> \x00\x0b\ufffe\U0001f9e0 \u202egnp.exe",
        "known_biases": '"><img src=x>',
        "keywords": ["=cmd()", "x" * 100, "a", "<b>"],
        "licence": "\ufffe",
        "link": "https://hospital.example/?a=1&b=2",
        "modalities": ["CT", "MR", "XX"],
    },
}
# What the ATLAS schema 2025-11 documents of each object: its properties, of which `*` are required. The schema itself
# is published without a licence, so it is not kept here.
ATLAS: dict[str, set[str]] = {
    "": {"$schema*", "Model*"},
    "Model": {
        "Name*",
        "Link*",
        "Indexing",
        "Descriptors",
        "Model properties",
        "Imaging",
        "Model performance",
    },
    "Indexing": {"Content", "RadLex", "SNOMED", "Keywords"},
    "Descriptors": {
        "Authors",
        "Comments",
        "Contact",
        "Date",
        "Ethical review",
        "Funding",
        "License",
        "Organizations",
        "References",
        "Version",
    },
    "License": {"Text", "URL"},
    "Organizations": {"Name*", "Contact name", "Email", "Address", "URL"},
    "References": {"Authors", "Title*", "Source", "Date", "DOI", "URL", "PMID", "PMCID", "Notes"},
    "Model properties": {
        "Architecture",
        "Availability",
        "Clinical benefit",
        "Clinical workflow phase",
        "Decision threshold",
        "Degree of automation",
        "Indications for use",
        "Input",
        "Instructions",
        "Limitations",
        "Output",
        "Recommendation",
        "Regulatory information",
        "Reproducibility",
        "Sustainability",
        "Use",
        "User",
    },
    "Output": {"Description", "CDEs"},
    "Regulatory information": {
        "FDA cleared",
        "CE marked",
        "Predicate device",
        "Authorization status",
        "File number",
        "Comment",
    },
    "Imaging": {"Modalities", "Procedures", "File format", "Resolution", "Comments"},
    "Model performance": {"Metrics", "Comments"},
}


@pytest.fixture(params=["bare", "measured", "declared", "hostile"])
def card(request: pytest.FixtureRequest, world: World) -> Card:
    """Return a card with nothing on it, with measurements, with declarations, with hostile ones."""
    world.register()
    if request.param != "bare":
        evaluate(world, "internal")
        evaluate(world, "external", auc=0.87)
    if request.param == "declared":
        declare(world.lifecycle.record, MODEL, "1", DECLARATION, ERIN)
    if request.param == "hostile":
        declare(world.lifecycle.record, MODEL, "1", HOSTILE, ERIN)
    return card_of(world)


def test_the_record_is_valid_under_its_published_schema(card: Card) -> None:
    schema = json.loads((SCHEMAS / "card.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    record = json.loads(canonical_bytes(card.to_json()))
    assert list(validator.iter_errors(record)) == []
    assert set(record["fields"]) == set(FIELDS)
    silent = record["fields"]["intended_use"] | {"kind": "unknown", "value": "x"}
    assert not validator.is_valid(record | {"fields": record["fields"] | {"intended_use": silent}})


def test_all_31_attributes_of_hti1_are_always_there(card: Card) -> None:
    record = hti1_record(card)
    sizes = [sum(one["group"] == group for one in record["attributes"]) for group in _groups(record)]
    assert [one["number"] for one in record["attributes"]] == list(range(1, 32))
    assert sizes == [4, 4, 2, 4, 2, 4, 5, 4, 2]
    kinds = {"measured", "declared", "unknown", "not applicable"}
    for one in record["attributes"]:
        assert one["text"]
        assert one["kind"] in kinds
        assert {field["kind"] for field in one["fields"].values()} <= kinds


def _groups(record: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(one["group"] for one in record["attributes"]))


def test_every_measured_attribute_of_hti1_points_at_its_events(card: Card) -> None:
    for one in hti1_record(card)["attributes"]:
        for field in one["fields"].values():
            assert bool(field["sources"]) == (field["kind"] != "unknown")
            assert all(re.fullmatch("sha256:[0-9a-f]{64}", source["digest"]) for source in field["sources"])


def test_an_attribute_of_two_fields_is_known_only_with_both(card: Card) -> None:
    risks = hti1_record(card)["attributes"][9]
    assert risks["known"] == all(field["kind"] != "unknown" for field in risks["fields"].values())


def test_the_chai_card_keeps_to_the_documented_structure(card: Card) -> None:
    text = chai_xml(card).decode()
    assert chai_faults(text, NAMESPACE) == []
    without = re.sub(r"<ClinicalRiskLevel>.*?</ClinicalRiskLevel>", "", text, flags=re.DOTALL)
    assert chai_faults(without, NAMESPACE)[0].startswith("Warnings: ClinicalRiskLevel is missing")
    twice = re.sub(r"(<BasicInfo>.*?</BasicInfo>)", r"\1\1", text, flags=re.DOTALL)
    assert chai_faults(twice, NAMESPACE)[0].startswith("AppliedModelCard: ReleaseInfo is missing")


def test_the_chai_card_gives_back_what_was_declared_and_measured(card: Card) -> None:
    root, names = ET.fromstring(chai_xml(card)), {"": NAMESPACE}
    assert root.findtext("BasicInfo/ModelName", namespaces=names) == f"{MODEL}@1"
    results = root.findall("KeyMetrics/SafetyReliability/Results/MetricResult", names)
    values = [json.loads(one.findtext("ValueJson", "", names)) for one in results]
    measured = [metric for test in card.fields["validity_external"].value or () for metric in test["metrics"]]
    assert [value.get("estimate") for value in values] == [
        None if metric["value"] is None else float(metric["value"]) for metric in measured
    ] or values == [{"kind": "none", "reason": card.fields["validity_external"].reason}]
    assert "Not assessed: " in root.findtext("Warnings/KnownBiasesOrEthicalConsiderations", "", names)


def test_the_bill_of_materials_is_valid_under_cyclonedx(card: Card) -> None:
    text = json.dumps(cyclonedx_record(card))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_the_bill_of_materials_carries_every_number_with_n_and_interval(card: Card) -> None:
    model = cyclonedx_record(card)["metadata"]["component"]["modelCard"]
    said = {(one["type"], one["slice"]): one for one in model["quantitativeAnalysis"]["performanceMetrics"]}
    for test in (*(card.fields["validity_internal"].value or ()), *(card.fields["validity_external"].value or ())):
        for metric in test["metrics"]:
            if metric["value"] is not None:
                one = said[metric["name"], f"{test['cohort']} (n {metric['n']})"]
                assert one["value"] == metric["value"]
                assert list(one["confidenceInterval"].values()) == metric["interval"]
    properties = {one["name"]: one["value"] for one in model["properties"]}
    assert properties["overread:card"] == card.digest
    assert {f"overread:field:{key}" for key in card.fields} <= set(properties)


def test_the_bill_of_materials_names_groups_that_nobody_assessed(card: Card) -> None:
    model = cyclonedx_record(card)["metadata"]["component"]["modelCard"]
    said = {one["groupAtRisk"]: one["harms"] for one in model["considerations"]["fairnessAssessments"]}
    assert {axis for axis, harm in said.items() if harm == "Not assessed."} == set(card.not_assessed)
    assert set(said) == {*card.assessed, *card.not_assessed}


def test_the_atlas_card_has_the_documented_structure(card: Card) -> None:
    record = json.loads(json.dumps(atlas_record(card)))
    assert record["$schema"] == "https://atlas.rsna.org/schemas/2025-11/model.json"
    for name, found in _objects("", record):
        known = {key.rstrip("*") for key in ATLAS[name]}
        required = {key.rstrip("*") for key in ATLAS[name] if key.endswith("*")}
        assert set(found) <= known, name
        assert required <= set(found), name
        assert found, name


def _objects(name: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield name, value
        for key, inner in value.items():
            yield from _objects(key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(name, inner)


def test_the_atlas_card_keeps_the_documented_lengths_and_words(card: Card) -> None:
    model = atlas_record(card)["Model"]
    assert 4 <= len(model["Name"]) <= 256
    assert re.match(r"https://|urn:sha256:[0-9a-f]{64}$", model["Link"])
    words = model.get("Indexing", {}).get("Keywords", [])
    assert all(2 <= len(word) <= 64 for word in words)
    assert len(words) == len(set(words))
    known = {"Computed tomography (RID10321)", "Magnetic resonance imaging (RID10312)"}
    assert set(model.get("Imaging", {}).get("Modalities", [])) <= known


def test_the_atlas_card_says_which_of_its_fields_are_unknown(card: Card) -> None:
    said = atlas_record(card)["Model"]["Descriptors"]["Comments"]
    assert ("Unknown: " in said) == any(not card.fields[key].known for key in ("funding_source", "how_to_use"))
    assert card.digest in said


def test_the_same_card_gives_the_same_bytes_in_each_format(card: Card) -> None:
    for write in (hti1_record, atlas_record, cyclonedx_record, chai_xml):
        assert write(card) == write(card)


def test_a_card_is_the_same_on_paper_and_on_the_page_and_runs_nothing(card: Card) -> None:
    import io

    from pypdf import PdfReader

    from dashboards.report.card import card_html, card_pdf

    page = card_html(card)
    assert "<script" not in page
    assert "<img" not in page
    pdf = card_pdf(card, "2026-03-02T10:00:00.000000Z")
    assert pdf == card_pdf(card, "2026-03-02T10:00:00.000000Z")
    reader = PdfReader(io.BytesIO(pdf))
    assert json.loads(reader.attachments["card.json"][0])["inputs"] == json.loads(json.dumps(dict(card.inputs)))
    text = " ".join(" ".join(one.extract_text() for one in reader.pages).split())
    for words in ("Validity on external data", "Unknown", f"Model card: {MODEL}@1"):
        assert words in text
        assert words in page
