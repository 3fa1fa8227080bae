"""Evidence of earlier days in the workspace: blocks are objects, told in the ledger like the counts of days.

A block is used only under the digest of everything that its evidence depends on, as the ledger told it, with the bytes
of its digest; what was edited by hand is looked for anew.
"""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

import monitors.watch
from pipelines.bootstrap import Workspace
from registry.day_counts import DayVersion, Whose
from registry.domain.digest import digest_bytes, digest_value
from registry.domain.errors import ArtifactChangedError


@dataclass(frozen=True)
class StoredEvidence:
    """The blocks of a model in a workspace.

    Attributes:
        workspace: whose objects and ledger.
        whose: whose evidence.
        tables: per observation table the number of its newest segment, told with what is stored.
        mended: the blocks of which a stored version was there and was not what the ledger told.
    """

    workspace: Workspace
    whose: Whose
    tables: Mapping[str, int]
    mended: list[str] = field(default_factory=list)

    def read(self, wanted: Mapping[int, str]) -> Mapping[int, bytes]:
        """Return what is kept of blocks and holds."""
        versions = {at: _version(at, digest) for at, digest in wanted.items()}
        proven = self.workspace.day_counts.proven(self.whose, list(versions.values()))
        self.mended.extend(proven.broken)
        found = {}
        for at, version in versions.items():
            if version in proven.digests:
                try:
                    found[at] = self.workspace.objects.get(proven.digests[version])
                except ArtifactChangedError:  # it is looked for anew, and stored once more
                    self.mended.append(version.day)
        return found

    def keep(self, fresh: Mapping[int, tuple[str, bytes]]) -> None:
        """Store blocks, and tell of them in the ledger."""
        made = {_version(at, digest): data for at, (digest, data) in fresh.items()}
        self.workspace.day_counts.store(self.whose, made, self.tables, self.workspace.actor)


@cache
def evidence_recipe() -> str:
    """Return the digest of what looks for evidence: with another one every kept block is an old version."""
    files = sorted(Path(monitors.watch.__path__[0]).glob("*.py"))
    sources = [[file.name, digest_bytes(file.read_bytes())] for file in files]
    return digest_value([sources, np.__version__, platform.machine()])


def _version(block: int, digest: str) -> DayVersion:
    return DayVersion(f"watch-{block:04}", evidence_recipe(), digest)
