"""The software bill of materials: every distribution that stands in this environment (CycloneDX 1.6, ECMA-424, JSON).

It tells what is installed, with the licence that each distribution states, and which of them needs which; it knows of
no vulnerabilities, since they are found after a release: hold it against a database of advisories with a scanner.
"""

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from typing import Any

from registry.domain.digest import digest_uuid, digest_value
from registry.version import __version__

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
OWN = "overread"
Json = dict[str, Any]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LICENCE = "License :: OSI Approved :: "


def software_bill() -> Json:
    """Return the bill of this environment; the same environment gives the same bill."""
    found = {canonical_name(one.name): one for one in distributions() if one.name}
    components = [_component(name, one) for name, one in sorted(found.items()) if name != OWN]
    edges = [_edges(name, one, set(found)) for name, one in sorted(found.items()) if name != OWN]
    root = {"type": "application", "bom-ref": OWN, "name": OWN, "version": __version__}
    needs = _edges(OWN, found[OWN], set(found)) if OWN in found else {"ref": OWN, "dependsOn": []}
    return {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{digest_uuid(digest_value([root, components]))}",
        "version": 1,
        "metadata": {"component": root},
        "components": components,
        "dependencies": [needs, *edges],
    }


def canonical_name(name: str) -> str:
    """Return a distribution's name as the package index spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _component(name: str, one: Distribution) -> Json:
    found = {
        "type": "library",
        "bom-ref": name,
        "name": name,
        "version": one.version,
        "purl": f"pkg:pypi/{name}@{one.version.replace('+', '%2B')}",
    }
    licences = list(_licences(one))
    return found | ({"licenses": licences} if licences else {})


def _licences(one: Distribution) -> Iterator[Json]:
    """Yield what a distribution says of its licence: an SPDX expression, else the names of its classifiers."""
    for expression in one.metadata.get_all("License-Expression") or ():
        yield {"expression": expression}
        return
    for text in one.metadata.get_all("Classifier") or ():
        if text.startswith(_LICENCE):
            yield {"license": {"name": text.removeprefix(_LICENCE)}}


def _edges(name: str, one: Distribution, there: set[str]) -> Json:
    """Return which installed distributions one asks for; the extras that were not asked for are absent with theirs."""
    asked = {canonical_name(found[0]) for text in one.requires or () if (found := _NAME.match(text))}
    return {"ref": name, "dependsOn": sorted(asked & there - {name})}
