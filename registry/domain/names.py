"""Names that people give to sites and cohorts."""

import re

_NAME = re.compile(r"[^\W_](?:[\w .+-]{0,98}[\w.+-])?")
MEND = "use letters, digits, '-', '_', '.', '+' and single spaces, at most 100"


def is_name(text: str) -> bool:
    """Say whether a text may name a site or a cohort: printable, without the signs that selections use (`=`, `,`)."""
    return _NAME.fullmatch(text) is not None and "  " not in text
