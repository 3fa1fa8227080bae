"""A stratum as a person types it: identifiers are replaced as intake replaces them, so that it names what is stored."""

from collections.abc import Callable, Mapping

from pipelines.bootstrap import Workspace
from registry.domain.errors import UnknownNameError
from registry.domain.lifecycle import DeploymentState
from registry.domain.model import Deployment
from registry.domain.pseudonym import Identifier, Pseudonymizer, is_pseudonym
from registry.domain.stratum import Stratum


def stratum_of(workspace: Workspace, text: str) -> Stratum:
    """Read `AXIS=VALUE`; a scanner's serial number, or a protocol's own name, becomes the pseudonym that stands for it.

    Raises:
        UnknownNameError: for an axis or a value that is none.
        UsageError: when there is no value.
    """
    typed = Stratum.parse(text)
    replace = _STORED.get(typed.axis)
    if replace is None or is_pseudonym(typed.value):
        return typed
    return Stratum(typed.axis, replace(workspace.pseudonyms, typed.value))


def deployment_at(workspace: Workspace, model: str, version: str | None, site: str) -> Deployment:
    """Return the deployment of a model at a site: the one that runs, else the newest that has not ended.

    Raises:
        UnknownNameError: when there is no such model or version, or no deployment of it.
    """
    known = workspace.lifecycle.version(model, version)
    found = [
        one
        for one in workspace.lifecycle.deployments(model)
        if one.site == site and one.state != DeploymentState.ENDED and version in {None, one.version}
    ]
    stopped = [one for one in found if one.state == DeploymentState.STOPPED]
    if found and len(stopped) == len(found):
        return found[-1]
    if not found:
        raise UnknownNameError(f"{known.model} is not deployed there", mend="`overread models show` lists where")
    return workspace.lifecycle.running(model, version, site)


def _protocol(pseudonyms: Pseudonymizer, name: str) -> str:
    from pipelines.intake.dicom.acquisition import protocol_name  # noqa: PLC0415 - lazy: pydicom is slow to import

    return protocol_name(name, pseudonyms)


def _scanner(pseudonyms: Pseudonymizer, serial: str) -> str:
    return pseudonyms.of(Identifier.DEVICE, serial)


_STORED: Mapping[str, Callable[[Pseudonymizer, str], str]] = {"scanner": _scanner, "protocol": _protocol}
