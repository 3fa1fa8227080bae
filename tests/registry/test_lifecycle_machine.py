"""Whatever is done to the record, the store of files, the database or the clock, nothing illegal is served.

A state machine draws acts of persons, days that pass, files that are overwritten, versions that are deleted from the
store, aliases that are moved, and columns of state that are edited by hand. After every step the gate is asked, and
what it admits is held against a judgement of its own over the ledger's events. That the judgement can fail is shown on
gates with a hole in them.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hospitals import SITE, FolderModels, Hospital
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import text
from worlds import MODEL, STAFF, World

from registry.database import reading
from registry.domain.emergency import COUNTERSIGNED_DAYS
from registry.domain.errors import ExitCode, OverreadError
from registry.domain.instants import instant_text, parse_instant
from registry.domain.lifecycle import DEPLOYMENT_TRANSITIONS, MAY_BREAK_GLASS, MAY_SHADOW, VERSION_TRANSITIONS, step
from registry.domain.person import PersonRole
from registry.domain.vocabulary import Verdict
from registry.history import told_events
from registry.keys import Signer
from registry.release_keys import RELEASED

PEOPLE = st.sampled_from(["erin", "vera", "quinn", "clara", "otto"])
FORGERIES = (
    "UPDATE model_versions SET state = 'approved'",
    "UPDATE model_versions SET state = 'lapsed'",
    "UPDATE deployments SET state = mode",
    "UPDATE deployments SET state = 'live', mode = 'live'",
    "UPDATE deployments SET state = 'stopped'",
    "UPDATE deployments SET state = 'shadow', mode = 'shadow'",
    "DELETE FROM signatures WHERE act = 'approve'",
    "UPDATE person_roles SET role = 'clinical lead' WHERE person = 'otto'",
    "UPDATE model_versions SET submitted_at = '2026-03-02T00:00:00.000000Z'",
)
STRAIGHT: tuple[Callable[[Hospital], object], ...] = (
    lambda hospital: hospital.deploy(),
    lambda hospital: hospital.approve(),
    lambda hospital: hospital.deploy("pilot"),
    lambda hospital: hospital.deploy("live"),
)
SEQUENCES_TO_FIND = 20  # within which a gate with a hole is found
ALLOWED = {ExitCode.ANSWER_IS_NO, ExitCode.USAGE, ExitCode.NOT_ALLOWED}


class Story:
    """What the events of the ledger say, judged here and not by the product."""

    def __init__(self, world: World) -> None:
        self.now = instant_text(world.clock.at)
        with reading(world.ledger.engine) as session:
            self.events = [(one.record["type"], one.record, told) for one, told in told_events(session, _KINDS)]

    def of(self, *kinds: str) -> list[tuple[str, Any, Any]]:
        """Return the events of some kinds, oldest first."""
        return [one for one in self.events if one[0] in kinds]

    def state(self) -> str:
        """Return the version's state, its approval's date taken into account; each step is one of the table."""
        state, until = "registered", ""
        for _, record, payload in self.of("version.transitioned"):
            allowed = step(VERSION_TRANSITIONS, state, str(payload["act"]))
            assert allowed is not None
            assert (payload["source"], payload["target"]) == (state, allowed.target)
            state = allowed.target
            until = subject(record, "valid-until")
        return "lapsed" if state == "approved" and self.now >= until else state

    def approved_by(self) -> dict[str, str]:
        """Return who signed the newest approval, by role; a re-approval starts anew."""
        signed: dict[str, str] = {}
        for kind, record, payload in self.of("version.signed", "version.transitioned"):
            if kind == "version.transitioned":
                signed = signed if payload["target"] == "approved" else {}
            elif payload["act"] == "approve":
                signed[record["actor"]["role"]] = record["actor"]["person"]
        return signed

    def places(self) -> dict[str, dict[str, str]]:
        """Return every deployment's state, mode and end of emergency; each step is of the table, or a second stop."""
        found: dict[str, dict[str, str]] = {}
        for kind, record, payload in self.of(*_ACTS, "emergency.countersigned"):
            place = found.setdefault(payload["deployment"], {"state": "", "mode": "", "ends": ""})
            if kind == "emergency.countersigned":
                assert record["at"] < place["ends"]
                place["ends"] = instant_text(parse_instant(place["since"]) + timedelta(days=COUNTERSIGNED_DAYS))
                continue
            act = _ACTS[kind].format(mode=payload.get("mode"))
            ends = subject(record, "emergency-until")
            allowed = step(DEPLOYMENT_TRANSITIONS, place["state"], "break-glass" if ends else act)
            twice = (act, place["state"]) == ("stop", "stopped")
            assert allowed is not None or twice, (place, act)
            place["state"] = "stopped" if allowed is None else allowed.target
            if kind == "deployment.started":
                place |= {"mode": payload["mode"], "ends": ends, "since": record["at"]}
        return found


