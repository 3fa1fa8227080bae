"""Protocols between the record and its adapters, and between the dashboards and the composition root.

Each Protocol's docstring is its contract; adapters and the fakes of the tests keep it alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from registry.domain.dossier import AppendixView, Dossier, FleetRow, LedgerRow, RoleRow, WatchedView
from registry.domain.record_views import CardView, LineageView
from registry.domain.vocabulary import Unit


class Clock(Protocol):
    """Tells the time.

    * `now()` is an aware UTC instant.
    """

    def now(self) -> datetime:
        """Return the present instant."""
        ...


class ObjectStore(Protocol):
    """Content-addressed storage of immutable bytes.

    * `put` is durable when it returns: written, synced, renamed.
    * `get` raises ArtifactChangedError when the bytes no longer match their digest.
    """

    def put(self, data: bytes) -> str:
        """Store bytes and return their digest."""
        ...

    def get(self, digest: str) -> bytes:
        """Return the bytes of a digest."""
        ...


class Progress(Protocol):
    """Shows how far a long piece of work has come.

    * `advance` never raises, and shows nothing where standard error is no terminal.
    """

    def advance(self, n: int = 1) -> None:
        """Say that `n` more steps are done."""
        ...


class Queries(Protocol):
    """What the dashboards may ask; every answer is free of identifiers.

    * reads stored records only: no monitor runs, no model loads.
    """

    def fleet(self) -> Sequence[FleetRow]:
        """Return one row per version in use and per newest version, by model, newest first; others' models last."""
        ...

    def watched(self, model: str, version: str | None, period: str | None) -> WatchedView | None:
        """Return how a model that was not trained here does in use; None where it was, or nothing is known of it."""
        ...

    def dossier(self, model: str, version: str | None, period: str | None) -> Dossier:
        """Return everything about one model version; raises UnknownNameError for an unknown one."""
        ...

    def appendices(self, model: str) -> Sequence[AppendixView]:
        """Return what is on record of a model's explorable appendices, newest day first."""
        ...

    def appendix(self, model: str, as_of: str) -> bytes:
        """Return the page of a model's appendix of a day; raises UnknownNameError when there is none."""
        ...

    def card(self, model: str, version: str | None) -> CardView:
        """Return a version's card as the record stands now; raises UnknownNameError for an unknown one."""
        ...

    def lineage(self, model: str, version: str | None) -> LineageView:
        """Return what a version was made from and what rests on it; raises UnknownNameError for an unknown one."""
        ...

    def roles(self) -> Sequence[RoleRow]:
        """Return every role in which persons sign, and who fills it today."""
        ...

    def ledger(self, last: int) -> Sequence[LedgerRow]:
        """Return the newest events, newest first."""
        ...


@dataclass(frozen=True)
class StoredVersion:
    """One version as the model store holds it: names and marks are foreign text; `aliases` holds stages too."""

    model: str
    version: str
    run: str
    aliases: tuple[str, ...]


class ModelStore(Protocol):
    """The cache of model artifacts and runs (MLflow); never an authority.

    * `register` logs the folder as plain artifacts and returns run id and registered version.
    * `download` copies the artifacts of a run into a folder and says nothing of whether they are the right ones.
    * `inventory` lists what the store claims to hold, and says nothing of whether it should.
    * `run_of` names the run that a registered version points to, or None when it was deleted.
    """

    def register(
        self, model: str, folder: Path, params: Mapping[str, str], metrics: Mapping[str, float]
    ) -> tuple[str, str]:
        """Log and register an artifact folder."""
        ...

    def download(self, run_id: str, destination: Path) -> Path:
        """Copy a run's model folder to a private place."""
        ...

    def inventory(self) -> Sequence[StoredVersion]:
        """Return every version in the store, by model and version."""
        ...

    def run_of(self, model: str, version: str) -> str | None:
        """Return the run of a registered version."""
        ...


class InstanceIndex(Protocol):
    """Knows which study, series and patient an instance belongs to.

    * identifiers are pseudonyms.
    """

    def study_of(self, unit: Unit, unit_uid: str) -> str | None:
        """Return the study of a unit, or None when it was never taken in."""
        ...

    def series_of(self, unit: Unit, unit_uid: str) -> str | None:
        """Return the series of a series or an instance, or None when it was never taken in."""
        ...
