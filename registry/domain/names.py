"""Names that people give to sites, cohorts and models."""

import re

_NAME = re.compile(r"[^\W_](?:[\w .+-]{0,98}[\w.+-])?")
_MODEL = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
MEND = "use letters, digits, '-', '_', '.', '+' and single spaces, at most 100"


def is_name(text: str) -> bool:
    """Say whether a text may name a site or a cohort: printable, without the signs that selections use (`=`, `,`)."""
    return _NAME.fullmatch(text) is not None and "  " not in text


def is_model_name(text: str) -> bool:
    """Say whether a text may name a model: lower-case letters, digits, '.', '_' and '-', at most 100."""
    return _MODEL.fullmatch(text) is not None
