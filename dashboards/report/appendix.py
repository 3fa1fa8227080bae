"""The heading of the explorable appendix: what it shows of whom, on which sample, and that it decides nothing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.templating import render

_BODY = re.compile(r"<body[^>]*>")


@dataclass(frozen=True)
class ColumnLine:
    """One line of the heading's table: a column, its method and threshold, and how many rows state it."""

    name: str
    method: str
    threshold: str
    current: int
    reference: int


@dataclass(frozen=True)
class AppendixHeading:
    """What stands above the page that Evidently made.

    Attributes:
        title: whom it shows, such as `nodule@3, live, lung-nodule`.
        as_of, window, reference: the day, the days of the window, those of the reference by site.
        sizes, rows: rows drawn and rows there, of the window and of the reference.
        seed: of the draw.
        lines: the columns that are compared; `left_out`: those that are not.
        synthetic: whether any of the rows is.
        tool: what made the page, with its version.
    """

    title: str
    as_of: str
    window: str
    reference: str
    sizes: tuple[int, int]
    rows: tuple[int, int]
    seed: int
    lines: Sequence[ColumnLine]
    left_out: Sequence[ColumnLine]
    synthetic: bool
    tool: str


def headed(page: str, heading: AppendixHeading) -> bytes:
    """Return a page of Evidently's with our heading on top of its body.

    Raises:
        ValueError: when the page has no body.
    """
    body = _BODY.search(page)
    if body is None:
        raise ValueError("the page has no <body>")
    head = render("appendix_heading.html", heading=heading)
    title = render("appendix_title.html", heading=heading)
    before = page[: body.end()].replace("</head>", f"{title}</head>", 1)
    return f"{before.lstrip()}{head}{page[body.end() :]}".encode()
