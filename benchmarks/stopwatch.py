"""What the benchmarks share: CPU and wall time of calls in this process, and of programs in processes of their own."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PEERS = HERE / "peers"


@dataclass(frozen=True)
class Taken:
    """What a piece of work took: CPU seconds, wall seconds."""

    cpu: float
    wall: float


def timed(work: Callable[[], object]) -> Taken:
    """Time one call; the CPU time is that of this process with all its threads."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Taken(time.process_time() - cpu, time.perf_counter() - wall)


def peak_mb() -> float:
    """Return this process's own peak of memory (VmHWM); `ru_maxrss` would begin with that of the process before."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def interleaved(works: Mapping[str, Callable[[], object]], repeats: int = 5) -> dict[str, Taken]:
    """Time several pieces of work in turn, so that a busy machine is busy for all, and return their medians."""
    taken: dict[str, list[Taken]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            taken[name].append(timed(work))
    return {name: middle(several) for name, several in taken.items()}


def middle(several: list[Taken]) -> Taken:
    """Return the medians of several runs."""
    return Taken(statistics.median(one.cpu for one in several), statistics.median(one.wall for one in several))


def peer_python(name: str) -> Path | None:
    """Return the interpreter of a peer's own environment, `benchmarks/peers/NAME/.venv`; None where it was not made."""
    found = PEERS / name / ".venv" / "bin" / "python"
    return found if found.exists() else None


def peer(name: str, *words: object, program: str = "run.py") -> dict[str, Any] | None:
    """Run a peer's program on our data in its own environment and return what it printed; None where it is absent.

    It times itself, so that neither imports nor reading count.
    """
    interpreter = peer_python(name)
    if interpreter is None:
        return None
    return answer(interpreter, PEERS / name / program, *words)


def fresh(program: str, *words: object) -> dict[str, Any]:
    """Run one of our own programs in a fresh process and return what it printed, for peaks of memory."""
    return answer(Path(sys.executable), HERE / program, *words)


def answer(interpreter: Path, program: Path, *words: object) -> dict[str, Any]:
    """Return the JSON on the last line that a program prints."""
    command = [str(interpreter), "-W", "ignore", str(program), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def ratio(theirs: float, ours: float) -> str:
    """Spell how many times as much the other one takes."""
    return f"{theirs / ours:.1f}x" if ours > 0 else "-"
