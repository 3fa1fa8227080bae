"""The inventory of models: those that were trained here and those of third parties, with who answers for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pipelines.bootstrap import Workspace
from registry.cards.told import StoredDeclaration, declaration_of, issued_card
from registry.database import reading
from registry.domain.model import Deployment, ModelVersion
from registry.external_models import external_deployments, external_models
from registry.external_told import ExternalDeployment, ExternalModel
from registry.tiers import standing_of

IN_HOUSE = "in-house"


@dataclass(frozen=True)
class InventoryEntry:
    """One version on the inventory; what nobody declared is None.

    `tier` is the risk tier in force for an own model, and what was declared of a third-party one. `state` is the state
    of a version's life; a third-party model is `external`. `sites` are where it
    runs by the record.
    """

    model: str
    version: str
    target: str
    vendor: str
    product: str | None
    regulatory_id: str | None
    udi: str | None
    owner: str | None
    intended_use: str | None
    tier: str | None
    state: str
    sites: tuple[str, ...]
    artifact_digest: str | None
    card: str | None
    event_seq: int | None
    synthetic: bool

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return dict(vars(self)) | {"sites": list(self.sites), "runs_here": self.artifact_digest is not None}


def inventory(workspace: Workspace) -> tuple[InventoryEntry, ...]:
    """Return every version, by name; rejected and retired ones too."""
    record = workspace.lifecycle.record
    own = [_own(workspace, version) for version in workspace.lifecycle.versions()]
    places = external_deployments(record)
    foreign = [_external(one, places) for one in external_models(record)]
    return tuple(sorted((*own, *foreign), key=lambda one: (one.model, len(one.version), one.version)))


def _own(workspace: Workspace, version: ModelVersion) -> InventoryEntry:
    with reading(workspace.engine) as session:
        declared = declaration_of(session, workspace.objects, version.model, version.version)
        card = issued_card(session, version.model, version.version)
    places = workspace.lifecycle.deployments(version.model)
    return InventoryEntry(
        model=version.model,
        version=version.version,
        target=version.target,
        vendor=IN_HOUSE,
        product=None,
        regulatory_id=_said(declared, "regulatory_status"),
        udi=None,
        owner=_said(declared, "owner"),
        intended_use=_said(declared, "intended_use"),
        tier=standing_of(workspace.lifecycle.record, version.model).tier.value,
        state=version.state.value,
        sites=_sites(places, version.version),
        artifact_digest=version.artifact_digest,
        card=None if card is None else card.digest,
        event_seq=None,
        synthetic=version.synthetic,
    )


def _external(model: ExternalModel, places: Iterable[ExternalDeployment]) -> InventoryEntry:
    return InventoryEntry(
        model=model.model,
        version=model.version,
        target=model.target,
        vendor=model.vendor,
        product=model.product,
        regulatory_id=model.regulatory_id,
        udi=model.udi or None,
        owner=model.owner or None,
        intended_use=model.intended_use or None,
        tier=model.tier or None,
        state="external",
        sites=_sites([one for one in places if one.model == model.model], model.version),
        artifact_digest=None,
        card=None,
        event_seq=model.event_seq,
        synthetic=False,
    )


def _said(declared: StoredDeclaration | None, key: str) -> str | None:
    return None if declared is None else declared.record["fields"].get(key)


def _sites(places: Iterable[Deployment | ExternalDeployment], version: str) -> tuple[str, ...]:
    running = {
        f"{one.site}: {one.state}"
        for one in places
        if one.version == version and one.state in {"shadow", "pilot", "live"}
    }
    return tuple(sorted(running))
