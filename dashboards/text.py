"""Foreign text as a person may see it: on the screen, and on paper where only some glyphs exist.

Nothing here is markup: escaping is the template's and the SVG builder's work, and comes after.
"""

import re
import unicodedata

from registry.domain.display import plain

LONGEST_TEXT = 20_000
# Code points that the fonts inside typst can draw (Libertinus Serif, DejaVu Sans Mono); PDF/A refuses any other.
# A test compiles every one of them.
PRINTABLE_RANGES: tuple[tuple[int, int], ...] = (
    (0x0020, 0x007E),
    (0x00A0, 0x00AC),
    (0x00AE, 0x02FF),
    (0x0370, 0x0377),
    (0x0384, 0x038A),
    (0x038E, 0x03A1),
    (0x03A3, 0x0482),
    (0x048A, 0x04FF),
    (0x2010, 0x2027),
    (0x2030, 0x2040),
    (0x2070, 0x2071),
    (0x2074, 0x208E),
    (0x20A0, 0x20C0),
    (0x2190, 0x22FF),
    (0x2500, 0x2604),
    (0x2713, 0x2718),
)


def visible(value: object) -> str:
    """Return text without control and bidirectional characters, in Unicode NFC, so that it reads as it is stored."""
    text = str(value).encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFC", plain(text, LONGEST_TEXT))


def printable(value: object) -> str:
    """Return visible text with characters that the report's fonts lack spelt as `[U+4E2D]`."""
    return "".join(letter if _drawable(ord(letter)) else f"[U+{ord(letter):04X}]" for letter in visible(value))


def shortened(value: object, limit: int) -> str:
    """Return visible text of at most `limit` characters, ending in an ellipsis where some were cut."""
    text = visible(value)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def slug(value: object) -> str:
    """Return letters, digits, dots and hyphens alone: a word for file names and element ids."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", visible(value)).strip("-.") or "unnamed"


def _drawable(code_point: int) -> bool:
    return any(low <= code_point <= high for low, high in PRINTABLE_RANGES)
