"""SVG elements as text: presentation attributes only, every value escaped, the same bytes every time."""

from html import escape

from dashboards.charts.theme import Frame, Theme
from dashboards.text import printable, slug, visible

FONT_SIZE = 12
TOP = 26  # room above every plot for the synthetic mark

Value = str | float | int


def element(tag: str, *children: str, **attributes: Value) -> str:
    """Return one element; an underscore in an attribute's name stands for a hyphen.

    Raises:
        ValueError: for `style` and event attributes, which the content security policy forbids.
    """
    parts = [f' {_attribute(name)}="{escape(_text(value))}"' for name, value in attributes.items()]
    return f"<{tag}{''.join(parts)}>{''.join(children)}</{tag}>" if children else f"<{tag}{''.join(parts)}/>"


def words(theme: Theme, text: object) -> str:
    """Return escaped text for an element's content, in the glyphs that the theme has."""
    return escape(printable(text) if theme.printed else visible(text))


def label(theme: Theme, x: float, y: float, text: object, **attributes: Value) -> str:
    """Return a text element at a point; `size`, `anchor` and `muted` shorten the common attributes."""
    shape: dict[str, Value] = {"x": x, "y": y, "fill": theme.ink, "font_size": attributes.pop("size", FONT_SIZE)}
    if attributes.pop("muted", 0):
        shape["fill_opacity"] = theme.muted
    if anchor := attributes.pop("anchor", ""):
        shape["text_anchor"] = anchor
    return element("text", words(theme, text), **shape, **attributes)


def line(theme: Theme, start: tuple[float, float], end: tuple[float, float], **attributes: Value) -> str:
    """Return a line between two points, in the theme's ink unless `stroke` says otherwise."""
    ends: dict[str, Value] = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    return element("line", **(ends | {"stroke": theme.ink, "stroke_width": 1} | attributes))


def path(points: list[tuple[float, float]], **attributes: Value) -> str:
    """Return an open line through points."""
    steps = "L".join(f"{_text(x)} {_text(y)}" for x, y in points)
    return element("path", d=f"M{steps}", fill="none", **attributes)


def picture(frame: Frame, width: float, height: float, *body: str) -> str:
    """Return a whole figure: role, title and description for who cannot see it, and the synthetic mark."""
    name = slug(frame.key)
    heads = (
        element("title", words(frame.theme, frame.title), id=f"{name}-t"),
        element("desc", words(frame.theme, frame.description), id=f"{name}-d"),
    )
    font: dict[str, Value] = {"font_family": frame.theme.font} if frame.theme.font else {}
    mark = (_synthetic_mark(frame.theme),) if frame.synthetic else ()
    return element(
        "svg",
        *heads,
        *body,
        *mark,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_text(width)} {_text(height)}",
        width=width,
        height=height,
        role="img",
        aria_labelledby=f"{name}-t {name}-d",
        **font,
    )


def _synthetic_mark(theme: Theme) -> str:
    box = element("rect", x=2, y=2, width=94, height=17, rx=3, fill="none", stroke=theme.ink, stroke_width=1)
    return box + label(theme, 49, 14.5, "synthetic data", size=11, anchor="middle")


def _attribute(name: str) -> str:
    if name == "style" or name.startswith("on"):
        raise ValueError(f"attribute {name} is not allowed in a figure")
    return name.replace("_", "-")


def _text(value: Value) -> str:
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
