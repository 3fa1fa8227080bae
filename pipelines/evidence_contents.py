"""What an evidence folder holds: all that the first N events of the ledger tell of a model, and what they name."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dashboards.bundle.derived import TITLES, cohorts_of, derived
from dashboards.bundle.form import CHECKPOINT, EVENTS, READ_ME, README, CarriedEvent, event_lines
from pipelines.bootstrap import Workspace
from pipelines.evidence_anchors import anchor_files
from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.digest import digest_hex, digest_value
from registry.domain.event import Event
from registry.domain.model import ModelVersion
from registry.domain.roster import PERSON_EVENTS
from registry.ledger.merkle import inclusion_proof, leaf_hash

_FOR_ALL = frozenset({"training.required", "policy.issued"})  # what is asked of everybody who signs
REPORTS = ("html", "json", "pdf")
NEEDED = ("evaluations", "monitor-runs", "reports", "signatures")
_CALLED = frozenset({"version", "artifact", "operating-points"})
_FOLLOWED = {"alert.opened": "alert", "task.opened": "task"}  # later events name only these
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """One event of the ledger with its payload: the bytes, and what they say; None where it was erased."""

    event: Event
    payload: bytes | None
    salt: bytes | None
    told: Json

    @property
    def type(self) -> str:
        """The event's type."""
        return str(self.event.record["type"])


@dataclass
class Contents:
    """Files by name, what each one is, and the events that are cited."""

    files: dict[str, bytes] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    cited: set[int] = field(default_factory=set)

    def add(self, folder: str, digest: str, data: bytes, title: str, ending: str = "json") -> None:
        """Add a record under its digest."""
        name = f"{folder}/{digest_hex(digest)}.{ending}"
        self.files[name], self.titles[name] = data, title

    def missing(self) -> list[str]:
        """Return the kinds of evidence that have to be there and are not."""
        there = {name.partition("/")[0] for name in self.files}
        formats = {name.rpartition(".")[2] for name in self.files if name.startswith("reports/")}
        lacking = [f"report as {ending}" for ending in REPORTS if ending not in formats]
        return [kind for kind in NEEDED if kind not in there and kind != "reports"] + lacking


def entries_until(workspace: Workspace, size: int) -> list[Entry]:
    """Return the first events of the ledger.

    Raises:
        LedgerBrokenError: when the bytes of one are not an event.
    """
    return [
        Entry(event, payload, salt, {} if payload is None else parse_canonical(payload))
        for event, payload, salt in workspace.ledger.entries(size)
    ]


def collect(
    workspace: Workspace, version: ModelVersion, period: tuple[str, tuple[date, date]], entries: list[Entry], note: str
) -> Contents:
    """Collect everything that some first events tell of a model, and of a version and period in particular.

    Args:
        workspace: where the objects are.
        version: the version that the reports speak of.
        period: its text, and its first and last day.
        entries: the first events of the ledger.
        note: the checkpoint that signs just these.

    Raises:
        ArtifactChangedError: when an object is missing or has other bytes.
    """
    contents = Contents()
    ours = _of_model(version.model, entries)
    contents.cited |= {0, *(entry.event.seq for entry in ours)}
    _add_reports(workspace, contents, version, period[0], ours)
    for entry in ours:
        _add_records(workspace, contents, entry, period[1])
    _add_monitor_plans(contents, entries)
    _add_cohorts(workspace, contents, ours, entries)
    _add_signatures(workspace, contents, version.model, entries)
    contents.files[CHECKPOINT] = note.encode()
    leaves = [leaf_hash(entry.event.data) for entry in entries]
    contents.files[EVENTS] = event_lines(_carried(contents, entries, leaves))
    exports = [entry.told["ledger_size"] for entry in ours if entry.type == "evidence.exported" and entry.told]
    contents.files |= anchor_files(workspace, leaves, exports[-1:])
    told = [(entry.event, entry.told) for entry in entries if entry.event.seq in contents.cited]
    contents.files |= derived(told, cohorts_of(contents.files), workspace.ledger.public_vkey)
    contents.titles |= TITLES
    contents.files[README] = READ_ME.encode()
    return contents


