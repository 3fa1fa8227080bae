"""Sites and targets on record: known names, and how a new one becomes known."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.domain.errors import UnknownNameError
from registry.domain.event import EventDraft, Subject
from registry.domain.person import Actor, actor_record
from registry.domain.vocabulary import Site, Target, Unit
from registry.ledger.store import Transaction
from registry.schema import SiteRow, TargetRow


def known_sites(session: Session) -> Mapping[str, Site]:
    """Return the sites on record, by name."""
    rows = session.scalars(select(SiteRow).order_by(SiteRow.site))
    return {row.site: Site(row.site, row.time_zone, row.organisation) for row in rows}


def register_site(tx: Transaction, site: Site, actor: Actor) -> bool:
    """Put a site on record with its event; return False when it is there already."""
    if tx.session.get(SiteRow, site.site) is not None:
        return False
    tx.session.add(SiteRow(site=site.site, time_zone=site.time_zone, organisation=site.organisation))
    payload = {"site": site.site, "time_zone": site.time_zone, "organisation": site.organisation}
    tx.append(EventDraft("site.registered", actor_record(actor), (Subject("site", site.site),), payload))
    return True


def known_targets(session: Session) -> Mapping[str, Target]:
    """Return the targets on record, by name."""
    rows = session.scalars(select(TargetRow).order_by(TargetRow.target))
    return {row.target: Target(row.target, Unit(row.analysis_unit)) for row in rows}


def target_named(session: Session, name: str, mend: str = "") -> Target:
    """Return a target on record.

    Raises:
        UnknownNameError: when none bears the name.
    """
    known = known_targets(session)
    if name not in known:
        raise UnknownNameError.of("target", name, known, mend=mend)
    return known[name]


def register_target(tx: Transaction, target: Target, actor: Actor) -> bool:
    """Put a target on record with its event; return False when it is there already."""
    if tx.session.get(TargetRow, target.target) is not None:
        return False
    tx.session.add(TargetRow(target=target.target, analysis_unit=target.analysis_unit.value))
    payload = {"target": target.target, "analysis_unit": target.analysis_unit.value}
    tx.append(EventDraft("target.registered", actor_record(actor), (Subject("target", target.target),), payload))
    return True
