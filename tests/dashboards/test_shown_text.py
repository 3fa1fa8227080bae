"""Foreign text is shown without what deceives the eye, and on paper only in glyphs that exist."""

import json
from pathlib import Path

import pytest
import typst
from dossiers import HOSTILE

from dashboards.text import PRINTABLE_RANGES, printable, shortened, slug, visible


@pytest.mark.parametrize("text", HOSTILE)
def test_control_and_bidirectional_characters_are_never_shown(text: str) -> None:
    assert not set(visible(text)) & set("\u202e\u2066\u2069\x1b\x07\x00\r\n")


def test_a_lone_surrogate_is_shown_as_a_question_mark() -> None:
    assert visible("a\ud800b") == "a?b"


def test_a_character_without_a_glyph_is_printed_as_its_code_point() -> None:
    assert printable("Dr 王") == "Dr [U+738B]"


def test_the_fonts_in_the_typesetter_draw_every_printable_character(tmp_path: Path) -> None:
    letters = [chr(code) for low, high in PRINTABLE_RANGES for code in range(low, high + 1)]
    (tmp_path / "letters.json").write_text(json.dumps(letters))
    source = b"""#set document(title: "letters")
#set text(lang: "en", font: ("Libertinus Serif", "DejaVu Sans Mono"))
#for letter in json("letters.json") [#letter #strong(letter) ]"""
    made = typst.compile(
        source, root=tmp_path, ignore_system_fonts=True, format="pdf", pdf_standards=["a-3a", "ua-1"], timestamp=0
    )
    assert made.startswith(b"%PDF-")


def test_a_shortened_text_keeps_its_limit_and_says_that_it_was_cut() -> None:
    assert shortened("abcdefgh", 5) == "abcd…"
    assert shortened("abcde", 5) == "abcde"


@pytest.mark.parametrize("text", [*HOSTILE, "", "../../etc/passwd", "a b"])
def test_a_slug_is_safe_in_file_names_and_ids(text: str) -> None:
    found = slug(text)
    assert found
    assert not set(found) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")
    assert not found.startswith((".", "-"))
