"""What no file of the product may hold."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FOLDERS = ("registry", "validation", "monitors", "dashboards", "pipelines")
FILES = [path for folder in FOLDERS for path in sorted((REPOSITORY / folder).rglob("*.py"))]
UNSAFE_CALLS = {
    "eval", "exec", "compile", "__import__", "torch.load", "pickle.load", "pickle.loads", "joblib.load", "yaml.load",
    "marshal.loads", "dill.load", "os.system", "os.popen", "archive.extractall", "zip.extractall", "tar.extractall",
}  # fmt: skip
UNSAFE_IMPORTS = {"pickle", "joblib", "dill", "marshal", "shelve", "cloudpickle"}
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")


def dotted(node: ast.AST) -> str:
    """Spell a name or attribute with its dots."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def unsafe(tree: ast.AST) -> Iterator[str]:
    """Name each unsafe call, import and handler of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if name in UNSAFE_CALLS or name.endswith((".extractall", ".load_model")):
                yield f"line {node.lineno}: call of {name}"
            if any(word.arg == "shell" and getattr(word.value, "value", None) is True for word in node.keywords):
                yield f"line {node.lineno}: shell=True"
            if any(word.arg == "allow_pickle" and getattr(word.value, "value", None) is True for word in node.keywords):
                yield f"line {node.lineno}: allow_pickle=True"
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (f"line {node.lineno}: import of {name}" for name in modules if name in UNSAFE_IMPORTS)
        if isinstance(node, ast.ExceptHandler) and dotted(node.type or ast.Name("BaseException")) == "Exception":
            yield f"line {node.lineno}: except Exception"
        if isinstance(node, ast.Assert):
            yield f"line {node.lineno}: assert, which -O removes"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_file_unpickles_evaluates_swallows_or_is_unfinished(path: Path) -> None:
    text = path.read_text()
    assert list(unsafe(ast.parse(text))) == []
    assert UNFINISHED.findall(text) == []


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "torch.load(f)",
        "try:\n    f()\nexcept Exception:\n    pass",
        "run(x, shell=True)",
        "assert a",
        "eval(x)",
    ],
)
def test_the_gate_finds_what_it_forbids(code: str) -> None:
    assert list(unsafe(ast.parse(code))) != []


def tracked_texts() -> list[Path]:
    """Return the text files of the repository."""
    suffixes = {".py", ".md", ".toml", ".txt", ".html", ".css", ".typ", ".json", ".ini", ".mako"}
    skipped = {
        ".venv",
        ".git",
        "overread-demo",
        "node_modules",
        ".hypothesis",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
    }
    return [
        p for p in REPOSITORY.rglob("*") if p.suffix in suffixes and not skipped & set(p.relative_to(REPOSITORY).parts)
    ]


def test_no_file_names_a_machines_path() -> None:
    pattern = re.compile(r"/(?:work|root|home)/[a-z]")
    here = Path(__file__)
    assert [
        str(p.relative_to(REPOSITORY)) for p in tracked_texts() if p != here and pattern.search(p.read_text())
    ] == []


def test_no_helpers_or_utils_files() -> None:
    assert [p for p in FILES if p.stem in {"utils", "helpers", "util", "helper", "misc", "common"}] == []
