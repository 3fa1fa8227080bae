"""`overread plan release`: how a version that was made under a change plan is put into use, and its way back."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.cli.console import Json, give
from pipelines.toml_file import read_toml
from registry.domain.errors import EvidenceMissingError


def add_to(app: typer.Typer) -> None:
    """Add the command to the group."""
    app.command(epilog="Example: overread plan release nodule@2 release.toml; as it is on record: without a file")(
        release
    )


def release(
    name: Annotated[str, typer.Argument(metavar="MODEL[@VERSION]", help="The version; the newest unless given.")],
    file: Annotated[Path | None, typer.Argument(help="Notice, label, roll-back target and stages as TOML.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Prepare a release: stages, notice to users, label, roll-back target; the target is loaded and run once.

    Pilot and live use of a version that was made under a change plan needs it. Without a file it is shown.
    """
    from pipelines.cli.opened import here, name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter

    workspace = here()
    known = workspace.lifecycle.version(*name_and_version(name))
    if file is None:
        from registry.releases import release_of  # noqa: PLC0415 - lazy

        found = release_of(workspace.lifecycle.record, known.model, known.version)
        if found is None:
            raise EvidenceMissingError(f"{known.name} has no release", mend="prepare one: overread plan release FILE")
    else:
        from pipelines.usecases.prepare_release import prepare_release  # noqa: PLC0415 - lazy

        found = prepare_release(workspace, known.model, known.version, read_toml(file, "release"))
    give(found, _lines(found), as_json=as_json)


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"release of {found['model']}@{found['version']} under plan {found['plan']}: {found['label']}"
    yield f"  notice: {found['notice']}"
    for stage in found["stages"]:
        yield f"  {stage['mode']} at {', '.join(stage['sites'])}, {stage['days']} days"
    back = found["roll_back"]
    cells = ", ".join(str(cell) for cell in back["cells"])
    yield f"  back to {found['model']}@{back['version']}: loaded and run once (score cells {cells})"
