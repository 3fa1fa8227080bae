"""Verifying an evidence folder offline: with the ledger's key from elsewhere, whatever the file says of itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboards.bundle.anchors import AnchorCheck, Trusted, check_anchors
from dashboards.bundle.archive import unpack
from dashboards.bundle.derived import cohorts_of, derived
from dashboards.bundle.form import (
    BY_DIGEST,
    CHECKPOINT,
    EVENTS,
    MANIFEST,
    NOTE,
    CarriedEvent,
    note_text,
    read_events,
    read_manifest,
)
from dashboards.bundle.model_signature import check_model_signature
from dashboards.bundle.order import comparison_faults, evaluation_faults
from dashboards.bundle.told_keys import ToldKeys
from registry.domain.canonical import NotCanonicalError, parse_canonical
from registry.domain.digest import PREFIX, digest_bytes
from registry.domain.errors import AnswerIsNoError, OverreadError, SignatureBrokenError
from registry.domain.event import Event, parse_event, payload_digest
from registry.domain.roster import PERSON_EVENTS
from registry.ledger.checkpoint import Checkpoint, open_checkpoint
from registry.ledger.merkle import leaf_hash, verify_inclusion
from registry.ledger.note import VerifierKey, verify_note
from registry.signatures import verify

NOBODY = Trusted()
_PERSONS = frozenset(PERSON_EVENTS)
Told = tuple[Mapping[str, Any], Mapping[str, Any] | None]


@dataclass(frozen=True)
class EvidenceReport:
    """What the check of an evidence folder found.

    Attributes:
        verdict: `VERIFIED`, `INCOMPLETE` (all that is there holds, and something is missing) or `BROKEN`.
        model, period, size: what it is about, and the ledger's size; empty while the manifest is not proved.
        checks: what was checked, each with the number of things that held.
        faults: what does not hold.
        missing: kinds of evidence that the exporter says are not there, and what the reviewer asks for and is not.
        notes: who saw the ledger, and when.
    """

    verdict: str
    model: str = ""
    period: str = ""
    size: int = 0
    checks: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        lists = {"faults": list(self.faults), "missing": list(self.missing), "notes": list(self.notes)}
        return dict(vars(self)) | lists | {"checks": dict(self.checks)}


def verify_evidence(place: Path, vkey: str, trusted: Trusted = NOBODY) -> EvidenceReport:
    """Check an evidence folder: note, manifest, digests, checkpoint, proofs, payloads, signatures, order, anchors.

    Args:
        place: the zip file.
        vkey: the ledger's public key, from elsewhere.
        trusted: whose cosignatures and which time authority count, from elsewhere; the folder's own are told alone.

    Raises:
        UnreadableFileError: when the file is not there, or is no zip.
        MalformedNoteError: when `vkey` is no key.
    """
    VerifierKey.parse(vkey)
    try:
        files = unpack(place)
        manifest = _manifest(files, vkey)
    except AnswerIsNoError as error:
        return EvidenceReport("BROKEN", faults=(error.what,))
    return _Check(files, manifest, vkey, trusted).report()


def _manifest(files: Mapping[str, bytes], vkey: str) -> Mapping[str, Any]:
    """Return the manifest once the note over it is signed by the pinned key."""
    if MANIFEST not in files or NOTE not in files:
        raise AnswerIsNoError(f"{MANIFEST} or {NOTE} is missing")
    try:
        signed = verify_note(files[NOTE].decode("utf-8"), [vkey])
    except UnicodeDecodeError as error:
        raise AnswerIsNoError(f"{NOTE} is not a signed note") from error
    manifest = read_manifest(files[MANIFEST])
    size = manifest["ledger"]["size"]
    if signed != note_text(manifest["model"], manifest["period"], size, files[MANIFEST]):
        raise AnswerIsNoError(f"{MANIFEST} is not the one that {NOTE} signs")
    return manifest


class _Check:
    """One check under way, on a manifest that the ledger's key signed."""

    def __init__(self, files: Mapping[str, bytes], manifest: Mapping[str, Any], vkey: str, trusted: Trusted) -> None:
        self._files = files
        self._manifest = manifest
        self._vkey = vkey
        self._trusted = trusted
        self._anchors = AnchorCheck()
        self._events: list[Event] = []
        self._faults: list[str] = []
        self._checks: dict[str, int] = {}
        self._told: dict[int, Told] = {}

    def report(self) -> EvidenceReport:
        """Return the verdict over every check."""
        for title, check in self._steps():
            try:
                self._checks[title] = check()
            except OverreadError as error:
                self._faults.append(error.what)
            except (KeyError, TypeError, ValueError, AttributeError):
                self._faults.append(f"{title}: a record has another form than it must have")
        missing = (*(str(kind) for kind in self._manifest["missing"]), *self._anchors.missing)
        verdict = "BROKEN" if self._faults else "INCOMPLETE" if missing else "VERIFIED"
        notes = tuple(self._anchors.notes)
        model, period, size = (self._manifest[key] for key in ("model", "period", "ledger"))
        return EvidenceReport(verdict, model, period, size["size"], self._checks, tuple(self._faults), missing, notes)

    def _steps(self) -> Sequence[tuple[str, Callable[[], int]]]:
        return (
            ("files", self._check_files),
            ("events", self._check_events),
            ("records", self._check_records),
            ("signatures", self._check_signatures),
            ("evaluations", self._check_protocols),
            ("comparisons", self._check_order),
            ("release signatures", self._check_releases),
            ("anchors", self._check_anchors),
            ("derived files", self._check_derived),
        )

    def _check_files(self) -> int:
        listed, there = self._manifest["files"], set(self._files) - {MANIFEST, NOTE}
        self._faults += [f"'{name}' is listed and not there" for name in sorted(set(listed) - there)]
        self._faults += [f"'{name}' is there and not listed" for name in sorted(there - set(listed))]
        for name in sorted(there & set(listed)):
            told = {"sha256": digest_bytes(self._files[name]), "bytes": len(self._files[name])}
            if listed[name] != told:
                self._faults.append(f"'{name}' has other bytes than the manifest says")
        return len(listed)

    def _check_events(self) -> int:
        checkpoint = open_checkpoint(self._files[CHECKPOINT].decode("utf-8"), self._vkey)
        if checkpoint.size != self._manifest["ledger"]["size"]:
            raise AnswerIsNoError("the checkpoint is of another size than the manifest says")
        events = read_events(self._files[EVENTS])
        for event in events:
            fault = self._event_fault(event, checkpoint)
            if fault:
                self._faults.append(f"event {event.seq} {fault}")
        if [event.seq for event in events] != self._manifest["events"]:
            raise AnswerIsNoError("the events are not those that the manifest cites")
        return len(events)

    def _event_fault(self, carried: CarriedEvent, checkpoint: Checkpoint) -> str:
        leaf = leaf_hash(carried.data)
        if not verify_inclusion(leaf, carried.seq, checkpoint.size, carried.path, checkpoint.root):
            return "does not stand in the signed ledger"
        try:
            event = parse_event(carried.data)
            payload = None if carried.payload is None else parse_canonical(carried.payload)
            bound = carried.payload is None or (
                payload_digest(carried.salt or b"", carried.payload) == event.record["payload_digest"]
            )
        except (NotCanonicalError, ValueError):
            return "is unreadable"
        if event.seq != carried.seq or not bound:
            return "has another number or payload than the ledger's"
        self._told[event.seq] = (event.record, payload)
        self._events.append(event)
        return ""

    def _check_records(self) -> int:
        """Hold every record against its own name, and against an event that names it."""
        named = set(self._named())
        found = 0
        for name, data in sorted(self._files.items()):
            folder, _, rest = name.partition("/")
            if folder in BY_DIGEST:
                digest = digest_bytes(data)
                if rest.split(".")[0] != digest.removeprefix(PREFIX) or digest not in named:
                    self._faults.append(f"no event of the ledger names '{name}'")
                found += 1
        return found

    def _named(self) -> Iterator[str]:
        for record, payload in self._told.values():
            yield from (str(subject["digest"]) for subject in record["subjects"] if subject["digest"])
            yield from _digests(payload)

    def _check_signatures(self) -> int:
        told = (self._told[seq] for seq in sorted(self._told))
        persons = [(record, payload) for record, payload in told if record["type"] in _PERSONS and payload is not None]
        book = ToldKeys(persons)
        found = [name for name in sorted(self._files) if name.startswith("signatures/")]
        for name in found:
            try:
                verify(self._files[name], book)
            except OverreadError as error:
                self._faults.append(f"'{name}': {error.what}")
        return len(found)

    def _check_protocols(self) -> int:
        """Hold each evaluation to a protocol that was frozen before it, as the ledger tells it."""
        frozen: dict[str, int] = {}
        for seq, payload in self._of_type("protocol.frozen"):
            frozen.setdefault(payload["digest"], seq)
        found = self._of_type("evaluation.completed")
        for seq, payload in found:
            name = f"evaluations/{str(payload['digest']).removeprefix(PREFIX)}.json"
            record = parse_canonical(self._files[name])
            if not frozen.get(record["protocol_digest"], seq) < seq:
                self._faults.append(f"the evaluation of event {seq} has no protocol that was frozen before it")
            else:
                self._faults += evaluation_faults(self._files, seq, record)
        return len(found)

    def _of_type(self, kind: str) -> list[tuple[int, Mapping[str, Any]]]:
        return [
            (seq, payload)
            for seq, (record, payload) in sorted(self._told.items())
            if record["type"] == kind and payload is not None
        ]

    def _check_order(self) -> int:
        """Hold each comparison to what was signed and frozen before it, as the ledger tells it."""
        found = self._of_type("candidate.compared")
        for seq, payload in found:
            self._faults += comparison_faults(self._files, self._told, seq, payload)
        return len(found)

    def _check_releases(self) -> int:
        """Hold each release signature against its key and the files that its version was registered with."""
        found = self._of_type("release.signed")
        for seq, payload in found:
            subjects = self._told[seq][0]["subjects"]
            artifact = next(str(one["digest"]) for one in subjects if one["kind"] == "version")
            name = f"model-signatures/{str(payload['bundle']).removeprefix(PREFIX)}.json"
            if name not in self._files:
                self._faults.append(f"'{name}' of event {seq} is not there")
                continue
            try:
                check_model_signature(self._files[name], payload, artifact)
            except SignatureBrokenError as error:
                self._faults.append(f"'{name}': {error.what}")
        return len(found)

    def _check_anchors(self) -> int:
        """Hold what others saw of the ledger against the folder's checkpoint."""
        checkpoint = open_checkpoint(self._files[CHECKPOINT].decode("utf-8"), self._vkey)
        self._anchors = check_anchors(self._files, self._vkey, checkpoint, self._trusted)
        self._faults += self._anchors.faults
        return self._anchors.held

    def _check_derived(self) -> int:
        """Make again what follows from the events, and compare."""
        told = [(event, self._told[event.seq][1] or {}) for event in self._events]
        made = derived(told, cohorts_of(self._files), self._vkey)
        self._faults += [
            f"'{name}' is not what the events tell" for name, data in made.items() if self._files.get(name) != data
        ]
        return len(made)


def _digests(value: Any) -> Iterator[str]:
    """Yield every digest that a payload names, at any depth."""
    if isinstance(value, str) and value.startswith(PREFIX):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _digests(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _digests(inner)
