"""`overread models`: what is decided about a version, by signature."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli import inventory
from pipelines.cli.console import Json, PassphraseFile, Reason, give
from pipelines.cli.inventory import deployed_external, stopped_external
from registry.domain.dossier import Dossier, SignatureView
from registry.domain.model import Deployment, ModelVersion
from registry.domain.stratum import Suspension

app = typer.Typer(
    no_args_is_help=True,
    help="List versions; submit, review, approve, reject, retire, deploy, stop, resume them, roll them back.",
)
inventory.add_to(app)
Name = Annotated[str, typer.Argument(metavar="MODEL@VERSION", help="The version.")]
InStratum = Annotated[
    str | None,
    typer.Option(
        "--stratum",
        help="Only this stratum: scanner=SERIAL, software_versions=…, protocol=…, sex=F|M|O, age_band=65-79.",
    ),
]
SignerId = Annotated[str, typer.Option("--signer", help="Your person id; the passphrase of your key is asked for.")]


def _document(version: ModelVersion) -> dict[str, Any]:
    points = [point.to_json() for point in version.operating_points]
    return dict(vars(version)) | {"state": version.state.value, "operating_points": points}


@app.command("list", epilog="Example: overread models list")
def list_all(*, as_json: Json = False) -> None:
    """List every version, its state, and until when it is or was approved."""
    from pipelines.cli.opened import here  # noqa: PLC0415 - lazy: --help loads no adapter

    lifecycle = here().lifecycle
    versions = [(version, lifecycle.approval(version.model, version.version)) for version in lifecycle.versions()]
    lines = [
        f"{version.name:32} {version.state.value:22} {approval.valid_until[:10] if approval else '':10} "
        f"{version.artifact_digest}"
        for version, approval in versions
    ]
    documents = [
        _document(version) | {"approval": approval.to_json() if approval else None} for version, approval in versions
    ]
    give({"versions": documents}, lines, as_json=as_json)


@app.command(epilog="Example: overread models show nodule@1")
def show(name: Name, *, as_json: Json = False) -> None:
    """Show one version with its evaluations, signatures and deployments."""
    from pipelines.cli.opened import here, name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.queries import RecordQueries  # noqa: PLC0415 - lazy

    dossier = RecordQueries(here()).dossier(*name_and_version(name), None)
    lines = [f"{dossier.model.name}: {dossier.model.state.value}, {dossier.model.artifact_digest}"]
    lines += [
        f"  evaluation {e.record['cohort']} ({e.record['cohort_role']}): {e.record['verdict']}"
        for e in dossier.evaluations
    ]
    lines += [f"  {line}" for line in approval_lines(dossier)]
    lines += [f"  signature  {_signed_line(one)}" for one in dossier.signatures]
    lines += [
        f"  refused    {one['act']} of {one['person']}, {one['at']}: {one['why']}" for one in dossier.refused_decisions
    ]
    lines += [f"  deployment {d.site}: {d.state} since {d.started_at} ({d.deployment})" for d in dossier.deployments]
    lines += [f"  stratum    {_stratum_line(one)}" for one in dossier.suspensions]
    rules, uses = _by_deployment(here(), dossier)
    lines += [f"  stop rule  {one['rule']}: {one['cause']}, {one['days']} d; {one['fallback']}" for one in rules]
    lines += [
        f"  emergency  {one['deployment']} by {one['broken_by']} until {one['ends']}, countersigned by "
        f"{one['countersigned_by'] or 'nobody'}"
        for one in uses
    ]
    lines += [f"  limit      {limit}" for limit in dossier.limits]
    document = _document(dossier.model) | {
        "evaluations": [dict(entry.record) | {"digest": entry.digest} for entry in dossier.evaluations],
        "approval": dossier.approval,
        "tier": dossier.tier,
        "signatures": [vars(signature) for signature in dossier.signatures],
        "refused_decisions": [dict(one) for one in dossier.refused_decisions],
        "deployments": [vars(deployment) for deployment in dossier.deployments],
        "suspensions": [one.to_json() for one in dossier.suspensions],
        "stop_rules": rules,
        "emergencies": uses,
        "limits": list(dossier.limits),
    }
    give(document, lines, as_json=as_json)


def _by_deployment(workspace: Any, dossier: Dossier) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the stop rules and the emergency uses of a version's deployments."""
    ours = {one.deployment for one in dossier.deployments}
    rules = [one.to_json() for one in workspace.lifecycle.stop_rules() if one.deployment in ours]
    uses = [one.to_json() for one in workspace.lifecycle.emergencies() if one.deployment in ours]
    return rules, uses


