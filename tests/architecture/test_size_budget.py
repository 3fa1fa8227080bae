"""The size budget: small files, small functions, a sentence for every public name."""

import ast
from pathlib import Path
from statistics import median, quantiles

import pytest

REPOSITORY = Path(__file__).parents[2]
FOLDERS = ("registry", "validation", "monitors", "dashboards", "pipelines")
FILES = [
    path
    for folder in FOLDERS
    for path in sorted((REPOSITORY / folder).rglob("*.py"))
    if "migrations/versions" not in path.as_posix() and path.read_text().strip()
]
# Longer than the budget allows, each with its reason.
LONG_FUNCTIONS: dict[str, str] = {}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> list[tuple[str, Function]]:
    """Return every function of the product with its place."""
    found = []
    for path in FILES:
        nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, Function)]
        found.extend((f"{path.relative_to(REPOSITORY)}:{node.name}", node) for node in nodes)
    return found


def length(node: Function) -> int:
    """Return the lines of a function's body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_no_file_has_more_than_400_lines_and_the_median_at_most_120() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in FILES}
    assert [path for path, lines in lengths.items() if lines > 400] == []
    assert median(lengths.values()) <= 120


def test_no_function_has_more_than_50_lines() -> None:
    assert [name for name, node in functions() if length(node) > 50 and name not in LONG_FUNCTIONS] == []


def test_functions_have_a_median_of_8_lines_and_a_95th_percentile_of_30() -> None:
    lengths = [length(node) for _, node in functions()]
    assert median(lengths) <= 8
    assert quantiles(lengths, n=20)[-1] <= 30


def public_names(path: Path) -> list[tuple[str, ast.AST]]:
    """Return the public classes, functions and methods of a file."""
    tree = ast.parse(path.read_text())
    found = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
            found.append((node.name, node))
            if isinstance(node, ast.ClassDef):
                members = [item for item in node.body if isinstance(item, Function) and not item.name.startswith("_")]
                found.extend((f"{node.name}.{item.name}", item) for item in members)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_public_name_has_a_sentence(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())) is not None, "the module has no docstring"
    silent = [name for name, node in public_names(path) if ast.get_docstring(node) is None]
    assert silent == []


def test_the_measure_counts_a_function_without_its_docstring() -> None:
    node = ast.parse('def f():\n    """Say."""\n    a = 1\n    return a\n').body[0]
    assert isinstance(node, ast.FunctionDef)
    assert length(node) == 2
