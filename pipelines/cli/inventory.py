"""`overread models inventory` and `register-external`: every model in use, third-party black boxes too."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.console import Json, give
from registry.domain.errors import UsageError

if TYPE_CHECKING:
    from pipelines.bootstrap import Workspace
    from registry.external_told import ExternalDeployment

_ALSO = ("owner", "intended_use", "tier", "contract")
Said = tuple[dict[str, Any], list[str]]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group of models."""
    app.command("inventory", epilog="Example: overread models inventory --json")(inventory)
    app.command(
        "register-external",
        epilog="Example: overread models register-external aortic --vendor ACME --product 'ACME Aorta' "
        "--version 2.1 --regulatory-id K222329 --target aortic-dissection",
    )(register_external)


def inventory(*, as_json: Json = False) -> None:
    """List every version with owner, vendor, intended use, tier, sites and state; what nobody declared is empty."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.inventory import inventory as listed  # noqa: PLC0415 - lazy

    found = listed(here())
    lines = [
        f"{one.model}@{one.version}: {one.vendor}{f', {one.product}' if one.product else ''}; {one.state}; "
        f"{one.target}; owner {one.owner or 'not declared'}; {', '.join(one.sites) or 'runs nowhere'}"
        for one in found
    ]
    give({"models": [one.to_json() for one in found]}, lines, as_json=as_json)


def register_external(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The model's name in its prediction files.")],
    vendor: Annotated[str, typer.Option("--vendor", help="Who makes it.")],
    product: Annotated[str, typer.Option("--product", help="What it is called there.")],
    version: Annotated[str, typer.Option("--version", help="The vendor's version, as in the prediction files.")],
    regulatory_id: Annotated[str, typer.Option("--regulatory-id", help="Clearance or certificate number.")],
    target: Annotated[str, typer.Option("--target", help="The clinical question that it answers.")],
    udi: Annotated[str, typer.Option("--udi", help="Unique device identifier.")] = "",
    also: Annotated[
        list[str] | None,
        typer.Option("--also", help="owner=…, intended_use=…, tier=…, contract=…; may be given several times."),
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Put a third-party model on the inventory by what its vendor declares; Overread holds no files of it.

    Its results come in with `overread ingest predictions` and are monitored like any other's.
    """
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.external_models import register_external as keep  # noqa: PLC0415 - lazy
    from registry.external_told import ExternalModel  # noqa: PLC0415 - lazy

    workspace = here()
    more = _more(also or [])
    asked = ExternalModel(name, version, vendor, product, regulatory_id, target, udi, **more)
    kept = keep(workspace.lifecycle.record, asked, workspace.actor)
    line = (
        f"{kept.name}: {kept.product} of {kept.vendor}, {kept.regulatory_id}, on the inventory (event {kept.event_seq})"
    )
    give(dict(vars(kept)) | {"identity": kept.identity}, [line], as_json=as_json)


def _more(pairs: list[str]) -> dict[str, Any]:
    """Return what `--also` declares.

    Raises:
        UsageError: for a pair that is none, or of an unknown key.
    """
    found = dict(pair.partition("=")[::2] for pair in pairs)
    unknown = sorted(set(found) - set(_ALSO))
    if unknown or not all(found.values()):
        raise UsageError("--also takes KEY=VALUE", mend=f"the keys are {', '.join(_ALSO)}")
    return found


def deployed_external(
    workspace: "Workspace", name: str, site: str, mode: str, signer: tuple[str, Path | None], reason: str
) -> Said | None:
    """Put a third-party model's deployment on record; None when the name is none of one."""
    from pipelines.cli.opened import name_and_version, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.external_models import deploy_external, external_model  # noqa: PLC0415 - lazy

    record = workspace.lifecycle.record
    known = external_model(record, *name_and_version(name))
    if known is None:
        return None
    return _said(deploy_external(record, known, site, mode, signer_of(workspace, *signer), reason))


def stopped_external(
    workspace: "Workspace", name: str, site: str, fallback: str, signer: tuple[str, Path | None], reason: str
) -> Said | None:
    """Put on record that a third-party model no longer runs; None when the name is none of one."""
    from pipelines.cli.opened import name_and_version, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.external_models import external_model, stop_external  # noqa: PLC0415 - lazy

    record = workspace.lifecycle.record
    known = external_model(record, *name_and_version(name))
    if known is None:
        return None
    return _said(stop_external(record, known, site, signer_of(workspace, *signer), fallback, reason))


def _said(found: "ExternalDeployment") -> Said:
    line = f"{found.model}@{found.version} at {found.site}: {found.state} by the record ({found.deployment})"
    return dict(vars(found)), [line]
