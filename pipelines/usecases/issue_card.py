"""Issuing a model card and writing it in one of its formats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.bootstrap import Workspace
from registry.cards.issue import KeptCard, issue_card
from registry.domain.digest import digest_bytes
from registry.objects import write_durably


@dataclass(frozen=True)
class WrittenCard:
    """A card that was written: the file, the file's digest and size, the card on record."""

    file: Path
    digest: str
    size: int
    kept: KeptCard


def write_card(workspace: Workspace, model: str, version: str | None, as_format: str, out: Path | None) -> WrittenCard:
    """Issue the card of a version, unless the one on record is still true, and write it.

    Args:
        workspace: whose record.
        model: the model's name.
        version: its version; the newest unless given.
        as_format: one of `FORMATS`.
        out: the file; in the workspace's `cards` folder unless given.

    Raises:
        UnknownNameError: for an unknown version.
        AnswerIsNoError: when a declared number contradicts a measured one.
    """
    kept = issue_card(workspace.lifecycle.record, model, version, workspace.actor)
    ending, render = FORMATS[as_format]
    data = render(kept)
    place = out or workspace.root / "cards" / f"{kept.card.model}-{kept.card.version}.{ending}"
    write_durably(place, data)
    return WrittenCard(place, digest_bytes(data), len(data), kept)


def _html(kept: KeptCard) -> bytes:
    from dashboards.report.card import card_html  # noqa: PLC0415 - lazy: only where asked for

    return card_html(kept.card).encode()


def _pdf(kept: KeptCard) -> bytes:
    from dashboards.report.card import card_pdf  # noqa: PLC0415 - lazy: typst is slow to import

    return card_pdf(kept.card, kept.at)


def _json(record: Mapping[str, object]) -> bytes:
    from dashboards.view.record import record_bytes  # noqa: PLC0415 - lazy: only where asked for

    return record_bytes(record)


def _hti1(kept: KeptCard) -> bytes:
    from registry.cards.hti1 import hti1_record  # noqa: PLC0415 - lazy: only where asked for

    return _json(hti1_record(kept.card))


def _chai(kept: KeptCard) -> bytes:
    from registry.cards.chai import chai_xml  # noqa: PLC0415 - lazy: only where asked for

    return chai_xml(kept.card)


def _atlas(kept: KeptCard) -> bytes:
    from registry.cards.atlas import atlas_record  # noqa: PLC0415 - lazy: only where asked for

    return _json(atlas_record(kept.card))


def _cyclonedx(kept: KeptCard) -> bytes:
    from registry.cards.cyclonedx import cyclonedx_record  # noqa: PLC0415 - lazy: only where asked for

    return _json(cyclonedx_record(kept.card))


FORMATS: Mapping[str, tuple[str, Callable[[KeptCard], bytes]]] = {
    "html": ("html", _html),
    "pdf": ("pdf", _pdf),
    "hti1": ("hti1.json", _hti1),
    "chai": ("chai.xml", _chai),
    "atlas": ("atlas.json", _atlas),
    "cyclonedx": ("cdx.json", _cyclonedx),
    "json": ("card.json", lambda kept: _json(kept.card.to_json())),
}
