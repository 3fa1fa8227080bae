"""The card and the lineage of a version, as the record stands now."""

from collections.abc import Iterable

from pipelines.bootstrap import Workspace
from registry.cards.build import build_card
from registry.cards.issue import stale_because
from registry.cards.told import issued_card
from registry.database import reading
from registry.domain.record_views import CardView, CohortUse, LineageView
from registry.lineage.facts import Facts, TrainedVersion, facts_of
from registry.versions import find, name_of


def card_view(workspace: Workspace, model: str, version: str | None) -> CardView:
    """Return a version's card, and how the newest one on record stands to it.

    Raises:
        UnknownNameError: when there is no such version.
        LedgerBrokenError, ArtifactChangedError: when the record does not hold.
    """
    with reading(workspace.engine) as session:
        row = find(session, model, version)
        card = build_card(session, workspace.objects, row)
        issued = issued_card(session, row.model, row.version)
    if issued is None:
        return CardView(card)
    return CardView(card, issued.event_seq, issued.at, stale_because(workspace.lifecycle.record, issued, card))


def lineage_view(workspace: Workspace, model: str, version: str | None) -> LineageView:
    """Return what a version was made from and what rests on that, as the ledger tells.

    Raises:
        UnknownNameError: when there is no such version.
        LedgerBrokenError: when an event is not what was signed.
    """
    with reading(workspace.engine) as session:
        name = name_of(find(session, model, version))
        facts = facts_of(session)
    known, own = facts.versions[name], facts.of_version(name)
    return LineageView(
        name,
        known.target,
        known.artifact_digest,
        known.event_seq,
        known.at,
        known.person,
        tuple(_uses(facts, own, known)),
        tuple(vars(one) for one in own.judgements),
        tuple(vars(one) | {"covers": list(one.covers)} for one in own.approvals),
        tuple(vars(one) for one in own.placements.values()),
    )


def _uses(facts: Facts, own: Facts, version: TrainedVersion) -> Iterable[CohortUse]:
    """Yield the cohorts of a version, those it was fitted on first, with the other versions that rest on each."""
    fitted = (version.train, version.tune)
    for digest, cohort in sorted(own.cohorts.items(), key=lambda item: (item[0] not in fitted, item[1].event_seq)):
        also = {one.name for one in facts.versions.values() if digest in {one.train, one.tune}} - {version.name}
        tested = {one.version for one in facts.judgements if one.cohort_digest == digest} - {version.name} - also
        use = "fitted" if digest in fitted else "tested"
        yield CohortUse(
            cohort.name, cohort.role, digest, cohort.event_seq, use, tuple(sorted(also)), tuple(sorted(tested))
        )
