"""Which version was live at a site at an instant, from the ledger alone, against a simulator that kept the truth."""

import random
from bisect import bisect_right
from datetime import datetime, timedelta

from sqlalchemy import text
from worlds import MODEL, World

from registry.database import reading
from registry.domain.errors import OverreadError
from registry.domain.instants import instant_text
from registry.live_intervals import intervals

SITES = ("general", "elsewhere")
INSTANTS = 1000


class Simulator:
    """Lives through random stops, resumptions, roll-backs and emergencies, and writes down what was live when."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = random.Random(seed)
        self.ends: list[str] = []
        self.truth: dict[str, list[tuple[str, str | None]]] = {site: [("", None)] for site in SITES}

    def note(self) -> None:
        """Write down what is live now at each site."""
        live = {one.site: one.version for one in self.world.lifecycle.deployments() if one.state == "live"}
        at = instant_text(self.world.clock.at)
        for site in SITES:
            if self.truth[site][-1][1] != live.get(site):
                self.truth[site].append((at, live.get(site)))

    def live_at(self, site: str, instant: str) -> str | None:
        """Return the version that was live at an instant."""
        story = self.truth[site]
        return story[bisect_right([at for at, _ in story], instant) - 1][1]

    def act(self) -> None:
        """Do one random thing; a refusal is as good as any."""
        world, site = self.world, self.random.choice(SITES)
        placed = [one for one in world.lifecycle.deployments() if one.site == site]
        acts = [
            lambda: [
                world.lifecycle.stop(one.deployment, world.signer("clara"), "none")
                for one in placed
                if one.state == "live"
            ],
            lambda: world.lifecycle.resume(self.random.choice(placed).deployment, world.signer("clara")),
            lambda: world.lifecycle.roll_back(MODEL, site, world.signer("clara"), "none"),
            lambda: self.break_glass(site),
        ]
        try:
            self.random.choice(acts)()
        except OverreadError:
            return

    def stop(self, site: str) -> None:
        """Stop what is live at a site."""
        for one in self.world.lifecycle.deployments():
            if (one.site, one.state) == (site, "live"):
                self.world.lifecycle.stop(one.deployment, self.world.signer("clara"), "none")

    def break_glass(self, site: str) -> None:
        """Break the glass for an hour, and remember when that ends."""
        signer = self.world.signer("clara")
        found = self.world.lifecycle.break_glass(
            MODEL, self.random.choice("12"), site, signer, "none", "no triage", hours=1
        )
        self.ends += [use.until for use in self.world.lifecycle.emergencies() if use.deployment == found.deployment]

    def wait(self, minutes: int) -> None:
        """Let time go by, and look at each instant at which an emergency ends."""
        until = self.world.clock.at + timedelta(minutes=minutes)
        for end in sorted(datetime.fromisoformat(one) for one in self.ends):
            if self.world.clock.at < end <= until:
                self.world.clock.at = end
                self.note()
        self.world.clock.at = max(until, self.world.clock.at)
        self.note()

    def live_through(self, acts: int) -> None:
        """Bring two versions live at both sites, then act at random."""
        for number in ("1", "2"):
            self.world.register()
            self.world.approve(number)
            for site in SITES:
                self.world.go_live(number, site)
                self.note()
                self.wait(self.random.randrange(1, 600))
        for _ in range(acts):
            self.act()
            self.note()
            self.wait(self.random.randrange(1, 200))


def test_a_thousand_random_instants_are_answered_as_it_was(world: World) -> None:
    simulator = Simulator(world, seed=5)
    simulator.live_through(acts=40)
    end = world.clock.at
    with world.ledger.engine.begin() as connection:  # the answer rests on no row that could be edited
        connection.execute(text("UPDATE deployments SET state = 'ended', site = 'reference', version = '9'"))
    draw = random.Random(7)
    start = datetime.fromisoformat("2026-03-02T09:00:00+00:00")
    span = (end - start).total_seconds()
    changes = {at for story in simulator.truth.values() for at, _ in story[1:]}
    assert len(changes) > 15
    wrong = []
    with reading(world.ledger.engine) as session:
        told = {site: intervals(session, site) for site in SITES}
    for _ in range(INSTANTS):
        site = draw.choice(SITES)
        instant = instant_text(datetime.fromtimestamp(start.timestamp() + draw.random() * span, start.tzinfo))
        if near(instant, changes):
            continue
        found = [one.version for one in told[site] if one.mode == "live" and one.covers(instant)]
        truth = simulator.live_at(site, instant)
        wrong += [] if found == ([] if truth is None else [truth]) else [(site, instant, found, truth)]
    assert wrong == []


def near(instant: str, changes: set[str]) -> bool:
    """Say whether an instant lies within a second of a change; the fake clock moves while a change is made."""
    at = datetime.fromisoformat(instant)
    return any(abs((datetime.fromisoformat(one) - at).total_seconds()) < 1 for one in changes)
