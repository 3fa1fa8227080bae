"""The template environment that pages and the HTML report share: autoescape always, unknown names refused."""

from collections.abc import Iterable
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dashboards.charts.theme import WEB
from dashboards.text import slug, visible
from dashboards.view.blocks import Block, Details, Facts, Figure, Listing
from dashboards.view.numbers import count_text, instant_words, number_text
from dashboards.view.words import mark_of, state_words, tone_of

FOLDER = Path(__file__).parent
STATIC = FOLDER / "web" / "static"


@cache
def environment() -> Environment:
    """Return the one environment; every expression is escaped, and stripped of control and bidirectional marks."""
    folders = [FOLDER / "templates", FOLDER / "report" / "templates", FOLDER / "web" / "templates"]
    found = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "count": count_text,
        "drawn": _drawn,
        "instant": instant_words,
        "mark": mark_of,
        "number": number_text,
        "pathpart": _path_part,
        "runs": _runs,
        "slug": slug,
        "tone": tone_of,
        "words": state_words,
    }
    found.tests["kind"] = _is_kind
    return found


def render(template: str, **values: Any) -> str:
    """Render a template to text."""
    return environment().get_template(template).render(**values)


def stylesheet() -> str:
    """Return the one stylesheet of pages and HTML report."""
    return (STATIC / "site.css").read_text(encoding="utf-8")


def _shown(value: Any) -> Any:
    return value if isinstance(value, Markup) or not isinstance(value, str) else visible(value)


def _drawn(figure: Figure) -> Markup:
    return Markup(figure.draw(WEB))  # noqa: S704 - the SVG builder has escaped every value


def _path_part(text: str) -> str:
    return quote(text, safe="")


def _runs(blocks: Iterable[Block]) -> list[list[Block]]:
    """Group blocks that belong together: figures with their lines, folds, and facts that have a heading."""
    numbered = enumerate(blocks)
    return [[block for _, block in run] for _, run in groupby(numbered, lambda pair: _beside(pair[1]) or pair[0])]


def _beside(block: Block) -> str:
    if isinstance(block, Figure | Listing):
        return "figures"
    if isinstance(block, Details):
        return "folds"
    return "facts" if isinstance(block, Facts) and block.title else ""


def _is_kind(block: object, name: str) -> bool:
    return type(block).__name__ == name