def _of_model(model: str, entries: list[Entry]) -> list[Entry]:
    """Return the events that speak of a model, those too that name only an alert or a task of it."""
    ours = [entry for entry in entries if _speaks_of(model, entry)]
    known = {entry.event.seq for entry in ours}
    names = {(key, entry.told.get(key)) for entry in ours for key in [_FOLLOWED.get(entry.type)] if key}
    later = [
        entry
        for entry in entries
        if any((key, entry.told.get(key)) in names for key in _FOLLOWED.values()) and entry.event.seq not in known
    ]
    return sorted([*ours, *later], key=lambda entry: entry.event.seq)


def _speaks_of(model: str, entry: Entry) -> bool:
    subjects = entry.event.record["subjects"]
    called = any(one["kind"] in _CALLED and one["name"].partition("@")[0] == model for one in subjects)
    return called or entry.told.get("model") == model


def _add_reports(
    workspace: Workspace, contents: Contents, version: ModelVersion, period: str, ours: list[Entry]
) -> None:
    for entry in ours:
        told = entry.told
        if entry.type == "report.issued" and (told["version"], told["period"]) == (version.version, period):
            gone = [name for name in contents.files if name.startswith("reports/") and name.endswith(told["format"])]
            for name in gone:  # the newest of a format replaces the one before
                del contents.files[name], contents.titles[name]
            title = f"report of {version.name}, {period}"
            contents.add("reports", told["digest"], workspace.objects.get(told["digest"]), title, told["format"])


def _add_records(workspace: Workspace, contents: Contents, entry: Entry, days: tuple[date, date]) -> None:
    adder = _ADDERS.get(entry.type)
    if adder is not None and entry.told:
        adder(workspace, contents, entry.told, days)


def _add_object(folder: str, title: str) -> Callable[[Workspace, Contents, Json, tuple[date, date]], None]:
    def add(workspace: Workspace, contents: Contents, told: Json, _: tuple[date, date]) -> None:
        words = " ".join(str(told[key]) for key in ("version", "cohort", "verdict") if key in told)
        contents.add(folder, told["digest"], workspace.objects.get(told["digest"]), f"{title} {words}".strip())

    return add


def _add_classification(workspace: Workspace, contents: Contents, told: Json, _: tuple[date, date]) -> None:
    whose = f"of version {told['version']}" if told["version"] else "of a candidate"
    title = f"classification {whose}, {told['stage'].replace('_', ' ')}: {told['scope'].replace('_', ' ')}"
    contents.add("classifications", told["digest"], workspace.objects.get(told["digest"]), title)
    contents.add("facts", told["facts"], workspace.objects.get(told["facts"]), "what a version is made of")


def _add_release(workspace: Workspace, contents: Contents, told: Json, _: tuple[date, date]) -> None:
    title = f"release signature over the files of version {told['version']}"
    contents.add("model-signatures", told["bundle"], workspace.objects.get(told["bundle"]), title)


def _add_run(workspace: Workspace, contents: Contents, told: Json, days: tuple[date, date]) -> None:
    if days[0] <= date.fromisoformat(told["as_of"]) <= days[1]:
        for key, title in (("digest", "monitor run"), ("series", "daily series of the monitor run")):
            contents.add("monitor-runs", told[key], workspace.objects.get(told[key]), f"{title} as of {told['as_of']}")


def _add_alert(workspace: Workspace, contents: Contents, told: Json, days: tuple[date, date]) -> None:
    data = workspace.objects.get(told["record"])
    record = json.loads(data)
    if record["opened"] > days[1].isoformat() or (record.get("closed") or "9") < days[0].isoformat():
        return
    contents.add("alerts", told["record"], data, f"alert {told['alert']} ({told['code']})")


