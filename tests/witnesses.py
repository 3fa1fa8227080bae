"""Witnesses for tests: made in folders, asked by hand, over a real socket or by files."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fakes import FakeClock

from registry.ledger.anchors import Anchors
from registry.ledger.policy import WitnessPolicy, parse_policy
from registry.ledger.store import Ledger
from registry.witness import Witness, make_witness
from registry.witness_client import Asking
from registry.witness_server import make_server


def new_witness(folder: Path, name: str, ledger: Ledger | None = None) -> Witness:
    """Make a witness that trusts a ledger's key."""
    make_witness(folder, name)
    found = Witness(folder, FakeClock())
    if ledger is not None:
        found.trust(ledger.public_vkey)
    return found


def policy_of(witnesses: dict[str, str], quorum: str = "all", urls: dict[str, str] | None = None) -> WitnessPolicy:
    """Return the policy of witnesses by name and vkey, with a quorum of that many of them."""
    return parse_policy(policy_text(witnesses, quorum, urls))


def policy_text(witnesses: dict[str, str], quorum: str = "all", urls: dict[str, str] | None = None) -> str:
    """Return the text of such a policy."""
    lines = [f"witness {name} {vkey} {(urls or {}).get(name, '')}" for name, vkey in witnesses.items()]
    return "\n".join([*lines, f"group q {quorum} {' '.join(witnesses)}", "quorum q", ""])


@contextmanager
def serving(witness: Witness) -> Iterator[str]:
    """Serve a witness on a free loopback port, and give its address."""
    with make_server(witness, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Watched:
    """A ledger with one witness, and the means to ask it."""

    ledger: Ledger
    witness: Witness
    anchors: Anchors
    policy: WitnessPolicy

    @property
    def asking(self) -> Asking:
        """The ledger's side."""
        return Asking(self.ledger, self.anchors, self.policy)

    def cosign(self) -> None:
        """Have the newest checkpoint cosigned, by hand."""
        known = self.witness.latest(self.ledger.head().origin)
        asked = self.asking.request(known.size if known else 0)
        self.asking.keep(asked, self.witness.add_checkpoint(asked.to_text()))


def watched(ledger: Ledger, folder: Path) -> Watched:
    """Give a ledger one witness; cosigned checkpoints go to `folder / witnessed`."""
    witness = new_witness(folder / "witness", "quality.example", ledger)
    anchors = Anchors(folder / "witnessed", ledger.public_vkey)
    return Watched(ledger, witness, anchors, policy_of({"q1": witness.key.vkey}))
