"""Words that a person types into the record: reasons, printed names."""

import unicodedata

from registry.domain.display import plain
from registry.domain.errors import UsageError

MAX_LETTERS = 500


def one_line(text: str, kind: str) -> str:
    """Return typed text as one line in Unicode NFC, without control characters.

    Args:
        text: what was typed.
        kind: what the text is, for the error's words.

    Raises:
        UsageError: when the text is not valid Unicode or is longer than 500 characters.
    """
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise UsageError(f"the {kind} is not valid Unicode", mend="type it again")
    printable = plain(" ".join(text.split()), len(text))
    line = unicodedata.normalize("NFC", " ".join(printable.split()))
    if len(line) > MAX_LETTERS:
        raise UsageError(f"the {kind} has {len(line)} characters", mend=f"at most {MAX_LETTERS}")
    return line
