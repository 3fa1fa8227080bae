"""What the ledger told of third-party models: which are on the inventory, and where they are said to run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sqlalchemy.orm import Session

from registry.domain.digest import digest_value
from registry.domain.errors import UsageError
from registry.domain.lifecycle import DeploymentState
from registry.history import told_events

REGISTERED, DEPLOYED, STOPPED = "external.registered", "external.deployed", "external.stopped"


@dataclass(frozen=True)
class ExternalModel:
    """A version of a third-party model, as it was declared.

    Attributes:
        model, version: the name under which its results come in, and the vendor's version.
        vendor, product: who makes it and what it is called there.
        regulatory_id: a clearance or certificate number.
        udi: the unique device identifier, if known.
        target: the clinical question that it answers.
        intended_use, owner, tier, contract: as declared; empty where nobody did.
        person, at, event_seq: who put it on the inventory, when, by which event.
    """

    model: str
    version: str
    vendor: str
    product: str
    regulatory_id: str
    target: str
    udi: str = ""
    intended_use: str = ""
    owner: str = ""
    tier: str = ""
    contract: str = ""
    person: str = ""
    at: str = ""
    event_seq: int = -1

    @property
    def name(self) -> str:
        """`model@version`."""
        return f"{self.model}@{self.version}"

    @property
    def declared(self) -> dict[str, str]:
        """What was declared, without who and when."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _KEPT}

    @property
    def identity(self) -> str:
        """Digest of the declared identity: all there is in the place of a digest of files."""
        return digest_value({key: self.declared[key] for key in _IDENTITY})


@dataclass(frozen=True)
class ExternalDeployment:
    """A third-party model at a site, on record: its mode, or `stopped`, with the fallback then."""

    deployment: str
    model: str
    version: str
    site: str
    target: str
    mode: str
    state: str
    started_at: str
    signature: str
    event_seq: int
    fallback: str = ""


@dataclass
class ToldExternals:
    """What the ledger told of third-party models."""

    models: dict[str, ExternalModel] = field(default_factory=dict)
    deployments: dict[str, ExternalDeployment] = field(default_factory=dict)


_KEPT = frozenset({"person", "at", "event_seq"})
_IDENTITY = ("model", "version", "vendor", "product", "regulatory_id", "udi", "target")


def is_external(session: Session, model: str) -> bool:
    """Say whether a third party's results come in under this name."""
    return any(known.model == model for known in told_externals(session).models.values())


def require_not_external(session: Session, model: str) -> None:
    """Refuse a name under which a third party's results come in.

    Raises:
        UsageError: when the name is taken.
    """
    if is_external(session, model):
        raise UsageError(f"'{model}' is a third-party model", mend="take another name")


def told_externals(session: Session) -> ToldExternals:
    """Return everything that the ledger told of third-party models."""
    told = ToldExternals()
    for event, payload in told_events(session, (REGISTERED, DEPLOYED, STOPPED)):
        kind, at = event.record["type"], event.record["at"]
        if kind == REGISTERED:
            one = ExternalModel(**payload, person=event.record["actor"]["person"], at=at, event_seq=event.seq)
            told.models[one.name] = one
        elif kind == DEPLOYED:
            model = told.models[f"{payload['model']}@{payload['version']}"]
            signature = next(one["digest"] for one in event.record["subjects"] if one["kind"] == "signature")
            told.deployments[payload["deployment"]] = placed(model, payload, at, signature, event.seq)
        else:
            known = told.deployments[payload["deployment"]]
            ended = replace(known, state=DeploymentState.STOPPED.value, fallback=payload["fallback"])
            told.deployments[known.deployment] = ended
    return told


def placed(model: ExternalModel, told: Mapping[str, Any], at: str, signature: str, seq: int) -> ExternalDeployment:
    """Return a deployment as its event tells it."""
    place = (told["deployment"], model.model, model.version, told["site"], model.target)
    return ExternalDeployment(*place, told["mode"], told["mode"], at, signature, seq)