def approval_lines(dossier: Dossier) -> list[str]:
    """Say a model's risk tier, and of its version until when it is or was approved."""
    tier = dossier.tier or {}
    lines = [f"tier       {tier['tier']}: approval takes {', '.join(tier['quorum'])}"] if tier else []
    if dossier.approval is not None:
        until, given = dossier.approval["valid_until"], dossier.approval["at"]
        lines.append(f"approval   given {given} in tier {dossier.approval['tier']}, until {until}")
    return lines


def _signed_line(one: SignatureView) -> str:
    whose = f", acting for {one.acting_for}" if one.acting_for else ""
    reason = f" ({one.reason})" if one.reason else ""
    return f"{one.printed_name}, {one.role}{whose}, {one.signed_at}: {one.meaning}{reason}"


def _stratum_line(one: Suspension) -> str:
    until = f" until {one.until}" if one.until else ""
    return f"{one.site}: {one.stratum.text} {one.state}, suspended from {one.since}{until}; {one.fallback}"


def signed(
    act: Callable[..., Any], name: str, signer: str, file: Path | None, reason: str
) -> tuple[dict[str, Any], list[str]]:
    """Unlock the signer's key, do the act, and say where the version stands now."""
    from pipelines.cli.opened import here, name_and_version, signer_of, witness_after  # noqa: PLC0415 - lazy: --help

    workspace = here()
    model, version = name_and_version(name)
    known = workspace.lifecycle.version(model, version)
    outcome = act(workspace, known.model, known.version, signer_of(workspace, signer, file), reason)
    after = workspace.lifecycle.version(known.model, known.version)
    witness_after(workspace)
    return {"version": _document(after), "says": outcome.says}, [f"{after.name}: {after.state.value}; {outcome.says}"]


def _decision(name: str, method: str, sentence: str) -> None:
    def command(
        version: Name,
        signer: SignerId,
        reason: Reason = "",
        passphrase_file: PassphraseFile = None,
        *,
        as_json: Json = False,
    ) -> None:
        def act(workspace: Any, *arguments: Any) -> Any:
            return getattr(workspace.lifecycle, method)(*arguments)

        document, lines = signed(act, version, signer, passphrase_file, reason)
        give(document, lines, as_json=as_json)

    command.__doc__ = sentence
    app.command(name, epilog=f"Example: overread models {name} nodule@1 --signer ann --passphrase-file ann.pass")(
        command
    )


_decision("submit", "submit", "Ask for a decision: an engineer signs that the evidence is complete.")
_decision(
    "risk-review",
    "risk_review",
    "Sign the review of risks and limits; a validator or quality officer, not who trained.",
)
_decision("abstain", "abstain", "Sign that you take no part in the decision; --reason says why and is kept beside it.")
_decision("reject", "reject", "Reject a version, for good.")
_decision("retire", "retire", "Retire an approved version.")


def _deployment(deployment: Deployment) -> tuple[dict[str, Any], list[str]]:
    line = f"{deployment.model}@{deployment.version} at {deployment.site}: {deployment.state} ({deployment.deployment})"
    return dict(vars(deployment)), [line]


