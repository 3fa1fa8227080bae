"""`overread card`: the model card of a version, what is declared for it, and what must not stand on it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pipelines.cli.console import Json, give
from registry.domain.errors import ExitCode, UsageError

_SHOW = "show"


class Format(StrEnum):
    """What a card may be."""

    HTML = "html"
    PDF = "pdf"
    HTI1 = "hti1"
    CHAI = "chai"
    ATLAS = "atlas"
    CYCLONEDX = "cyclonedx"
    JSON = "json"


class _Named(TyperGroup):
    """A group that takes a model for its first word: `card nodule@1` is `card show nodule@1`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the first word names; any other word is a model's name."""
        return super().resolve_command(ctx, args if args[0] in self.commands else [_SHOW, *args])


app = typer.Typer(
    cls=_Named,
    no_args_is_help=True,
    subcommand_metavar="MODEL[@VERSION] | COMMAND [ARGS]...",
    help="The model card of a version: what was measured, declared, or is unknown.",
)
Name = Annotated[str, typer.Argument(metavar="MODEL[@VERSION]", help="The version; the newest unless given.")]


@app.command(_SHOW, epilog="Example: overread card show nodule@1 --format hti1 --out card.json")
def show(
    name: Name,
    as_format: Annotated[Format, typer.Option("--format", help="What to make.")] = Format.HTML,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file; in the workspace's cards folder unless given.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Issue the card of a version and write it; `overread card MODEL` is short for it.

    Where nothing came on record since, the card on record is written and nothing else.
    """
    from pipelines.cli.opened import here, name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.usecases.issue_card import write_card  # noqa: PLC0415 - lazy

    made = write_card(here(), *name_and_version(name), as_format.value, out)
    card = made.kept.card
    known = sum(field.known for field in card.fields.values())
    document = {
        "model": card.model,
        "version": card.version,
        "card": card.digest,
        "event_seq": made.kept.event_seq,
        "format": as_format.value,
        "file": str(made.file),
        "digest": made.digest,
        "bytes": made.size,
        "known": known,
        "fields": len(card.fields),
    }
    line = f"{made.file} ({made.digest}): card {card.digest}, {known} of {len(card.fields)} fields known"
    give(document, [line], as_json=as_json)


@app.command(epilog="Example: overread card declare nodule@1 --file card.toml")
def declare(
    name: Name,
    file: Annotated[Path, typer.Option("--file", help="A declaration as TOML (docs/how-to/cards.md).")],
    *,
    as_json: Json = False,
) -> None:
    """Declare what no evaluation measures, under your name; a number that contradicts a measured one ends with 1.

    The newest declaration of a version counts, and counts whole. It takes `overread login` first.
    """
    from pipelines.cli.opened import here, name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter
    from pipelines.toml_file import read_toml  # noqa: PLC0415 - lazy
    from registry.cards.issue import declare as keep  # noqa: PLC0415 - lazy

    workspace = here()
    record = read_toml(file, "declaration")
    kept = keep(workspace.lifecycle.record, *name_and_version(name), record, workspace.actor)
    declared = kept.card.declared
    document = {
        "model": kept.card.model,
        "version": kept.card.version,
        "declaration": declared["digest"],
        "declared_by": declared["by"],
        "card": kept.card.digest,
        "event_seq": kept.event_seq,
    }
    line = f"{kept.card.name}: declared by {declared['by']} ({declared['digest']}); card {kept.card.digest} issued"
    give(document, [line], as_json=as_json)


@app.command(epilog="Example: overread card lint nodule@1 --profile hti1 --profile chai")
def lint(
    name: Annotated[
        str | None, typer.Argument(metavar="MODEL[@VERSION]", help="The version; the newest unless given.")
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            "--profile", help="hti1, chai, atlas or cyclonedx: its fields have to be known; hti1 unless given."
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="A vendor's published card in place of a version: CHAI XML.")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Say what must not stand on a card, and which fields of a profile are unknown; any finding ends with 1."""
    if (name is None) == (file is None):
        raise UsageError("name a version, or a vendor's card with --file", mend="one of the two")
    found = _lint_file(file, as_json=as_json) if file else _lint_version(str(name), profile, as_json=as_json)
    if found:
        raise typer.Exit(ExitCode.ANSWER_IS_NO)


def _lint_version(name: str, profile: list[str] | None, *, as_json: bool) -> bool:
    """Give what is found on a version's card, and say whether anything is."""
    from pipelines.cli.opened import here, name_and_version  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.cards.issue import card_now  # noqa: PLC0415 - lazy
    from registry.cards.lint import lint_card  # noqa: PLC0415 - lazy

    card, stale = card_now(here().lifecycle.record, *name_and_version(name))
    found = lint_card(card, tuple(profile or ("hti1",)))
    document = {
        "model": card.model,
        "version": card.version,
        "card": card.digest,
        "stale": stale or None,
        "findings": [one.to_json() for one in found],
    }
    lines = [f"{one.code} {one.where}: {one.what}" for one in found]
    lines += [f"the card on record is stale: there are other {stale}"] if stale else []
    give(document, lines or [f"{card.name}: nothing to find"], as_json=as_json)
    return bool(found or stale)


def _lint_file(file: Path, *, as_json: bool) -> bool:
    """Give what is found on a vendor's card, and say whether anything is."""
    from pipelines.toml_file import read_bytes  # noqa: PLC0415 - lazy
    from registry.cards.foreign import lint_chai  # noqa: PLC0415 - lazy

    found = lint_chai(read_bytes(file, "card"))
    lines = [f"{one.code} {one.where}: {one.what}" for one in found]
    give({"findings": [one.to_json() for one in found]}, lines or ["nothing to find"], as_json=as_json)
    return bool(found)
