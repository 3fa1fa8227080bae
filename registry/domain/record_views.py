"""What the pages of a version's card and of its lineage show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.domain.card import Card

Json = Mapping[str, Any]


@dataclass(frozen=True)
class CardView:
    """A version's card as it would be issued now.

    Attributes:
        card: the card.
        issued_seq, issued_at: the event that issued the newest one on record; None and empty where none was.
        stale: what came on record since, in words; empty where nothing did.
    """

    card: Card
    issued_seq: int | None = None
    issued_at: str = ""
    stale: str = ""


@dataclass(frozen=True)
class CohortUse:
    """A cohort on which a version was fitted or tested, and the other versions that rest on it.

    Attributes:
        name, role, digest, event_seq: the cohort.
        use: `fitted` or `tested`.
        also_fitted, also_tested: other versions that were fitted on it, and that only their evidence rests on.
    """

    name: str
    role: str
    digest: str
    event_seq: int
    use: str
    also_fitted: tuple[str, ...] = ()
    also_tested: tuple[str, ...] = ()


@dataclass(frozen=True)
class LineageView:
    """What a version was made from, what rests on it, and what a recall of its data would affect.

    Attributes:
        version, artifact_digest, event_seq, at, person: the version, and who registered it when.
        cohorts: what it was fitted and tested on.
        judgements, approvals, deployments: the ledger's facts, as JSON.
    """

    version: str
    target: str
    artifact_digest: str
    event_seq: int
    at: str
    person: str
    cohorts: tuple[CohortUse, ...]
    judgements: tuple[Json, ...]
    approvals: tuple[Json, ...]
    deployments: tuple[Json, ...]
