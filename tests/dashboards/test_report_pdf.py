"""The PDF report: the same bytes, the dossier's numbers, every signature in words, nothing executed."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest
import typst
from dossiers import HOSTILE, bare_dossier, dossier, hostile_dossier

from dashboards.report import render_pdf
from dashboards.report.pdf import TEMPLATE
from dashboards.text import printable
from dashboards.view.numbers import instant_words, number_text
from registry.domain.errors import OverreadError

PRINTED = re.compile(r"(?<![\w.:/])-?\d{1,3}(?:,\d{3})*\.\d{3,}(?:e-\d+)?(?![\w/])")


@pytest.fixture(scope="module")
def pdf() -> bytes:
    """Return the report of the rich dossier."""
    return render_pdf(dossier())


def reader(data: bytes) -> pypdf.PdfReader:
    """Return a PDF's reader."""
    return pypdf.PdfReader(io.BytesIO(data))


def text_of(data: bytes) -> str:
    """Return the text of a PDF with its white space made single."""
    return " ".join(" ".join(page.extract_text() for page in reader(data).pages).split())


def numbers_in(value: Any) -> set[str]:
    """Return how each number of a JSON value is printed; decimals may be strings."""
    if isinstance(value, dict):
        return set().union(*map(numbers_in, value.values())) if value else set()
    if isinstance(value, list | tuple):
        return set().union(*map(numbers_in, value)) if value else set()
    if isinstance(value, float) or (isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", value)):
        return {number_text(value if isinstance(value, str) else float(value))}
    return set()


def test_the_same_dossier_gives_the_same_bytes(pdf: bytes) -> None:
    assert render_pdf(dossier()) == pdf


def test_another_dossier_gives_other_bytes(pdf: bytes) -> None:
    assert render_pdf(dossier(code_version="0.1.1")) != pdf


def test_every_printed_metric_is_a_number_of_the_dossier(pdf: bytes) -> None:
    attached = json.loads(reader(pdf).attachments["metrics.json"][0])
    curves = [[b.mean_score, b.observed, b.low, b.high] for view in dossier().evaluations for b in view.reliability]
    known = numbers_in(attached) | numbers_in(curves)
    printed = PRINTED.findall(text_of(pdf))
    assert len(printed) > 100
    assert [number for number in printed if number not in known] == []


def test_every_metric_of_the_dossier_is_printed(pdf: bytes) -> None:
    text = text_of(pdf)
    for view in dossier().evaluations:
        for metric in view.record["metrics"]:
            if metric["value"] is not None:
                low, high = metric["interval"]
                assert f"{number_text(metric['value'])} {number_text(low)} to {number_text(high)}" in text


def test_the_attached_metrics_are_the_record(pdf: bytes) -> None:
    attached = json.loads(reader(pdf).attachments["metrics.json"][0])
    assert [entry["record"] for entry in attached["evaluations"]] == [view.record for view in dossier().evaluations]
    assert reader(pdf).attachments["checkpoint.txt"][0].decode() == dossier().checkpoint.note


def test_each_signature_shows_printed_name_time_and_meaning_in_the_text(pdf: bytes) -> None:
    text = text_of(pdf)
    for signature in dossier().signatures:
        block = text[text.index(f"Signed by {signature.printed_name}") :]
        order = [signature.role, signature.meaning, instant_words(signature.signed_at), signature.statement_digest]
        places = [block.index(word) for word in order]
        assert places == sorted(places)
        assert instant_words(signature.signed_at).endswith("UTC")


def test_cover_limits_refusals_and_checkpoint_are_in_the_text(pdf: bytes) -> None:
    text = text_of(pdf)
    for words in ("sarcoma-visible@3", "Synthetic data.", "synthetic data", "approval for live use needs"):
        assert words in text
    assert all(limit in text for limit in dossier().limits)
    assert dossier().checkpoint.root in text
    assert all(line in text for line in dossier().checkpoint.note.split("\n"))


def test_the_report_declares_its_standards_language_and_title(pdf: bytes) -> None:
    found = reader(pdf)
    xmp = found.trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in xmp
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in xmp
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    assert found.trailer["/Root"]["/Lang"] == "en"
    assert found.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert found.metadata.title == "Audit report: sarcoma-visible@3"


def test_every_font_is_embedded(pdf: bytes) -> None:
    fonts = [font.get_object() for page in reader(pdf).pages for font in page["/Resources"].get("/Font", {}).values()]
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)


def tagged(node: Any) -> Iterator[Any]:
    """Walk a PDF's structure tree."""
    found = node.get_object()
    if isinstance(found, pypdf.generic.DictionaryObject):
        yield found
        kids = found.get("/K", [])
        for kid in kids if isinstance(kids, list) else [kids]:
            yield from tagged(kid)


def test_every_figure_has_alternative_text(pdf: bytes) -> None:
    tree = tagged(reader(pdf).trailer["/Root"]["/StructTreeRoot"])
    figures = [node for node in tree if node.get("/S") == "/Figure"]
    assert len(figures) == 8
    assert all(len(figure["/Alt"]) > 20 for figure in figures)


def test_a_figure_without_alternative_text_cannot_be_issued(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "broken.typ"
    broken.write_text(TEMPLATE.read_text().replace("alt: item.alternative, ", ""))
    monkeypatch.setattr("dashboards.report.pdf.TEMPLATE", broken)
    with pytest.raises(OverreadError, match="missing alt text"):
        render_pdf(dossier())


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_printed_as_text_and_executes_nothing(name: str) -> None:
    text = text_of(render_pdf(hostile_dossier(name)))
    assert "root:x:0" not in text
    assert "".join(printable(name).split())[:20] in "".join(text.split())


def test_a_version_that_was_only_registered_has_a_report() -> None:
    text = text_of(render_pdf(bare_dossier()))
    assert "This version has not been evaluated on any cohort." in text
    assert "This version is deployed nowhere." in text


def test_no_report_claims_compliance_or_certification(pdf: bytes) -> None:
    text = (text_of(pdf) + text_of(render_pdf(bare_dossier()))).lower()
    assert "complian" not in text
    assert "certif" not in text


def test_a_file_outside_the_folder_cannot_be_read_by_the_template(tmp_path: Path) -> None:
    with pytest.raises(typst.TypstError):
        typst.compile(b'#read("/../../etc/passwd")', root=tmp_path, format="pdf", timestamp=0)