_KINDS = (
    "version.signed",
    "version.transitioned",
    "deployment.started",
    "deployment.stopped",
    "deployment.resumed",
    "deployment.ended",
    "emergency.countersigned",
    RELEASED,
)
_ACTS = {
    "deployment.started": "deploy-{mode}",
    "deployment.stopped": "stop",
    "deployment.resumed": "resume-{mode}",
    "deployment.ended": "end",
}


def subject(record: Any, kind: str) -> str:
    """Return the name of an event's subject of a kind."""
    return next((str(one["name"]) for one in record["subjects"] if one["kind"] == kind), "")


def judge_refusal(refusal: OverreadError) -> None:
    """Assert that a refusal is an answer and no failure."""
    assert refusal.exit_code in ALLOWED, refusal.line()


class Machine(RuleBasedStateMachine):
    """One version at one site, and everybody who may touch it."""

    founded: World
    signers: Mapping[str, Signer]
    served: Counter[str]

    @initialize(cut=st.integers(0, len(STRAIGHT)))
    def begin(self, cut: int) -> None:
        """Copy the founded workspace, and go some steps of the straight way."""
        self.folder = Path(tempfile.mkdtemp())
        self.world = self.founded.copy(self.folder / "workspace")
        self.world.__dict__["signer"] = self.unlocked  # deriving a key from a passphrase takes long
        self.models = FolderModels(self.folder / "store")
        self.hospital = Hospital(self.world, self.models, self.folder / "made")
        self.intact = True
        for one in STRAIGHT[:cut]:
            one(self.hospital)

    def teardown(self) -> None:
        """Remove the copy."""
        if hasattr(self, "world"):
            self.world.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def unlocked(self, person: str) -> Signer:
        """Return a member of the staff as somebody who authenticated just now."""
        found = self.signers[person]
        return replace(found, proof={**found.proof, "at": instant_text(self.world.clock.at)})

    def attempt(self, act: Callable[[], object]) -> None:
        """Try an act; a refusal is as good as any answer, an internal error is not."""
        try:
            act()
        except OverreadError as refusal:
            judge_refusal(refusal)

    def placed(self) -> str:
        """Return the newest deployment's id, or of none."""
        found = self.world.lifecycle.deployments()
        return found[-1].deployment if found else "none"

    @rule(cohort=st.sampled_from(["internal", "external"]), verdict=st.sampled_from(list(Verdict)))
    def evaluate(self, cohort: str, verdict: Verdict) -> None:
        """Judge the version."""
        self.attempt(lambda: self.world.evaluate(cohort, verdict))

    @rule(act=st.sampled_from(["submit", "risk_review", "approve", "approve", "reject", "retire"]), person=PEOPLE)
    def decide(self, act: str, person: str) -> None:
        """Sign a decision."""
        self.attempt(lambda: getattr(self.world.lifecycle, act)(MODEL, "1", self.world.signer(person)))

    @rule(mode=st.sampled_from(["shadow", "pilot", "live"]), person=PEOPLE)
    def deploy(self, mode: str, person: str) -> None:
        """Deploy the version."""
        (accept, *_) = self.world.lifecycle.evaluations(MODEL, "1")
        digest = None if mode == "shadow" else accept.digest
        signer = self.world.signer(person)
        self.attempt(lambda: self.world.lifecycle.deploy(MODEL, "1", SITE, mode, signer, "go", digest))

    @rule(act=st.sampled_from(["stop", "resume", "countersign", "break", "roll back", "end approval"]), person=PEOPLE)
    def operate(self, act: str, person: str) -> None:
        """Do what is done with a running version."""
        life, signer = self.world.lifecycle, self.world.signer(person)
        acts: dict[str, Callable[[], object]] = {
            "stop": lambda: life.stop(self.placed(), signer, "read without AI"),
            "resume": lambda: life.resume(self.placed(), signer),
            "countersign": lambda: life.countersign(self.placed(), signer),
            "break": lambda: life.break_glass(MODEL, "1", SITE, signer, "read without AI", "no triage", 12),
            "roll back": lambda: life.roll_back(MODEL, SITE, signer, "read without AI"),
            "end approval": lambda: life.end_approval(MODEL, "1", signer, "recalled"),
        }
        self.attempt(acts[act])

    @rule(tier=st.sampled_from(["low", "medium", "high"]), person=PEOPLE)
    def class_it(self, tier: str, person: str) -> None:
        """Sign the model into a tier."""
        self.attempt(lambda: self.world.lifecycle.sign_tier(MODEL, tier, self.world.signer(person), "as assessed"))

    @rule(hours=st.sampled_from([1, 11, 13, 24 * 8, 24 * 100]))
    def wait(self, hours: int) -> None:
        """Let time go by, within the keys' own time."""
        if self.world.clock.at + timedelta(hours=hours) < parse_instant("2027-02-25T00:00:00Z"):
            self.world.clock.advance(hours=hours)

    @rule(sql=st.sampled_from(FORGERIES))
    def forge(self, sql: str) -> None:
        """Edit the database by hand."""
        with self.world.ledger.engine.begin() as connection:
            connection.execute(text(sql))

    @rule(what=st.sampled_from(["overwrite", "add", "delete", "alias", "mend"]))
    def touch_the_store(self, what: str) -> None:
        """Change what the store of models holds."""
        place = self.models.root / "run" / "model"
        if what == "overwrite":
            (place / "network.json").write_text("{}")
        elif what == "add":
            (place / ".gitattributes").write_text("*")
        elif what == "delete":
            self.models.versions.clear()
        elif what == "alias":
            self.models.aliases = ("champion",)
        else:
            shutil.rmtree(place)
            shutil.copytree(self.hospital.folder, place)
            self.models.versions["1"] = "run"
        self.intact = what == "mend" or (self.intact and what == "alias")

    @invariant()
    def nothing_illegal_is_served(self) -> None:
        """Ask the gate, and judge what it admits."""
        story = Story(self.world)
        state, places = story.state(), story.places()
        try:
            admission = self.hospital.gate.admit(MODEL, None, SITE)
        except OverreadError as refusal:
            judge_refusal(refusal)
            self.served["refused"] += 1
            return
        with admission:
            place = places[admission.deployment.deployment]
        self.served[place["mode"] + " in an emergency" * bool(place["ends"])] += 1
        assert self.intact
        assert place["state"] == place["mode"] == admission.deployment.mode
        if place["ends"]:
            assert story.now < place["ends"]
            assert state in MAY_BREAK_GLASS
        elif place["mode"] == "shadow":
            assert state in MAY_SHADOW
        else:
            self.approved_in_full(story, state)

    def approved_in_full(self, story: Story, state: str) -> None:
        """Assert that the approval is whole, by distinct persons, and the files released."""
        signed = story.approved_by()
        (*_, told) = [one for one in story.of("version.transitioned") if one[2]["target"] == "approved"]
        third = {PersonRole.VALIDATOR, PersonRole.OVERSIGHT} & set(signed)
        assert state == "approved"
        assert {PersonRole.QUALITY_OFFICER, PersonRole.CLINICAL_LEAD} <= set(signed)
        assert third or subject(told[1], "tier") != "high"
        assert len(set(signed.values())) == len(signed)
        assert "erin" not in signed.values()
        assert story.of(RELEASED)


