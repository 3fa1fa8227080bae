"""Which version was live where and when, as a person asks it."""

from datetime import datetime

from pipelines.bootstrap import Workspace
from registry.database import reading
from registry.deployments import MODES
from registry.domain.errors import UnknownNameError, UsageError
from registry.domain.instants import instant_text, parse_instant
from registry.live_intervals import Interval, running_at
from registry.registered import known_sites


def live_at(
    workspace: Workspace, site: str, at: str | None, mode: str = "live", model: str | None = None
) -> tuple[str, tuple[Interval, ...]]:
    """Return the instant (UTC text) and what ran there then in a mode, from the ledger alone.

    Args:
        workspace: whose ledger.
        site: a registered site.
        at: an ISO 8601 instant; without an offset, of the site's time zone; now when None.
        mode: `live`, `pilot` or `shadow`.
        model: of this model alone, where given.

    Raises:
        UnknownNameError: for an unknown site or mode.
        UsageError: for an instant that is none.
        LedgerBrokenError: when an event that tells of it is not what was signed.
    """
    if mode not in MODES:
        raise UnknownNameError.of("mode", mode, MODES)
    with reading(workspace.engine) as session:
        sites = known_sites(session)
        if site not in sites:
            raise UnknownNameError.of("site", site, sites)
        instant = instant_text(workspace.clock.now() if at is None else _instant(at, sites[site].time_zone))
        found = running_at(session, site, instant, mode)
    return instant, tuple(one for one in found if model in {None, one.model})


def _instant(text: str, zone: str) -> datetime:
    try:
        return parse_instant(text, zone)
    except ValueError as error:
        raise UsageError("--at takes an instant", mend="such as 2026-09-30T14:00+02:00") from error
