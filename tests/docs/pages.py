"""Reading the shell blocks of a documentation page, and running them as a person would type them."""

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXITS = re.compile(r"\s+# exits with (\d+)\s*$")


@dataclass(frozen=True)
class Step:
    """One command (or a here-document, or a loop) of a page and the exit code that it should end with."""

    text: str
    code: int


def steps(page: str) -> list[Step]:
    """Return the steps of a page's ```sh blocks, in order."""
    return [step for block in BLOCK.findall(page) for step in _steps(block)]


def _steps(block: str) -> list[Step]:
    found: list[Step] = []
    lines = iter(block.splitlines())
    for line in lines:
        text = line
        if "<<'EOF'" in line:
            text = "\n".join([line, *_until(lines, lambda later: later == "EOF")])
        elif line.startswith("for "):
            text = "\n".join([line, *_until(lines, lambda later: later == "done")])
        code = EXITS.search(text)
        if text.strip():
            found.append(Step(EXITS.sub("", text), int(code.group(1)) if code else 0))
    return found


def _until(lines: Iterator[str], last: Callable[[str], bool]) -> Iterator[str]:
    for line in lines:
        yield line
        if last(line):
            return


def script(found: list[Step]) -> str:
    """Return one shell script that runs the steps and stops where an exit code is not the one that the page says."""
    parts = ["set -u"]
    for number, step in enumerate(found, 1):
        parts.append(step.text)
        parts.append(
            f"code=$?; if [ $code -ne {step.code} ]; then"
            f' echo "step {number} ended with $code, not {step.code}" >&2; exit 99; fi',
        )
        parts.append(f'echo "--- step {number} ended with {step.code}"')
    return "\n".join(parts)


def run(found: list[Step], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the steps in a folder."""
    return subprocess.run(
        ["bash", "-c", script(found)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
