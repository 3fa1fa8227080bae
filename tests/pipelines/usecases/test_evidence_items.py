"""Release signatures, cosignatures, time stamps and what follows from events are items of the evidence, each checked.

Whoever holds the log's key can list any files: these tests re-sign the manifest after each change, so that only the
item's own check is left to find it.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from command import Command
from opened_worlds import opened
from time_authorities import LocalAuthority, new_authority
from witnesses import new_witness, policy_of, policy_text
from worlds import ERIN, MODEL, World

from dashboards.bundle.anchors import Trusted
from dashboards.bundle.archive import pack, unpack
from dashboards.bundle.derived import DERIVED, DICOM, EMERGENCIES, FHIR, KEYS, MATRIX, MOST_MESSAGES, derived
from dashboards.bundle.form import MANIFEST, NOTE, manifest_bytes, note_text
from dashboards.bundle.verify import EvidenceReport, verify_evidence
from pipelines.bootstrap import Workspace
from pipelines.usecases import stamping
from pipelines.usecases.export_evidence import export_evidence
from pipelines.usecases.witnessing import FOLDER, POLICY
from registry.domain.artifact import folder_digest
from registry.domain.canonical import canonical_bytes
from registry.domain.event import EVENT_TYPES, Event, EventDraft, Subject, new_event
from registry.ledger.anchors import Anchors
from registry.ledger.log_key import LogKey
from registry.ledger.timestamps import read_authority
from registry.release_signature import ReleaseKey, sign_folder, sign_release
from registry.witness import Witness
from registry.witness_client import Asking

Files = dict[str, bytes]
PERIOD = "2026-Q1"
NAME = "quality.example"


class Exported:
    """An evidence folder of a version whose files were signed, whose ledger two others saw, and what made it."""

    def __init__(self, root: Path, world: World) -> None:
        model = root / "model"
        model.mkdir()
        (model / "network.json").write_text("{}")
        version = world.register(ERIN, folder_digest(model))
        self.release_key = ReleaseKey.open(root / "release.pem")
        sign_release(world.lifecycle.record, self.release_key, version, model)
        self.workspace: Workspace = opened(world)
        self.witness: Witness = new_witness(root / "witness", NAME, self.workspace.ledger)
        self.policy = policy_of({"quality": self.witness.key.vkey})
        (self.workspace.root / POLICY).write_text(policy_text({"quality": self.witness.key.vkey}))
        anchors = Anchors(self.workspace.root / FOLDER, self.workspace.ledger.public_vkey)
        asking = Asking(self.workspace.ledger, anchors, self.policy)
        asking.write_requests(root / "exchange")
        Command(self.workspace.root).well("audit", "witness", "answer", root / "witness", root / "exchange")
        asking.take_answers(root / "exchange")
        self.authority: LocalAuthority = new_authority(root / "tsa")
        (self.workspace.root / stamping.AUTHORITY).write_bytes(self.authority.pem)
        world.freeze("later", *self._later())
        checkpoint = stamping.newest(self.workspace)
        request = stamping.request_for(checkpoint.to_text())
        stamping.take(self.workspace, self.authority.answer(request))
        self.place = root / "evidence.zip"
        world.freeze("last", *self._later())
        export_evidence(self.workspace, MODEL, "1", PERIOD, self.place, self.workspace.ledger.head().size)
        self.files = unpack(self.place)
        self.vkey = self.workspace.ledger.public_vkey

    @staticmethod
    def _later() -> tuple[Any, str]:
        from registry.domain.vocabulary import Role

        return Role.TRAIN, "general"

    def signed_anew(self, files: Files, place: Path, base: Files) -> Path:
        """Return a folder of other files whose manifest the log's key signed again."""
        record = json.loads(base[MANIFEST])
        head = {name: value for name, value in record.items() if name not in {"schema", "files"}}
        rest = {name: data for name, data in files.items() if name not in {MANIFEST, NOTE}}
        manifest = manifest_bytes(head, rest)
        text = note_text(record["model"], record["period"], record["ledger"]["size"], manifest)
        note = self.workspace.ledger.sign_evidence(text)
        place.write_bytes(pack(rest | {MANIFEST: manifest, NOTE: note.encode()}))
        return place

    def verdict(
        self, files: Files, place: Path, trusted: Trusted | None = None, base: Files | None = None
    ) -> EvidenceReport:
        return verify_evidence(self.signed_anew(files, place, base or self.files), self.vkey, trusted or Trusted())


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Return the folder, made once."""
    root = tmp_path_factory.mktemp("items")
    return Exported(root, World.found(root / "founded").copy(root / "workspace"))


def one(files: Mapping[str, bytes], start: str, ending: str) -> str:
    return next(name for name in sorted(files) if name.startswith(start) and name.endswith(ending))


def test_every_item_is_there_and_holds(exported: Exported) -> None:
    report = verify_evidence(exported.place, exported.vkey)
    assert report.faults == ()
    assert report.checks["release signatures"] == 1
    assert report.checks["anchors"] == 2
    assert report.checks["derived files"] == len(DERIVED)
    assert set(DERIVED) <= set(exported.files)
    assert any(f"seen by {NAME}" in note for note in report.notes)
    assert any("by certificates of the folder's own" in note for note in report.notes)


def test_a_later_export_carries_the_proof_that_it_continues_the_one_before(exported: Exported, tmp_path: Path) -> None:
    before = json.loads(exported.files[MANIFEST])["ledger"]["size"]
    place = tmp_path / "later.zip"
    export_evidence(exported.workspace, MODEL, "1", PERIOD, place, exported.workspace.ledger.head().size)
    files = unpack(place)
    assert f"anchors/{before}.txt" in files
    assert verify_evidence(place, exported.vkey).faults == ()
    files[f"anchors/{before}.txt"] = exported.workspace.log_key.sign(before, bytes(32)).encode()
    report = exported.verdict(files, tmp_path / "spoilt.zip", base=unpack(place))
    assert report.faults == (f"the anchor of {before} events: the folder's checkpoint does not continue it",)


def test_a_reviewers_own_policy_and_certificates_are_met(exported: Exported) -> None:
    trusted = Trusted(exported.policy, read_authority(exported.authority.pem))
    report = verify_evidence(exported.place, exported.vkey, trusted)
    assert (report.faults, "cosigned" in " ".join(report.missing)) == ((), False)
    assert any(note.endswith("(RFC 3161)") for note in report.notes)


def _without(ending: str) -> Callable[[Exported, Files], None]:
    def spoil(_: Exported, files: Files) -> None:
        del files[one(files, "anchors/", ending)]

    return spoil


def _swapped(exported: Exported, files: Files) -> None:
    """Put the cosignatures of one checkpoint under another."""
    del exported
    first, second = (
        name for name in sorted(files) if name.startswith("anchors/") and name[8].isdigit() and name.endswith(".txt")
    )
    files[first], files[second] = files[second], files[first]


def _forged_cosignature(exported: Exported, files: Files) -> None:
    del exported
    for name in [name for name in files if name.startswith("anchors/") and NAME.encode() in files[name]]:
        if name != "anchors/policy.txt":
            head, _, line = files[name].decode().rpartition(f"— {NAME} ")
            letter = "A" if line[20] != "A" else "B"
            files[name] = f"{head}— {NAME} {line[:20]}{letter}{line[21:]}".encode()


def _stamp_of_another(exported: Exported, files: Files) -> None:
    name = one(files, "anchors/", ".tsr")
    files[name] = exported.authority.answer(stamping.request_for("another text\n"))


def _forged_model_signature(exported: Exported, files: Files) -> None:
    """Sign other files with the release key, and put the bundle where the ledger's one stood."""
    other = exported.place.parent / "other"
    other.mkdir(exist_ok=True)
    (other / "network.json").write_text('{"x": 1}')
    files[one(files, "model-signatures/", ".json")] = sign_folder(exported.release_key, other)