def _add_monitor_plans(contents: Contents, entries: list[Entry]) -> None:
    """Add the monitoring plans of the runs that are cited; the event that adopted one carries it whole."""
    used = {entry.told.get("plan") for entry in entries if _is_cited(contents, entry, "monitor.completed")}
    for entry in entries:
        if entry.type == "plan.adopted" and entry.told.get("digest") in used:
            plan = entry.told["plan"]
            contents.add("monitor-plans", digest_value(plan), canonical_bytes(plan), "monitoring plan")
        if entry.type in ("plan.adopted", "plan.signed") and entry.told.get("digest") in used:
            contents.cited.add(entry.event.seq)


def _is_cited(contents: Contents, entry: Entry, kind: str) -> bool:
    return entry.type == kind and entry.event.seq in contents.cited


def _add_cohorts(workspace: Workspace, contents: Contents, ours: list[Entry], entries: list[Entry]) -> None:
    """Add the manifests of every cohort that the model was fitted or judged on, with the events that froze them."""
    subjects = (subject for entry in ours for subject in entry.event.record["subjects"])
    used = {str(subject["digest"]) for subject in subjects if subject["kind"] == "cohort"}
    names = set(_fitted(workspace, ours))
    for entry in entries:
        if entry.type == "cohort.frozen" and (entry.told["digest"] in used or entry.told["name"] in names):
            told = entry.told
            title = f"cohort {told['name']} ({told['role']})"
            contents.add("cohorts", told["digest"], workspace.objects.get(told["digest"]), title)
            contents.cited.add(entry.event.seq)


def _fitted(workspace: Workspace, ours: list[Entry]) -> Iterator[str]:
    for entry in ours:
        if entry.type == "version.registered" and entry.told:
            version = workspace.lifecycle.version(entry.told["model"], entry.told["version"])
            yield from (version.train_cohort, version.tune_cohort)


def _add_signatures(workspace: Workspace, contents: Contents, model: str, entries: list[Entry]) -> None:
    """Add the envelopes that the cited events name, and everything that was told of those who signed."""
    from registry.monitoring_plans import MONITORING  # noqa: PLC0415 - lazy: SQLAlchemy is slow to import
    from registry.signed import envelopes_of  # noqa: PLC0415 - lazy

    persons = set()
    for found in (*envelopes_of(workspace.engine, model), *envelopes_of(workspace.engine, MONITORING)):
        if found.event_seq in contents.cited:
            contents.add("signatures", found.digest, found.envelope, f"{found.act} by {found.person}")
            persons.add(found.person)
    about = [entry for entry in entries if entry.type in PERSON_EVENTS]
    for entry in about:  # a deputy's signature stands on the role of whom they act for
        if entry.type == "deputy.appointed" and persons & _named(entry):
            persons |= _named(entry)
    contents.cited |= {entry.event.seq for entry in about if persons & _named(entry) or entry.type in _FOR_ALL}


def _named(entry: Entry) -> set[str]:
    return {subject["name"] for subject in entry.event.record["subjects"] if subject["kind"] == "person"}


def _carried(contents: Contents, entries: list[Entry], leaves: list[bytes]) -> Iterator[CarriedEvent]:
    for entry in entries:
        seq = entry.event.seq
        if seq in contents.cited:
            yield CarriedEvent(seq, entry.event.data, entry.payload, entry.salt, inclusion_proof(leaves, seq))


_ADDERS: Mapping[str, Callable[[Workspace, Contents, Json, tuple[date, date]], None]] = {
    "evaluation.completed": _add_object("evaluations", "evaluation of version"),
    "protocol.frozen": _add_object("protocols", "frozen protocol"),
    "candidate.compared": _add_object("comparisons", "comparison of candidate"),
    "change_plan.adopted": _add_object("plans", "change plan"),
    "plan_report.issued": _add_object("plan-reports", "report on the change plan"),
    "release.signed": _add_release,
    "release.prepared": _add_object("releases", "release of"),
    "change.classified": _add_classification,
    "provenance.recorded": _add_object("facts", "what was recorded at the training of"),
    "card.declared": _add_object("declarations", "declaration for the card of version"),
    "card.issued": _add_object("cards", "card of version"),
    "monitor.completed": _add_run,
    "alert.opened": _add_alert,
}
