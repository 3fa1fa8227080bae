"""Simulate radiologists' reads of a version's predictions; every row, batch and event says that they are synthetic."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipelines.bootstrap import Workspace
from pipelines.simulation.reads import Case, ReadingRoom, draw_readers, draw_reads, read_id_of
from registry.domain.digest import digest_value
from registry.domain.errors import IncompleteError, UsageError
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import parse_instant
from registry.domain.joining import Row, analysed_outcomes, analysed_predictions
from registry.domain.person import actor_record
from registry.domain.ports import Progress
from registry.domain.pseudonym import Identifier
from registry.domain.vocabulary import Mode
from registry.ledger.store import Transaction
from registry.tables import Batch

READ_MODES = (Mode.LIVE.value, Mode.SHADOW.value)


@dataclass(frozen=True)
class SimulatedReads:
    """What was simulated.

    Attributes:
        reads: new rows; `unchanged` were there already.
        shown: new rows that say that the model's answer was on screen; `display_simulated` where that is assumed.
        overrides: new rows with the answer on screen whose decision differs from the model's.
    """

    model: str
    version: str
    seed: int
    readers: int
    reads: int
    unchanged: int
    shown: int
    overrides: int
    display_simulated: bool

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self) | {"synthetic": True}

    def lines(self) -> list[str]:
        """Say what was simulated."""
        assumed = " (an assumption of the simulation)" if self.display_simulated and self.shown else ""
        made = f"{self.reads} synthetic reads of {self.model}@{self.version} by {self.readers} invented readers"
        return [
            f"{made}, seed {self.seed}; {self.unchanged} were there already",
            f"  the model's answer on screen in {self.shown} of them{assumed}, {self.overrides} overrides",
        ]


def simulate_reads(
    workspace: Workspace,
    model: str,
    version: str | None,
    *,
    seed: int,
    readers: int = 4,
    assume_shown: bool = False,
    progress: Progress,
) -> SimulatedReads:
    """Make one read of every analysed live or shadow prediction of a version.

    Readers see the model's answer for live predictions only; with `assume_shown` for shadow ones too, as in a reader
    study, and those rows say so.

    Args:
        workspace: where the predictions are, and where the reads go.
        model: whose predictions.
        version: which version; the newest unless given.
        seed: source of all randomness; the same seed makes the same reads once.
        readers: how many readers, 1 to 50.
        assume_shown: simulate that the answers of shadow predictions were shown.
        progress: advances once a prediction.

    Raises:
        UsageError: when there is no reader, or too many.
        UnknownNameError: for an unknown model or version.
        IncompleteError: when the version has no prediction to read.
    """
    if not 1 <= readers <= 50:
        raise UsageError(f"{readers} readers cannot be simulated", mend="name 1 to 50 readers")
    number = version or workspace.lifecycle.version(model).version
    cases = _cases(workspace, model, number)
    if not cases:
        _check_known(workspace, model, number)
        raise IncompleteError(f"{model}@{number} has no live or shadow prediction", mend="score with: overread predict")
    names = [workspace.pseudonyms.of(Identifier.READER, f"simulated-reader-{place}") for place in range(readers)]
    staff, rows, there = draw_readers(names, seed), [], _read_ids(workspace)
    for mode, found in cases.items():
        shown = mode == Mode.LIVE or assume_shown
        room = ReadingRoom(seed, shown, shown and mode != Mode.LIVE, workspace.clock.now())
        fresh = [case for case in found if read_id_of(case, room) not in there]
        rows += draw_reads(fresh, staff, room)
        progress.advance(len(found))
    _append(workspace, rows, {"model": model, "version": number, "seed": seed, "readers": readers})
    return _report(model, number, seed, readers, rows, sum(map(len, cases.values())))


def _check_known(workspace: Workspace, model: str, version: str) -> None:
    rows = workspace.tables.read("predictions", columns=["model", "version"])
    if (model, version) not in zip(rows["model"].to_pylist(), rows["version"].to_pylist(), strict=True):
        workspace.lifecycle.version(model, version)


def _cases(workspace: Workspace, model: str, version: str) -> dict[str, list[Case]]:
    """Return the analysed predictions of a version by mode, with their outcomes."""
    rows = workspace.tables.read("predictions").to_pylist()
    mine = [row for row in rows if row["model"] == model and row["version"] == version and row["mode"] in READ_MODES]
    outcomes, _ = analysed_outcomes(workspace.tables.read("outcomes").to_pylist())
    truths = {_subject(row): bool(row["truth"]) for row in outcomes}
    found: dict[str, list[Case]] = {}
    for row in analysed_predictions(mine).rows:
        found.setdefault(row["mode"], []).append(_case(row, truths.get(_subject(row))))
    return dict(sorted(found.items()))


def _case(row: Row, truth: bool | None) -> Case:  # noqa: FBT001 - a value of the domain, not a switch
    return Case(
        prediction_id=row["prediction_id"],
        study_uid=row["study_uid"],
        unit=row["unit"],
        unit_uid=row["unit_uid"],
        target=row["target"],
        predicted_at=parse_instant(row["predicted_at"]),
        decision=bool(row["decision"]),
        probability=float(row["score"]),
        truth=truth,
    )


def _subject(row: Row) -> tuple[str, str, str]:
    return row["unit"], row["unit_uid"], row["target"]


def _read_ids(workspace: Workspace) -> set[str]:
    return set(workspace.tables.read("reads", columns=["read_id"])["read_id"].to_pylist())


def _append(workspace: Workspace, rows: Sequence[Row], settings: Mapping[str, Any]) -> None:
    """Store the rows as a synthetic batch and say so in the same transaction."""
    if not rows:
        return
    source = digest_value(["overread.simulated-reads/1", dict(settings), [row["read_id"] for row in rows]])
    batch = Batch(source, workspace.actor, workspace.clock.now(), synthetic=True)

    def say(tx: Transaction) -> None:
        payload = {"table": "reads", "rows": len(rows)} | dict(settings)
        subjects = (Subject("simulation", f"reads of {settings['model']}@{settings['version']}", source),)
        tx.append(EventDraft("data.simulated", actor_record(workspace.actor), subjects, payload))

    workspace.tables.store(workspace.tables.sift("reads", rows), batch, say)


def _report(model: str, version: str, seed: int, readers: int, rows: Sequence[Row], cases: int) -> SimulatedReads:
    seen = [row for row in rows if row["ai_shown"]]
    return SimulatedReads(
        model=model,
        version=version,
        seed=seed,
        readers=readers,
        reads=len(rows),
        unchanged=cases - len(rows),
        shown=len(seen),
        overrides=sum(row["action"] == "rejected" for row in seen),
        display_simulated=any("simulated_display" in row["attributes"] for row in rows),
    )
