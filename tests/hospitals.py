"""A workspace with a registered model, a store of files and the serving gate, for tests of what is served."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import text
from worlds import MODEL, World

from registry.domain.artifact import folder_digest
from registry.domain.errors import ArtifactChangedError, OverreadError
from registry.domain.model import Deployment
from registry.domain.ports import ModelStore, StoredVersion
from registry.gate import ServingGate
from registry.release_signature import ReleaseKey, sign_release

SITE = "general"


class FolderModels:
    """A model store in plain folders; keeps the contract of ModelStore."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.versions: dict[str, str] = {}
        self.aliases: tuple[str, ...] = ()

    def register(
        self, model: str, folder: Path, params: Mapping[str, str], metrics: Mapping[str, float]
    ) -> tuple[str, str]:
        """Copy the folder."""
        del model, params, metrics
        shutil.copytree(folder, self.root / "run" / "model")
        self.versions["1"] = "run"
        return "run", "1"

    def run_of(self, model: str, version: str) -> str | None:
        """Return the run of a version."""
        del model
        return self.versions.get(version)

    def inventory(self) -> list[StoredVersion]:
        """Return what there is."""
        return [StoredVersion(MODEL, version, run, self.aliases) for version, run in self.versions.items()]

    def download(self, run_id: str, destination: Path) -> Path:
        """Copy it out again."""
        if not (self.root / run_id).is_dir():
            raise ArtifactChangedError("the model store no longer has the model's files")
        return Path(shutil.copytree(self.root / run_id / "model", destination / "model", symlinks=True))


class Hospital:
    """A workspace with a registered model, a store and a gate."""

    def __init__(
        self, world: World, models: ModelStore, folder: Path, more: Mapping[str, bytes] = MappingProxyType({})
    ) -> None:
        self.world = world
        self.folder = folder
        folder.mkdir()
        (folder / "network.json").write_text('{"class": "DenseNet121"}')
        (folder / "model.safetensors").write_bytes(bytes(range(256)))
        for name, data in more.items():
            (folder / name).write_bytes(data)
        run, _ = models.register(MODEL, folder, {}, {})
        world.register(artifact=folder_digest(folder), run=run)
        world.evaluate("internal")
        self.gate = ServingGate(world.ledger, world.lifecycle, world.people, models, world.root)

    def deploy(self, mode: str = "shadow") -> Deployment:
        """Deploy version 1, with its internal evaluation as the site's acceptance."""
        (accept, *_) = self.world.lifecycle.evaluations(MODEL, "1")
        return self.world.lifecycle.deploy(
            MODEL, "1", SITE, mode, self.world.signer("clara"), "go", None if mode == "shadow" else accept.digest
        )

    def approve(self) -> None:
        """Bring version 1 to approval."""
        self.world.evaluate("external")
        lifecycle, signer = self.world.lifecycle, self.world.signer
        lifecycle.submit(MODEL, "1", signer("erin"))
        lifecycle.risk_review(MODEL, "1", signer("vera"))
        lifecycle.approve(MODEL, "1", signer("quinn"))
        lifecycle.approve(MODEL, "1", signer("clara"))
        self.release()

    def release(self) -> None:
        """Sign the files for release."""
        key = ReleaseKey.open(self.world.root / "keys" / "release.pem")
        sign_release(self.world.lifecycle.record, key, self.world.lifecycle.version(MODEL, "1"), self.folder)

    def live(self) -> Deployment:
        """Bring version 1 to live use."""
        self.approve()
        self.deploy()
        self.deploy("pilot")
        return self.deploy("live")

    def change(self, sql: str, **values: Any) -> None:
        """Change the database behind the record's back."""
        with self.world.ledger.engine.begin() as connection:
            connection.execute(text(sql), values)

    def refuses(self, error: type[OverreadError], match: str) -> None:
        """Assert that nothing is admitted, no files are left, and the refusal is told with its line."""
        with pytest.raises(error, match=match) as refusal:
            self.gate.admit(MODEL, None, SITE)
        (told,) = self.world.ledger.events(1)
        assert told.record["type"] == "serving.refused"
        assert (self.world.ledger.payload(told.seq) or {})["why"] == refusal.value.line()
        assert not list(self.world.root.glob("serving/*/*"))
