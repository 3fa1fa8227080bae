"""Which patients an event concerns, by pseudonym: what its cohorts and segments hold; nothing is guessed.

An event that reads a cohort's data concerns the patients of its manifest. A batch concerns those of its rows, through
the acquisitions taken in so far where a row names a study alone. An export concerns those of every cohort that the
events of its model named before it. What concerns nobody who is known by then is one message without a patient.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from registry.domain.event import Event

EXPORTS = frozenset({"evidence.exported"})
# What reads or lists the data of a cohort's patients; a signature that covers a cohort's digest touches nobody's data.
_TOUCHING = frozenset(
    {"cohort.frozen", "cohort.inspected", "version.registered", "evaluation.completed", "candidate.compared"}
)
BATCH = "intake.batch"
_OF_MODEL = frozenset({"version", "artifact", "operating-points"})
Manifest = Callable[[str], Sequence[str]]
Rows = Callable[[str, str], Iterable[tuple[str, str]]]


def no_rows(_table: str, _segment: str) -> Iterable[tuple[str, str]]:
    """Return no rows: where segments are not at hand, a batch concerns nobody who is known."""
    return ()


class Concerned:
    """Walks a ledger from its first event on, and says of each event whom it concerns.

    Args:
        manifest: gives the patients of a cohort by its digest; none where the manifest is not at hand.
        rows: gives (patient, study) of every row of a segment, either of them empty where the table has no such column.
    """

    def __init__(self, manifest: Manifest, rows: Rows = no_rows) -> None:
        self._manifest = manifest
        self._rows = rows
        self._known: dict[str, frozenset[str]] = {}
        self._of_study: dict[str, str] = {}
        self._of_model: dict[str, set[str]] = {}

    def by(self, event: Event, payload: Mapping[str, Any]) -> list[str]:
        """Return the pseudonyms of whom an event concerns, sorted; events are asked for in the ledger's order."""
        if event.record["type"] == BATCH:
            return sorted(self._batch(payload))
        models = self._models(event, payload)
        if event.record["type"] in EXPORTS:
            return sorted({patient for model in models for patient in self._of_model.get(model, ())})
        subjects = event.record["subjects"]
        named = {one["name"] for one in subjects if one["kind"] == "patient"}
        cohorts = [one["digest"] for one in subjects if one["kind"] == "cohort" and one["digest"]]
        found = frozenset[str]().union(*(self._cohort(digest) for digest in cohorts))
        for model in models:
            self._of_model.setdefault(model, set()).update(found)
        return sorted(named | (found if event.record["type"] in _TOUCHING else frozenset()))

    def _models(self, event: Event, payload: Mapping[str, Any]) -> set[str]:
        subjects = event.record["subjects"]
        named = {one["name"].partition("@")[0] for one in subjects if one["kind"] in _OF_MODEL}
        return named | ({str(payload["model"])} if "model" in payload else set())

    def _cohort(self, digest: str) -> frozenset[str]:
        if digest not in self._known:
            self._known[digest] = frozenset(self._manifest(digest))
        return self._known[digest]

    def _batch(self, payload: Mapping[str, Any]) -> set[str]:
        found: set[str] = set()
        for segment in payload.get("segments", ()):
            for patient, study in self._rows(str(payload["table"]), str(segment)):
                if patient and study:
                    self._of_study[study] = patient
                whose = patient or self._of_study.get(study, "")
                found |= {whose} if whose else set()
        return found
