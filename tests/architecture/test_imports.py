"""Import rules and import costs, seen from outside in fresh processes."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FRAMEWORKS = {"dagster", "mlflow", "sqlalchemy", "evidently", "great_expectations", "torch", "monai", "pandas"}
FRAMEWORKS |= {"fastapi", "pydicom", "typst"}
ONLY_DOMAIN = "judges know of ours only the domain and the statistics"
LISTED = "import json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"


def loaded_after(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded after some code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{LISTED}"], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def modules_of(package: str) -> list[str]:
    """Return the dotted names of a package's modules."""
    paths = sorted((REPOSITORY / package).rglob("*.py"))
    return [".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__") for path in paths]


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], capture_output=True, text=True, check=False, cwd=REPOSITORY
    )
    assert done.returncode == 0, done.stdout


def test_the_contracts_that_shut_the_registry_out_name_each_of_its_modules() -> None:
    """A forbidden contract is a list: a module that nobody adds to it would be open."""
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    shut = {"registry.domain imports nothing of ours and no library", ONLY_DOMAIN}
    named = [set(contract["forbidden_modules"]) for contract in contracts if contract["name"] in shut]
    inner = (".domain", ".migrations")
    modules = {name for name in modules_of("registry") if not any(part in name for part in inner)} - {"registry"}
    parts = {".".join(name.split(".")[:2]) for name in modules}
    assert [sorted(parts - names) for names in named] == [[], []]


def test_no_monitor_imports_the_counting_engines() -> None:
    """Monitors judge counts, whichever engine made them; only pipelines chooses the engine."""
    judges = [path for path in (REPOSITORY / "monitors").glob("*.py") if "monitors.engine" in path.read_text()]
    assert judges == []


def test_importing_every_monitor_loads_no_framework() -> None:
    code = "\n".join(f"import {name}" for name in modules_of("monitors"))
    assert loaded_after(code) & FRAMEWORKS == set()


def test_importing_the_domain_loads_only_the_standard_library() -> None:
    code = "\n".join(f"import {name}" for name in modules_of("registry/domain"))
    foreign = loaded_after(code) - set(sys.stdlib_module_names) - {"registry", "__main__"}
    assert {name for name in foreign if not name.startswith("_")} == set()


@pytest.mark.parametrize("framework", sorted(FRAMEWORKS - {"sqlalchemy"}))
def test_the_help_page_loads_no_framework(framework: str, help_modules: set[str]) -> None:
    assert framework not in help_modules


@pytest.fixture(scope="module")
def help_modules() -> set[str]:
    """Return what `overread --help` loads."""
    code = """
import sys
sys.argv = ["overread", "--help"]
from pipelines.cli.main import main
try:
    main()
except SystemExit:
    pass
"""
    return loaded_after(code)


def test_the_help_page_takes_less_cpu_than_four_bare_interpreters_with_typer(tmp_path: Path) -> None:
    """`--help` answers in well under a second: a ratio to the least that any typer program costs."""
    timer = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime)
"""

    def cpu(*command: str) -> float:
        runs = [
            float(
                subprocess.run(
                    [sys.executable, "-c", timer, *command], capture_output=True, text=True, check=True, cwd=tmp_path
                ).stdout
            )
            for _ in range(3)
        ]
        return min(runs)

    least = cpu(sys.executable, "-c", "import typer, rich.console, rich.table")
    ours = cpu(str(Path(sys.executable).parent / "overread"), "--help")
    assert ours <= 4 * least
