"""A candidate is compared under the plan: in order, counted, kept; and all of it is exported and verified offline."""

import io
import json
import shutil
import stat
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from change_plans import plan_record
from command import Command
from fakes import NoProgress
from intake_workspace import TARGET
from trained_workspace import ERIN, LENIENT, PASSPHRASE, clara, images_of, reopened
from worlds import teach

from dashboards.bundle.archive import pack, unpack
from dashboards.bundle.form import MANIFEST, NOTE
from dashboards.bundle.plan_report import report_bytes
from dashboards.bundle.verify import EvidenceReport, verify_evidence
from pipelines.bootstrap import Workspace
from pipelines.queries import RecordQueries
from pipelines.strata import deployment_at
from pipelines.usecases.compare_candidate import compare_candidate
from pipelines.usecases.export_evidence import export_evidence
from pipelines.usecases.issue_plan_report import issue_plan_report, remade_plan_reports
from pipelines.usecases.judging_methods import judging_methods
from pipelines.usecases.predict import predict
from pipelines.usecases.retraining_figures import retraining_figures
from pipelines.usecases.run_monitors import run_monitors
from pipelines.usecases.train import train
from pipelines.usecases.validate import validate
from registry.change_plans import sign_plan
from registry.comparisons import comparisons_of
from registry.domain.canonical import canonical_bytes, parse_canonical
from registry.domain.digest import digest_bytes
from registry.domain.errors import (
    AnswerIsNoError,
    EvidenceMissingError,
    UnknownNameError,
    UnreadableFileError,
    UsageError,
)
from registry.domain.event import EventDraft, Subject
from registry.domain.instants import parse_instant
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole, actor_record
from registry.domain.pseudonym import Identifier
from registry.domain.stratum import Stratum
from registry.domain.vocabulary import Mode
from registry.ledger.log_key import LogKey

PERIOD = "2026-Q1"


def compare(workspace: Workspace, version: str, cohort: str = "internal", site: str | None = None) -> Any:
    return compare_candidate(workspace, TARGET, version, cohort, site, progress=NoProgress())


def types(workspace: Workspace) -> list[str]:
    return [event.record["type"] for event in workspace.ledger.events(500)]


