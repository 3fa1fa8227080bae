"""The code that judges, by digest, and how it judges, in words: frozen before a candidate is scored (CHG-05)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import validation
from registry.domain.digest import digest_bytes, digest_value
from registry.domain.estimate import decimal_text
from registry.domain.plan_criteria import Acceptance
from registry.domain.vocabulary import MIN_PATIENTS_PER_CLASS
from validation.protocol.comparison import METHODS, level_of

_START = ("validation.protocol.comparison", "registry.domain.estimate", "registry.domain.score_grid")


def metric_code(root: Path | None = None) -> str:
    """Return the digest of every source file from which a difference, its interval or its verdict comes.

    It is that of a list of module and digest, in the order of the names, over the modules of ours that the comparison
    imports, directly or through others; a byte more or less in one gives another digest, and no other file does.

    Args:
        root: where the packages lie; the installed ones unless given.
    """
    found = _imported(root or Path(validation.__file__).parent.parent)
    return digest_value([[name, digest_bytes(found[name].read_bytes())] for name in sorted(found)])


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


def _imported(root: Path) -> dict[str, Path]:
    """Return the modules that the comparison imports, within `validation`, by name, and what rounds their numbers."""
    found: dict[str, Path] = {}
    queue = [*_START]
    while queue:
        name = queue.pop()
        file = root / f"{name.replace('.', '/')}.py"
        if name not in found and file.is_file():
            found[name] = file
            queue += _imports_of(file)
    return found


def _imports_of(file: Path) -> Iterator[str]:
    """Yield the names that a file imports from `validation`: modules, and what may be modules of a package."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == validation.__name__:
            yield str(node.module)
            yield from (f"{node.module}.{one.name}" for one in node.names)
