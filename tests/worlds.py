"""A small workspace for tests of people, decisions and serving: real database, real keys, real signatures."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fakes import FakeClock
from ledgers import SERVICE
from sqlalchemy import text

from registry.database import migrate, open_database
from registry.domain.canonical import canonical_bytes
from registry.domain.cohort import Cohort, CohortUnit
from registry.domain.digest import digest_bytes
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.lifecycle import VersionState
from registry.domain.model import Deployment, Evaluation, ModelVersion, OperatingPoint
from registry.domain.person import LOCAL_ADMINISTRATOR, UNAUTHENTICATED, Actor, PersonRole, actor_record
from registry.domain.vocabulary import Role, Verdict
from registry.keys import Signer
from registry.ledger.log_key import LogKey
from registry.ledger.store import Ledger
from registry.lifecycle import Lifecycle
from registry.objects import FileObjects
from registry.people import People
from registry.schema import CohortRow, SiteRow
from registry.training import record_training

PASSPHRASE = "a horse that reads magnets"
MODEL, TARGET = "sarcoma-visible", "sarcoma-visible"
STAFF = {
    "erin": PersonRole.ENGINEER,
    "vera": PersonRole.VALIDATOR,
    "quinn": PersonRole.QUALITY_OFFICER,
    "clara": PersonRole.CLINICAL_LEAD,
    "otto": PersonRole.OVERSIGHT,
}
ERIN = Actor("erin", PersonRole.ENGINEER.value, "session")
ARTIFACT = digest_bytes(b"artifact")
PROTOCOL = digest_bytes(b"protocol")
COHORTS = {
    "train": (Role.TRAIN, "general"),
    "tune": (Role.TUNE, "general"),
    "internal": (Role.INTERNAL_TEST, "general"),
    "transfer": (Role.TRANSFER_TEST, "general"),
    "external": (Role.EXTERNAL_TEST, "elsewhere"),
}
SITES = ("general", "reference", "elsewhere")


def teach(people: People, *persons: str) -> None:
    """Record for each person the one course that signing takes, for two years."""
    for person in persons:
        record_training(people, person, "overread", people.clock.now() + timedelta(days=731), LOCAL_ADMINISTRATOR)


class World:
    """A workspace folder with everything open."""

    def __init__(self, root: Path, at: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC), url: str = "") -> None:
        self.root = root
        self.clock = FakeClock(at)
        place = root / "log.pem"
        key = LogKey.load(place) if place.exists() else LogKey.make(place)
        self.ledger = Ledger(open_database(url or f"sqlite:///{root / 'overread.db'}"), key, self.clock, SERVICE)
        self.people = People(self.ledger, root / "keys" / "persons", self.clock)
        self.objects = FileObjects(root / "objects")
        self.lifecycle = Lifecycle(self.ledger, self.people, self.objects, self.clock)

    @classmethod
    def found(cls, root: Path, url: str = "") -> "World":
        """Make a workspace with staff, sites and cohorts, on SQLite or by a URL; copies of it are quick."""
        world = cls(root, url=url)
        migrate(world.ledger.engine)
        for person, role in STAFF.items():
            world.people.add(person, person.title(), (role,), PASSPHRASE, LOCAL_ADMINISTRATOR)
        teach(world.people, *STAFF)
        with world.ledger.transaction() as tx:
            tx.session.add_all(SiteRow(site=site, time_zone="UTC") for site in SITES)
        for name, (role, site) in COHORTS.items():
            world.freeze(name, role, site)
        world.close()
        return world

    def copy(self, root: Path, url: str = "") -> "World":
        """Return a copy of the workspace an hour later; on PostgreSQL the URL is that of a copy of the database."""
        shutil.copytree(self.root, root)
        return World(root, datetime(2026, 3, 2, 10, 0, tzinfo=UTC), url)

    def close(self) -> None:
        """Let go of the database."""
        self.ledger.engine.dispose()

    def signer(self, person: str) -> Signer:
        """Unlock a member of the staff."""
        return self.people.unlock(person, PASSPHRASE)

    def freeze(self, name: str, role: Role, site: str, patients: str | None = None) -> Cohort:
        """Freeze a cohort of two patients of one site, named after the cohort unless told otherwise."""
        whose = patients or name
        units = tuple(
            CohortUnit("study", f"{whose}-{n}", "", f"{whose}-{n}", f"p:{whose}-{n}", site, f"{whose}-scanner", n == 0)
            for n in range(2)
        )
        cohort = Cohort(name, TARGET, role, (), units)
        self.objects.put(canonical_bytes(cohort.to_json()))
        fields = {"name": name, "digest": cohort.digest, "role": role.value, "target": TARGET}
        with self.ledger.transaction() as tx:
            subject = Subject("cohort", name, cohort.digest)
            draft = EventDraft("cohort.frozen", actor_record(UNAUTHENTICATED), (subject,), {**fields, "units": 2})
            seq = tx.append(draft).seq
            tx.session.add(CohortRow(**fields, frozen_at="2026-03-02T09:00:00.000000Z", event_seq=seq))
        return cohort

    def register(self, actor: Actor = ERIN, artifact: str = ARTIFACT, run: str = "run") -> ModelVersion:
        """Register the model's next version."""
        number = self.lifecycle.next_version(MODEL)
        point = OperatingPoint("*", 32768, "tune", "youden")
        draft = ModelVersion(
            model=MODEL,
            version=number,
            target=TARGET,
            state=VersionState.REGISTERED,
            artifact_digest=artifact,
            train_cohort="train",
            tune_cohort="tune",
            operating_points=(point,),
            trained_by=actor.person,
            registered_at="",
            mlflow_run=run,
            mlflow_version="1",
        )
        return self.lifecycle.register(draft, actor)

    def evaluation(self, cohort: str = "internal", verdict: Verdict = Verdict.PASSED, version: str = "1") -> Evaluation:
        """Return an evaluation of a version on a frozen cohort."""
        known = self.lifecycle.version(MODEL, version)
        with self.ledger.transaction() as tx:
            row = tx.session.get_one(CohortRow, cohort)
            role, digest = Role(row.role), row.digest
        return self.evaluation_of(known.artifact_digest, cohort, digest, role, verdict, version)

    @staticmethod
    def evaluation_of(
        artifact: str,
        cohort: str,
        digest: str,
        role: Role,
        verdict: Verdict = Verdict.PASSED,
        version: str = "1",
    ) -> Evaluation:
        """Return an evaluation of given files on a given cohort."""
        return Evaluation(
            model=MODEL,
            version=version,
            artifact_digest=artifact,
            cohort=cohort,
            cohort_digest=digest,
            cohort_role=role,
            protocol_digest=PROTOCOL,
            threshold=0.5,
            metrics=(),
            criteria=(),
            verdict=verdict,
            why="as measured",
            scores_digest=digest_bytes(b"scores"),
        )

    def evaluate(self, cohort: str = "internal", verdict: Verdict = Verdict.PASSED, version: str = "1") -> Event:
        """Put an evaluation on record."""
        return self.lifecycle.record_evaluation(self.evaluation(cohort, verdict, version), ERIN)

    def ready(self, *cohorts: str) -> "World":
        """Register a version, evaluate it on cohorts, submit it and review its risks."""
        self.register()
        for cohort in cohorts:
            self.evaluate(cohort)
        self.lifecycle.submit(MODEL, "1", self.signer("erin"))
        self.lifecycle.risk_review(MODEL, "1", self.signer("vera"))
        return self

    def approved(self) -> "World":
        """Bring version 1 to approval by the whole quorum."""
        self.ready("internal", "external")
        self.lifecycle.approve(MODEL, "1", self.signer("quinn"))
        self.lifecycle.approve(MODEL, "1", self.signer("clara"))
        return self

    def approve(self, version: str) -> None:
        """Bring a registered version to approval by the whole quorum."""
        for cohort in ("internal", "external"):
            self.evaluate(cohort, version=version)
        self.lifecycle.submit(MODEL, version, self.signer("erin"))
        self.lifecycle.risk_review(MODEL, version, self.signer("vera"))
        self.lifecycle.approve(MODEL, version, self.signer("quinn"))
        self.lifecycle.approve(MODEL, version, self.signer("clara"))

    def deploy(self, version: str, mode: str, site: str = "general") -> Deployment:
        """Deploy a version in a mode, with its evaluation on the site's units as acceptance."""
        cohort = "internal" if site == "general" else "external"
        accepted = {one.cohort: one.digest for one in self.lifecycle.evaluations(MODEL, version)}
        digest = None if mode == "shadow" else accepted[cohort]
        return self.lifecycle.deploy(MODEL, version, site, mode, self.signer("clara"), "as planned", digest)

    def go_live(self, version: str, site: str = "general") -> Deployment:
        """Bring an approved version to live use at a site; what is live there is stopped first."""
        self.deploy(version, "shadow", site)
        self.deploy(version, "pilot", site)
        for one in self.lifecycle.deployments(MODEL):
            if (one.site, one.state) == (site, "live"):
                self.lifecycle.stop(one.deployment, self.signer("clara"), "the next version")
        return self.deploy(version, "live", site)

    def refuse_events(self) -> None:
        """Make the database refuse every further event, with an error that says `full`."""
        refusal = {
            "sqlite": "CREATE TRIGGER full BEFORE INSERT ON ledger_entries BEGIN SELECT RAISE(ABORT, 'full'); END",
            "postgresql": 'ALTER TABLE ledger_entries ADD CONSTRAINT "full" CHECK (seq < 0) NOT VALID',
        }
        with self.ledger.engine.begin() as connection:
            connection.execute(text(refusal[connection.dialect.name]))

    @property
    def state(self) -> VersionState:
        """State of version 1."""
        return self.lifecycle.version(MODEL, "1").state

    def told(self, event_type: str) -> list[dict[str, Any]]:
        """Return the payloads of all events of a type, newest first."""
        found = [event for event in self.ledger.events(last=1000) if event.record["type"] == event_type]
        return [self.ledger.payload(event.seq) or {} for event in found]