@pytest.fixture(scope="module")
def changed(trained: Workspace, trained_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Return a workspace of its own with an adopted plan, a compared candidate, a suspension and a monitor run."""
    root = tmp_path_factory.mktemp("changed")
    shutil.copytree(trained.root, root / "workspace")
    workspace = reopened(root)
    workspace.people.add("quinn", "Quinn Q", (PersonRole.QUALITY_OFFICER,), PASSPHRASE, LOCAL_ADMINISTRATOR)
    teach(workspace.people, "quinn")
    train(workspace, TARGET, "train", "tune", device="cpu", epochs=1, seed=5, progress=NoProgress())
    with pytest.raises(EvidenceMissingError, match="no change plan"):
        compare(workspace, "2")
    content = plan_record(TARGET, "internal", looks=2)
    for signer in (workspace.people.unlock("quinn", PASSPHRASE), clara(workspace)):
        sign_plan(workspace.lifecycle.record, content, signer, judging_methods(content))
    compare(workspace, "2")
    place = deployment_at(workspace, TARGET, "1", "general")
    workspace.lifecycle.suspend_stratum(place.deployment, Stratum("sex", "F"), clara(workspace), "read without AI")
    images = [images_of(trained_root) / "general" / "000"]
    predict(workspace, TARGET, "1", images, "general", mode=Mode.SHADOW, progress=NoProgress())
    run_monitors(workspace, TARGET, progress=NoProgress())
    return workspace


def test_the_ledger_proves_that_plan_and_cohort_were_frozen_before_anything_was_scored(changed: Workspace) -> None:
    found = compare(changed, "2")
    order = found["order"]
    told = {key: changed.ledger.event(seq).record["type"] for key, seq in order.items()}
    assert told == {"plan": "change_plan.adopted", "cohort": "cohort.frozen", "frozen": "protocol.frozen"}
    assert max(order["plan"], order["cohort"]) < order["frozen"] < found["event_seq"]
    assert (found["candidate"], found["deployed"], found["original"], found["look"]) == ("2", "1", "1", 1)
    assert json.loads(changed.objects.get(found["digest"]))["verdict"] == found["verdict"]


def test_the_same_look_asked_for_twice_is_one_look(changed: Workspace) -> None:
    before = types(changed)
    assert compare(changed, "2")["digest"] == compare(changed, "2")["digest"]
    assert types(changed) == before


def test_what_a_candidate_learned_and_kept_stands_beside_its_comparison(changed: Workspace) -> None:
    found = compare(changed, "2")
    figures = {one["name"]: one for one in retraining_figures(changed, found)}
    assert list(figures) == ["learning", "potential", "retention"]
    row = next(one for one in found["metrics"] if (one["metric"], one["against"]) == ("auc", "deployed"))
    assert figures["learning"]["value"] == row["difference"]["value"]
    assert figures["learning"]["interval"] == row["difference"]["interval"]


def test_the_page_and_the_dossier_show_candidate_and_deployed_alike(changed: Workspace) -> None:
    for version in ("1", "2"):
        dossier = RecordQueries(changed).dossier(TARGET, version, None)
        assert (dossier.comparisons[0]["look"], dossier.comparisons[0]["candidate"]) == (1, "2")
        assert dossier.change_plan is not None
    assert RecordQueries(changed).dossier(TARGET, "1", None).suspensions[0].stratum.value == "F"


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        (("2", "external"), UsageError, "compares on 'internal'"),
        (("1", "internal"), UsageError, "original version"),
        (("9", "internal"), UnknownNameError, "unknown version"),
        (("2", "internal", "nowhere"), EvidenceMissingError, "no other version"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_no_look_is_spent(
    changed: Workspace, words: tuple[str, ...], error: type[Exception], says: str
) -> None:
    before = types(changed)
    with pytest.raises(error, match=says):
        compare(changed, *words)
    assert types(changed) == before


def exported(workspace: Workspace, place: Path, at: int | None = None) -> tuple[EvidenceReport, dict[str, bytes]]:
    done = export_evidence(workspace, TARGET, "1", PERIOD, place, at)
    assert digest_bytes(place.read_bytes()) == done.digest
    return verify_evidence(place, workspace.ledger.public_vkey), unpack(place)


@pytest.fixture(scope="module")
def folder(changed: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an evidence folder that verifies."""
    place = tmp_path_factory.mktemp("evidence") / "evidence.zip"
    report, _ = exported(changed, place)
    assert (report.verdict, report.faults, report.missing) == ("VERIFIED", (), ())
    return place


def test_it_holds_what_was_decided_and_shown(changed: Workspace, folder: Path) -> None:
    files = unpack(folder)
    kinds = {name.partition("/")[0] for name in files}
    assert kinds >= {"cohorts", "comparisons", "evaluations", "monitor-plans", "monitor-runs", "plans", "protocols"}
    assert {name.rpartition(".")[2] for name in files if name.startswith("reports/")} == {"pdf", "html", "json"}
    manifest = json.loads(files[MANIFEST])
    assert manifest["privacy"]["mode"] == "internal_operations"
    assert manifest["synthetic"] is True
    cited = {changed.ledger.event(seq).record["type"] for seq in manifest["events"]}
    assert cited >= {"key.issued", "stratum.suspended", "change_plan.adopted", "candidate.compared", "cohort.frozen"}
    assert "evidence.exported" in types(changed)


def test_the_same_events_give_the_same_bytes(changed: Workspace, folder: Path, tmp_path: Path) -> None:
    size = json.loads(unpack(folder)[MANIFEST])["ledger"]["size"]
    report, _ = exported(changed, tmp_path / "again.zip", size)
    assert report.verdict == "VERIFIED"
    assert (tmp_path / "again.zip").read_bytes() == folder.read_bytes()


def test_an_earlier_size_lacks_what_came_later_and_says_so(changed: Workspace, tmp_path: Path) -> None:
    seq = min(event.seq for event in changed.ledger.events(500) if event.record["type"] == "candidate.compared")
    report, files = exported(changed, tmp_path / "early.zip", seq)
    assert report.verdict == "INCOMPLETE"
    assert set(report.missing) == {"monitor-runs", "report as html", "report as json", "report as pdf"}
    assert not any(name.startswith("comparisons/") for name in files)
    with pytest.raises(UnknownNameError, match="no checkpoint"):
        export_evidence(changed, TARGET, "1", PERIOD, tmp_path / "none.zip", 10**6)


def test_another_ledgers_key_does_not_verify_it(folder: Path) -> None:
    report = verify_evidence(folder, LogKey.generate().public_vkey)
    assert (report.verdict, report.faults) == ("BROKEN", ("no pinned key signed this note",))


def test_every_file_is_covered_one_changed_byte_is_found(changed: Workspace, folder: Path, tmp_path: Path) -> None:
    files = unpack(folder)
    for name, data in files.items():
        place = tmp_path / "changed.zip"
        spoilt = data[:-2] + bytes([data[-2] ^ 1]) + data[-1:]
        place.write_bytes(pack(files | {name: spoilt}))
        report = verify_evidence(place, changed.ledger.public_vkey)
        assert report.verdict == "BROKEN", name


@pytest.mark.parametrize("spoil", ["remove", "add", "rename"])
def test_a_file_more_or_less_is_found(changed: Workspace, folder: Path, tmp_path: Path, spoil: str) -> None:
    files = unpack(folder)
    name = next(one for one in sorted(files) if one.startswith("evaluations/"))
    if spoil != "add":
        data = files.pop(name)
    if spoil != "remove":
        files["evaluations/more.json"] = data if spoil == "rename" else b"{}"
    place = tmp_path / "changed.zip"
    place.write_bytes(pack(files))
    report = verify_evidence(place, changed.ledger.public_vkey)
    assert report.verdict == "BROKEN"
    assert any("listed" in fault for fault in report.faults)


def hostile(entries: list[tuple[str, bytes]], mode: int = stat.S_IFREG | 0o644, method: int = 8) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in entries:
            entry = zipfile.ZipInfo(name)
            entry.external_attr, entry.compress_type = mode << 16, method
            archive.writestr(entry, data)
    return out.getvalue()


BAD_ZIPS: dict[str, Callable[[], bytes]] = {
    "slip": lambda: hostile([("../../etc/passwd", b"x")]),
    "absolute": lambda: hostile([("/etc/passwd", b"x")]),
    "backslash": lambda: hostile([("a\\..\\b", b"x")]),
    "alike": lambda: hostile([("README.txt", b"x"), ("readme.TXT", b"x")]),
    "link": lambda: hostile([("link", b"/etc/passwd")], stat.S_IFLNK | 0o777),
    "bomb": lambda: hostile([("bomb", bytes(30_000_000))]),
    "method": lambda: hostile([("a", b"x")], method=zipfile.ZIP_LZMA),
    "empty": lambda: hostile([]),
    "unsigned": lambda: hostile([(MANIFEST, b"{}\n"), (NOTE, b"\xff")]),
}


@pytest.mark.parametrize("kind", BAD_ZIPS)
def test_a_hostile_file_is_refused_without_being_written_anywhere(
    changed: Workspace, tmp_path: Path, kind: str
) -> None:
    place = tmp_path / "hostile.zip"
    place.write_bytes(BAD_ZIPS[kind]())
    assert verify_evidence(place, changed.ledger.public_vkey).verdict == "BROKEN"
    assert [path.name for path in tmp_path.iterdir()] == ["hostile.zip"]


def test_what_is_no_zip_is_unreadable(changed: Workspace, tmp_path: Path) -> None:
    place = tmp_path / "words.zip"
    place.write_bytes(b"no zip at all")
    for file in (place, tmp_path / "absent.zip", tmp_path):
        with pytest.raises(UnreadableFileError):
            verify_evidence(file, changed.ledger.public_vkey)


def test_the_commands_end_as_the_contract_says(changed: Workspace, folder: Path, tmp_path: Path) -> None:
    command, key = Command(changed.root), changed.ledger.public_vkey
    assert command("verify", folder, "--key", key).code == 0
    assert command("verify", folder, "--key", key, "--json").json["verdict"] == "VERIFIED"
    assert command("verify", folder, "--key", LogKey.generate().public_vkey).code == 1
    assert command("verify", folder, "--key", "words").code == 2
    assert command("verify", tmp_path / "absent.zip", "--key", key).code == 2
    compared = command("validate", f"{TARGET}@2", "--cohort", "internal", "--against", "deployed", "--json")
    assert compared.json["look"] == 1
    assert compared.code == {"passed": 0, "failed": 1, "not_assessed": 0}[compared.json["verdict"]]
    assert command("plan", "show", TARGET, "--json").json["comparisons"][0]["candidate"] == "2"
    assert "sex=F suspended" in command("models", "show", f"{TARGET}@1").out


def test_a_stratum_is_stopped_and_resumed_by_command(changed: Workspace, tmp_path: Path) -> None:
    command, secret = Command(changed.root), tmp_path / "clara.pass"
    secret.write_text(PASSPHRASE)
    place = (f"{TARGET}@1", "--site", "elsewhere", "--stratum", "scanner=45001")
    signed = ("--signer", "clara", "--passphrase-file", secret)
    done = command("models", "stop", *place, "--fallback", "read without AI", *signed, "--json")
    pseudonym = changed.pseudonyms.of(Identifier.DEVICE, "45001")
    assert (done.code, done.json["stratum"]["value"], done.json["state"]) == (0, pseudonym, "suspended")
    assert command("models", "stop", *place, "--fallback", "read without AI", *signed).code == 1
    assert command("models", "resume", *place, *signed, "--json").json["state"] == "resumed"
    assert command("models", "resume", *place, *signed).code == 1
    assert command("models", "stop", *place[:3], "--stratum", "colour=red", "--fallback", "no AI", *signed).code == 2
    assert "45001" not in done.out + done.err


def swapped(workspace: Workspace, margin: str, plan: int | None = None) -> None:
    """Tell, with the ledger's own key, of a comparison of candidate 2 by other criteria that were frozen afterwards."""
    record = workspace.lifecycle.record
    (kept, *_) = comparisons_of(record, TARGET)
    lax = {"margin_to_original": margin, "margin_to_deployed": margin}
    look = parse_canonical(workspace.objects.get(kept["protocol_digest"]))
    look["acceptance"]["criteria"] = [one | lax for one in look["acceptance"]["criteria"]]
    digest = workspace.objects.put(canonical_bytes(look))
    subjects = (Subject("look", "internal 1", digest), Subject("version", f"{TARGET}@2", kept["artifacts"]["2"]))
    with workspace.ledger.transaction() as tx:
        frozen = tx.append(EventDraft("protocol.frozen", actor_record(ERIN), subjects, {"digest": digest}))
    metrics = [row | {"margin": margin, "verdict": "passed"} for row in kept["metrics"]]
    order = kept["order"] | {"frozen": frozen.seq} | ({} if plan is None else {"plan": plan})
    told = {key: value for key, value in kept.items() if key not in {"digest", "event_seq", "completed_at"}}
    told |= {"metrics": metrics, "order": order, "protocol_digest": digest, "verdict": "passed"}
    mark = workspace.objects.put(canonical_bytes(told))
    subjects = (Subject("version", f"{TARGET}@2", kept["artifacts"]["2"]), Subject("comparison", "internal", mark))
    subjects += (Subject("cohort", kept["cohort"], kept["cohort_digest"]),)
    payload = {"model": TARGET, "version": "2", "digest": mark, "verdict": "passed", "look": 1, "why": "all hold"}
    with workspace.ledger.transaction() as tx:
        tx.append(EventDraft("candidate.compared", actor_record(ERIN), subjects, payload, outcome="passed"))


@pytest.fixture
def copied(changed: Workspace, tmp_path: Path) -> Workspace:
    """Return a copy of the workspace, an hour after its newest event, which a command may have told by true time."""
    shutil.copytree(changed.root, tmp_path / "workspace")
    copy = reopened(tmp_path)
    newest = parse_instant(copy.ledger.events(last=1)[0].record["at"])
    copy.clock.at = max(newest, copy.clock.now()) + timedelta(hours=1)  # type: ignore[attr-defined]  # a fake clock
    return copy


@pytest.mark.parametrize(("plan", "says"), [("the same", "other acceptance criteria"), ("new", "criteria were signed")])
def test_criteria_that_are_swapped_after_scoring_violate_the_order(
    copied: Workspace, tmp_path: Path, plan: str, says: str
) -> None:
    workspace, seq = copied, None
    if plan == "new":
        rules = {"looks": 2, "criteria": [{"metric": "auc", "margin_to_original": 0.49, "margin_to_deployed": 0.49}]}
        content = plan_record(TARGET, "internal", **rules) | {"number": 2}
        for signer in (workspace.people.unlock("quinn", PASSPHRASE), clara(workspace)):
            sign_plan(workspace.lifecycle.record, content, signer, judging_methods(content))
        seq = max(event.seq for event in workspace.ledger.events(500) if event.record["type"] == "change_plan.adopted")
        with pytest.raises(AnswerIsNoError, match="before lesion-visible plan 2"):
            compare(workspace, "2")
    swapped(workspace, "0.49", seq)
    report, _ = exported(workspace, tmp_path / "swapped.zip")
    assert report.verdict == "BROKEN"
    assert any(says in fault and "order is violated" in fault for fault in report.faults)


def test_the_code_that_judges_is_the_one_that_was_signed(changed: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("validation.protocol.code.metric_code", lambda: "sha256:" + "00" * 32)
    before = types(changed)
    with pytest.raises(AnswerIsNoError, match="code that judges is another"):
        compare(changed, "2")
    assert types(changed) == before


def test_an_evaluation_on_the_test_set_is_a_look_judged_at_its_share_of_alpha(copied: Workspace) -> None:
    workspace = copied
    found = validate(workspace, TARGET, "1", "internal", LENIENT, progress=NoProgress())
    assert json.loads(workspace.objects.get(found.protocol_digest))["level"] == "0.975"
    with pytest.raises(AnswerIsNoError, match="budget of 2 looks"):
        validate(workspace, TARGET, "2", "internal", LENIENT, progress=NoProgress())
    assert validate(workspace, TARGET, "1", "internal", LENIENT, progress=NoProgress()) == found


def test_the_budget_of_looks_is_kept(copied: Workspace) -> None:
    for seed in (6, 7):
        train(copied, TARGET, "train", "tune", device="cpu", epochs=1, seed=seed, progress=NoProgress())
    last = compare(copied, "3")
    assert (last["look"], last["warning"]) == (2, "the last of 2 looks at 'internal'")
    with pytest.raises(AnswerIsNoError, match="budget of 2 looks"):
        compare(copied, "4")


def test_the_plan_report_is_made_again_from_the_export_alone_byte_for_byte(copied: Workspace, tmp_path: Path) -> None:
    with pytest.raises(AnswerIsNoError, match="intended use"):
        train(copied, TARGET, "train", "tune", device="cpu", intended_use="rules out", progress=NoProgress())
    issued = issue_plan_report(copied, TARGET, PERIOD)
    assert issue_plan_report(copied, TARGET, PERIOD).digest == issued.digest
    report, files = exported(copied, tmp_path / "evidence.zip")
    assert report.verdict == "VERIFIED"
    (found,) = remade_plan_reports(tmp_path / "evidence.zip")
    assert (found[1], found[0].digest, found[0].record) == (True, issued.digest, issued.record)
    assert files[f"plan-reports/{issued.digest.removeprefix('sha256:')}.json"] == report_bytes(found[0].record)
    again = Command(copied.root)("plan", "report", "--from", tmp_path / "evidence.zip", "--json")
    assert (again.code, again.json["reports"][0]["same"]) == (0, True)


def test_the_plan_report_tells_changes_data_results_and_deviations(copied: Workspace, tmp_path: Path) -> None:
    command, page = Command(copied.root), tmp_path / "report.html"
    done = command.well("plan", "report", TARGET, "--period", PERIOD, "--out", page, "--json").json["report"]
    assert [one["version"] for one in done["changes"]] == ["1", "2"]
    assert {one["name"] for one in done["data"]} == {"train", "tune", "internal"}
    assert [len(one["metrics"]) for one in done["comparisons"]] == [2]
    assert [look["look"] for look in done["test_sets"][0]["made"]] == [1]
    kinds = {one["kind"] for one in done["deviations"]}
    assert (done["comparisons"][0]["verdict"] == "passed") is not any("comparison" in kind for kind in kinds)
    text = page.read_text()
    assert all(word in text for word in ("Changes made", "Deviations", "Results", done["plans"][0]["digest"]))
    assert "<script" not in text
    assert command("plan", "report", TARGET).code == 2
    assert command("plan", "report", TARGET, "--period", "2020").code == 1