def run(founded: World, examples: int, steps: int, *, control: bool = False) -> Counter[str]:
    """Run the machine over copies of a founded workspace; return how often what was served or refused.

    A failing sequence is told as it was drawn: to look for a shorter one takes longer than the campaign. A `control`
    draws the same sequences every time.
    """
    signers = {person: founded.signer(person) for person in STAFF}
    served: Counter[str] = Counter()
    machine = type("FoundedMachine", (Machine,), {"founded": founded, "signers": signers, "served": served})
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    if control:
        chosen = settings(chosen, derandomize=True, database=None)
    case = machine.TestCase  # type: ignore[attr-defined] - hypothesis makes it
    case.settings = chosen
    case("runTest").runTest()
    return served


def test_nothing_illegal_is_ever_served(founded: World) -> None:
    served = run(founded, examples=6, steps=8)
    assert served["refused"] > 0


def nothing(*_: object, **__: object) -> None:
    """Check nothing: what a gate with a hole does."""


HOLES: Mapping[str, tuple[str, ...]] = {
    "files are not held against the record": (
        "registry.gate.require_folder",
        "registry.gate.require_servable",
        "registry.gate.require_release",
    ),
    "the state is not asked": ("registry.gate.require_state_for", "registry.gate.require_told"),
}


@pytest.mark.parametrize("hole", HOLES)
def test_the_machine_finds_a_gate_with_a_hole(founded: World, hole: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in HOLES[hole]:
        monkeypatch.setattr(name, nothing)
    with pytest.raises(AssertionError):
        run(founded, examples=SEQUENCES_TO_FIND, steps=12, control=True)


@pytest.mark.slow
def test_nothing_illegal_is_served_in_a_long_campaign(founded: World) -> None:
    served = run(founded, examples=100, steps=25)
    assert min(served[mode] for mode in ("shadow", "pilot", "live", "live in an emergency")) > 0
    print(dict(served))  # noqa: T201 - how often each was served
