"""How a foreign value may be shown: never as it came.

DICOM tags, file names and CSV cells are hostile input and may hold identifiers. Values are shown only for
enumerations, numbers and times; other text as its length and a digest (contract, section 2).
"""

import hashlib
import re

_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,5}(?:\.[0-9]{0,17})?|\.[0-9]{1,17})(?:[eE][-+]?[0-9]{1,3})?")
_DAY, _CLOCK = r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
_TIME = re.compile(rf"(?:{_DAY}(?:[T ]{_CLOCK}(?:Z|[-+][0-9]{{2}}:?[0-9]{{2}})?)?|{_CLOCK})")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def veiled(value: object) -> str:
    """Show a foreign value without its content, such as `‹12 chars, sha256:ab12…›`."""
    text = str(value)
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:4]
    return f"‹{len(text)} chars, sha256:{mark}…›"


def shown(value: object, enumeration: frozenset[str] = frozenset()) -> str:
    """Show a foreign value where it is a number, a time, or a word of an enumeration; veil it otherwise.

    Whole numbers of six digits and more are veiled too, and digits with dots or dashes between them: they may be record
    numbers, UIDs, social security or telephone numbers.
    """
    text = str(value)
    if text in enumeration or text in {"", "True", "False"}:
        return f"'{text}'"
    if _NUMBER.fullmatch(text) or _TIME.fullmatch(text):
        return f"'{text}'"
    return veiled(text)


def plain(text: str, limit: int = 200) -> str:
    """Strip control and bidirectional characters from text that is shown to a person."""
    return _UNPRINTABLE.sub("", text)[:limit]