@app.command(epilog="Example: overread models deploy nodule@1 --site general --mode shadow --signer cleo")
def deploy(
    name: Name,
    site: Annotated[str, typer.Option("--site", help="Where it runs.")],
    mode: Annotated[str, typer.Option("--mode", help="shadow, pilot or live.")],
    signer: SignerId,
    acceptance: Annotated[
        str | None,
        typer.Option("--acceptance", help="Pilot and live: the site's passed evaluation, by its cohort or digest."),
    ] = None,
    reason: Reason = "",
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Deploy a version at a site: shadow needs a validated version, pilot and live an approved one that it accepted."""
    from pipelines.cli.opened import here, name_and_version, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter

    workspace = here()
    outside = deployed_external(workspace, name, site, mode, (signer, passphrase_file), reason)
    if outside is not None:
        give(*outside, as_json=as_json)
        return
    model, version = name_and_version(name)
    known = workspace.lifecycle.version(model, version)
    key = signer_of(workspace, signer, passphrase_file)
    accepted = {one.cohort: one.digest for one in workspace.lifecycle.evaluations(known.model, known.version)}
    digest = accepted.get(acceptance or "", acceptance)
    deployed = workspace.lifecycle.deploy(known.model, known.version, site, mode, key, reason, acceptance_digest=digest)
    document, lines = _deployment(deployed)
    give(document, lines, as_json=as_json)


def _suspension(found: Suspension) -> tuple[dict[str, Any], list[str]]:
    name = f"{found.model}@{found.version} at {found.site}"
    return found.to_json(), [f"{name}: {found.stratum.text} {found.state}; {found.fallback} ({found.deployment})"]


@app.command(
    epilog="Example: overread models stop nodule@1 --site general --stratum scanner=45001 "
    "--fallback 'read without AI' --signer cleo"
)
def stop(
    name: Name,
    site: Annotated[str, typer.Option("--site", help="Where it runs.")],
    fallback: Annotated[str, typer.Option("--fallback", help="What clinicians do instead.")],
    signer: SignerId,
    stratum: InStratum = None,
    resumer: Annotated[
        str, typer.Option("--resumer", help="Who alone may let it run again: clinical lead or quality officer.")
    ] = "clinical lead",
    reason: Reason = "",
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Stop a deployment at once, or only one stratum of it; one role is enough, and nothing ever waits for more."""
    from pipelines.cli.opened import here, name_and_version, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.strata import deployment_at, stratum_of  # noqa: PLC0415 - lazy

    workspace = here()
    outside = None if stratum else stopped_external(workspace, name, site, fallback, (signer, passphrase_file), reason)
    if outside is not None:
        document, lines = outside
    elif stratum is None:
        running = workspace.lifecycle.running(*name_and_version(name), site)
        key = signer_of(workspace, signer, passphrase_file, urgent=True)
        document, lines = _deployment(workspace.lifecycle.stop(running.deployment, key, fallback, reason, resumer))
    else:
        part = stratum_of(workspace, stratum)
        place = deployment_at(workspace, *name_and_version(name), site)
        key = signer_of(workspace, signer, passphrase_file, urgent=True)
        found = workspace.lifecycle.suspend_stratum(place.deployment, part, key, fallback, reason, resumer)
        document, lines = _suspension(found)
    give(document, lines, as_json=as_json)


@app.command(
    epilog="Example: overread models resume DEPLOYMENT --stratum scanner=45001 --signer cleo --reason 'cause mended'"
)
def resume(
    deployment: Annotated[
        str, typer.Argument(metavar="DEPLOYMENT|MODEL@VERSION", help="The deployment's id, or the version with --site.")
    ],
    signer: SignerId,
    site: Annotated[str | None, typer.Option("--site", help="Where the version is deployed.")] = None,
    stratum: InStratum = None,
    reason: Reason = "",
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Resume a stopped deployment in the mode it had, or a suspended stratum of one."""
    from pipelines.cli.opened import here, name_and_version, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.strata import deployment_at, stratum_of  # noqa: PLC0415 - lazy

    workspace = here()
    part = None if stratum is None else stratum_of(workspace, stratum)
    if site is not None:
        deployment = deployment_at(workspace, *name_and_version(deployment), site).deployment
    key = signer_of(workspace, signer, passphrase_file)
    if part is None:
        document, lines = _deployment(workspace.lifecycle.resume(deployment, key, reason))
    else:
        document, lines = _suspension(workspace.lifecycle.resume_stratum(deployment, part, key, reason))
    give(document, lines, as_json=as_json)


@app.command("serve-check", epilog="Example: overread models serve-check nodule --site general")
def serve_check(
    name: Annotated[str, typer.Argument(metavar="MODEL[@VERSION]", help="The deployed version.")],
    site: Annotated[str, typer.Option("--site", help="Where it is to be served.")],
    *,
    as_json: Json = False,
) -> None:
    """Do what `predict` does before it loads a model, and say what was proved."""
    from pipelines.cli.opened import here, name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter

    with here().gate.admit(*name_and_version(name), site) as admission:
        version, running, size = admission.version, admission.deployment, admission.proof.size
    document = {
        "version": version.name,
        "artifact_digest": version.artifact_digest,
        "mode": running.mode,
        "deployment": running.deployment,
        "event_seq": running.event_seq,
        "ledger_size": size,
    }
    line = (
        f"{version.name} may be served at {site} ({running.mode}): its bytes match {version.artifact_digest}, "
        f"the signature holds, event {running.event_seq} is in the ledger of {size} events"
    )
    give(document, [line], as_json=as_json)
