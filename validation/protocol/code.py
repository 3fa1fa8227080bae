"""The code that judges, by digest, and how it judges, in words: frozen before a candidate is scored (CHG-05)."""

from collections.abc import Iterator
from pathlib import Path

import validation
from registry.domain.digest import digest_bytes, digest_value
from registry.domain.estimate import decimal_text
from registry.domain.plan_criteria import Acceptance
from registry.domain.vocabulary import MIN_PATIENTS_PER_CLASS
from validation.protocol.comparison import METHODS, level_of

_JUDGES = ("statistics", "protocol")


def metric_code() -> str:
    """Return the digest of every source file from which a metric, an interval or a verdict comes.

    It is that of a list of path and digest, in the order of the paths; a byte more or less gives another one.
    """
    return digest_value([[name, digest_bytes(data)] for name, data in sorted(_sources())])


def statistical_plan(acceptance: Acceptance) -> dict[str, str]:
    """Return how a candidate is judged under acceptance criteria, in words and numbers."""
    methods = {criterion.metric: METHODS[criterion.metric] for criterion in acceptance.criteria}
    return {
        **{f"difference of {metric}": method for metric, method in methods.items()},
        "arms": "candidate, deployed and original version, paired on the units of the test set",
        "level": str(decimal_text(level_of(acceptance))),
        "multiplicity": f"Bonferroni: one-sided {acceptance.alpha} for {acceptance.looks} looks together",
        "verdict": "passed where every lower bound lies above minus its margin, against both versions",
        "least": f"{MIN_PATIENTS_PER_CLASS} patients with each class, else not assessed",
    }


def _sources() -> Iterator[tuple[str, bytes]]:
    root = Path(validation.__file__).parent
    for folder in _JUDGES:
        for file in (root / folder).rglob("*.py"):
            yield file.relative_to(root).as_posix(), file.read_bytes()
    yield "external.py", (root / "external.py").read_bytes()