def _no_model_signature(exported: Exported, files: Files) -> None:
    del exported
    del files[one(files, "model-signatures/", ".json")]


def _another_ledger(exported: Exported, files: Files) -> None:
    """Put a checkpoint of a history that the folder's does not continue."""
    name = one(files, "anchors/", ".txt")
    size = int(name.removeprefix("anchors/").removesuffix(".txt"))
    files[name] = exported.workspace.log_key.sign(size, bytes(32)).encode()


SPOILT: Mapping[str, tuple[Callable[[Exported, Files], None], str]] = {
    "a proof removed": (_without(".proof"), "is not there"),
    "two cosigned checkpoints swapped": (_swapped, "another size"),
    "a cosignature forged": (_forged_cosignature, "does not fit the checkpoint"),
    "a time stamp of another text": (_stamp_of_another, "does not hold"),
    "a history that is not continued": (_another_ledger, "does not continue it"),
    "a release signature over other files": (_forged_model_signature, "no event of the ledger names"),
    "a release signature removed": (_no_model_signature, "is not there"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_an_item_that_is_removed_swapped_or_forged_is_found(exported: Exported, tmp_path: Path, kind: str) -> None:
    spoil, says = SPOILT[kind]
    files = dict(exported.files)
    spoil(exported, files)
    report = exported.verdict(files, tmp_path / "spoilt.zip")
    assert report.verdict == "BROKEN"
    assert any(says in fault for fault in report.faults), report.faults


@pytest.mark.parametrize("name", DERIVED)
@pytest.mark.parametrize("how", ["removed", "changed"])
def test_what_follows_from_the_events_is_made_again(exported: Exported, tmp_path: Path, name: str, how: str) -> None:
    files = dict(exported.files)
    if how == "removed":
        del files[name]
    else:
        files[name] = files[name] + b" "
    report = exported.verdict(files, tmp_path / "spoilt.zip")
    assert report.faults == (f"'{name}' is not what the events tell",)


def test_without_its_cosignatures_a_folder_lacks_what_the_policy_asks_for(exported: Exported, tmp_path: Path) -> None:
    files = {name: data for name, data in exported.files.items() if not name.startswith("anchors/")}
    report = exported.verdict(files, tmp_path / "bare.zip", Trusted(exported.policy))
    assert report.faults == ()
    assert report.verdict == "INCOMPLETE"
    assert "a checkpoint that the policy's witnesses cosigned" in report.missing


def test_another_witness_or_another_authority_does_not_do(exported: Exported, tmp_path: Path) -> None:
    other = new_witness(tmp_path / "other", "other.example")
    trusted = Trusted(policy_of({"other": other.key.vkey}))
    assert verify_evidence(exported.place, exported.vkey, trusted).verdict == "INCOMPLETE"
    foreign = read_authority(new_authority(tmp_path / "tsa").pem)
    report = verify_evidence(exported.place, exported.vkey, Trusted(authority=foreign))
    assert report.verdict == "BROKEN"


def test_the_command_takes_policy_and_certificates(exported: Exported, tmp_path: Path) -> None:
    policy, tsa = tmp_path / "policy.txt", tmp_path / "tsa.pem"
    policy.write_text(policy_text({"quality": exported.witness.key.vkey}))
    tsa.write_bytes(exported.authority.pem)
    command = Command(exported.workspace.root)
    words = ("verify", exported.place, "--key", exported.vkey, "--policy", policy, "--tsa", tsa, "--json")
    done = command(*words)
    assert (done.code, done.json["faults"]) == (3, [])  # reports were never issued for this version
    assert command("verify", exported.place, "--key", LogKey.generate().public_vkey, "--policy", policy).code == 1
    assert command("verify", exported.place, "--key", exported.vkey, "--policy", tmp_path / "none").code == 2


def test_the_keys_name_the_log_the_persons_and_the_release_with_their_events(exported: Exported) -> None:
    keys = json.loads(exported.files[KEYS])
    assert keys["log"] == exported.vkey
    assert [one["key_id"] for one in keys["releases"]] == [exported.release_key.key_id]


def test_one_message_a_patient_of_the_cohorts_that_are_carried(exported: Exported) -> None:
    lines = exported.files[FHIR].decode().splitlines()
    assert len(exported.files[DICOM].decode().splitlines()) == len(lines)
    patients = [
        [
            found["what"]["identifier"]["value"]
            for found in json.loads(line).get("entity", ())
            if found["role"]["code"] == "1"
        ]
        for line in lines
    ]
    assert {len(found) for found in patients} == {0, 1}
    assert {name for found in patients for name in found} == {
        f"p:{cohort}-{n}" for cohort in ("train", "tune") for n in (0, 1)
    }


def test_a_great_many_patients_are_left_to_the_audit_export() -> None:
    digest = "sha256:" + "cd" * 32
    manifest = canonical_bytes({"units": [{"patient": f"p:{n}"} for n in range(MOST_MESSAGES)]})
    frozen = _event(1, "cohort.frozen", (Subject("cohort", "c", digest),), {}, "erin")
    other = _event(2, "payload.erased", (), {}, "erin")
    assert derived([(frozen, {})], {digest: manifest}, "origin+1+x")[FHIR].count(b"\n") == MOST_MESSAGES
    files = derived([(frozen, {}), (other, {})], {digest: manifest}, "origin+1+x")
    assert files[FHIR].count(b"\n") == files[DICOM].count(b"\n") == 2


def _event(seq: int, kind: str, subjects: tuple[Subject, ...], payload: Mapping[str, Any], person: str) -> Event:
    actor, keys = {"person": person, "role": "clinical lead", "auth": "signature"}, EVENT_TYPES[kind].payload
    draft = EventDraft(kind, actor, subjects, dict.fromkeys(keys) | dict(payload), "stroke")
    return new_event(
        draft,
        event_id=f"019cadc6-9a80-786b-b695-53d9c720ce{seq:02x}",
        seq=seq,
        at=f"2026-03-02T09:{seq:02d}:00.000000Z",
        payload_digest="sha256:" + "ab" * 32,
        service={"name": "overread"},
    )


def test_emergency_uses_are_told_with_countersignature_and_end_and_none_is_told_as_none() -> None:
    begun = dict.fromkeys(("deployment", "model", "version", "site", "mode", "artifact_digest"), "d1")
    told = [
        (
            _event(
                1,
                "deployment.started",
                (Subject("deployment", "d1"), Subject("emergency-until", "2026-03-03T09:01:00.000000Z")),
                begun,
                "clara",
            ),
            begun,
        ),
        (
            _event(2, "emergency.countersigned", (), {"deployment": "d1", "signature": "s"}, "quinn"),
            {"deployment": "d1", "signature": "s"},
        ),
        (
            _event(3, "deployment.stopped", (), {"deployment": "d1", "fallback": "f"}, "otto"),
            {"deployment": "d1", "fallback": "f"},
        ),
    ]
    (use,) = json.loads(derived(told, {}, "origin+1+x")[EMERGENCIES])["uses"]
    assert (use["broken_by"], use["countersigned_by"], use["stopped_by_event"], use["reason"]) == (
        "clara",
        "quinn",
        3,
        "stroke",
    )
    assert json.loads(derived([], {}, "origin+1+x")[EMERGENCIES])["uses"] == []


def test_the_matrix_tells_roles_courses_and_what_is_asked() -> None:
    added = {"person": "ann", "roles": ["engineer"]}
    passed = {
        "person": "ann",
        "course": "=reading",
        "version": "2",
        "passed_at": "2026-01-01T00:00:00.000000Z",
        "valid_until": "2027-01-01T00:00:00.000000Z",
    }
    asked = {"role": "engineer", "courses": ["=reading@2"]}
    told = [
        (_event(seq, kind, (), payload, "administrator"), payload)
        for seq, (kind, payload) in enumerate(
            [("person.added", added), ("training.recorded", passed), ("training.required", asked)]
        )
    ]
    files = derived(told, {}, "origin+1+x")
    (person,) = json.loads(files[MATRIX])["people"]
    assert (person["person"], person["training"][0]["course"]) == ("ann", "=reading")
    assert b"'=reading" in files["people/training-matrix.csv"]
