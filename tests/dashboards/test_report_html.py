"""The HTML report: one file, no script, nothing fetched, the same numbers as the PDF."""

import itertools
from html.parser import HTMLParser
from typing import Any

import pytest
from dossiers import HOSTILE, bare_dossier, dossier, hostile_dossier

from dashboards.report import render_html
from dashboards.view.blocks import leaves
from dashboards.view.document import report_document
from dashboards.view.numbers import instant_words
from registry.domain.dossier import Dossier

VOID = {"meta", "link", "img", "br", "input"}


class Outline(HTMLParser):
    """Reads a page: tags, attributes and text; notes what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_same_dossier_gives_the_same_page() -> None:
    assert render_html(dossier()) == render_html(dossier())


@pytest.mark.parametrize("of", [dossier(), bare_dossier(), *map(hostile_dossier, HOSTILE)])
def test_the_page_holds_no_script_no_inline_style_and_fetches_nothing(of: Dossier) -> None:
    page = Outline(render_html(of))
    assert page.open == []
    tags = [tag for tag, _ in page.tags]
    assert tags.count("style") == 1
    assert not set(tags) & {"script", "img", "iframe", "object", "link", "base", "form"}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "src", "action"}]
        assert (attributes.get("href") or "#").startswith("#")


def test_every_table_has_a_caption_and_scoped_headings() -> None:
    page = Outline(render_html(dossier()))
    tags = [tag for tag, _ in page.tags]
    assert tags.count("caption") == tags.count("table") > 5
    assert all(attributes.get("scope") in {"col", "row"} for tag, attributes in page.tags if tag == "th")


def test_ids_are_unique_and_every_link_in_the_page_has_its_target() -> None:
    page = Outline(render_html(dossier()))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {attributes["href"][1:] for tag, attributes in page.tags if tag == "a"}
    assert links <= set(ids)


def test_headings_never_skip_a_level() -> None:
    levels = [int(tag[1]) for tag, _ in Outline(render_html(dossier())).tags if tag in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_every_cell_of_every_table_is_on_the_page() -> None:
    text = " ".join(Outline(render_html(dossier())).text.split())
    tables = [b for s in report_document(dossier()).sections for b in leaves(s.blocks) if type(b).__name__ == "Table"]
    cells = [cell for table in tables for row in table.rows for cell in row]
    assert len(cells) > 200
    assert [cell.text for cell in cells if " ".join(cell.text.split()) not in text] == []


def test_the_report_folds_nothing_away() -> None:
    folds = [attributes for tag, attributes in Outline(render_html(dossier())).tags if tag == "details"]
    assert len(folds) > 5
    assert all("open" in attributes for attributes in folds)


def test_each_signature_shows_name_time_and_meaning() -> None:
    text = Outline(render_html(dossier())).text
    for signature in dossier().signatures:
        assert signature.printed_name in text
        assert instant_words(signature.signed_at) in text
        assert signature.meaning in text


def test_no_report_claims_compliance_or_certification() -> None:
    text = Outline(render_html(dossier())).text.lower()
    assert "complian" not in text
    assert "certif" not in text
