"""Scanner funnels: positive rate and sensitivity of each scanner against that of all."""

from dataclasses import replace

from monitors.between import between
from monitors.counts import PATIENTS, Family
from monitors.draft import Reading, drafted, reading_of
from monitors.funnel import MEMBERS, Funnel, funnel_of
from monitors.groups import listed_levels, sizes_of, small_ones
from monitors.labels import held_back, label_state
from monitors.scope import View
from monitors.shares import patients_of, share_of
from registry.domain.signal import Signal
from registry.domain.vocabulary import NotAssessed
from validation.statistics.funnel import dispersion_limit
from validation.statistics.proportions import ClusteredShare

AXIS = "scanner"


def scanner_signals(view: View) -> list[Signal]:
    """Return the scanner monitor's signals of one scope: one a scanner and funnel."""
    now, state = view.now[PATIENTS], label_state(view)
    positives = now.where(truth="pos")
    rates = _readings(now, view.plan.min_units)
    hits = [held_back(state, reading) for reading in _readings(positives, view.plan.min_positive)]
    spreads = (
        ("SCN003", _spread(now, view.plan.min_units)),
        ("SCN004", held_back(state, _spread(positives, view.plan.min_positive, judged=True))),
    )
    funnels = (("SCN001", rates), ("SCN002", hits))
    return [drafted(view, code, reading) for code, part in funnels for reading in part] + [
        drafted(view, code, reading) for code, reading in spreads
    ]


def _spread(units: Family, least: int, *, judged: bool = False) -> Reading:
    """Return how much scanners differ beyond chance: the sd of the logits of their shares."""
    known = units.select(~units.is_level(AXIS, ""))
    shares = [_share(known, scanner) for scanner, n in sizes_of(known, AXIS).items() if n >= least]
    found = between([share.value * share.effective_n for share in shares], [share.effective_n for share in shares])
    n = sum(share.n for share in shares)
    if found is None:
        why = f"{len(shares)} scanners have the {least} units that are needed; three, and a share inside 0..1, make one"
        return Reading(n, reason=NotAssessed.TOO_FEW, why=why)
    why = (
        f"{len(shares)} scanners; {100 * found.icc:.1f} % of the latent variance lies between them, and the odds of "
        f"two of them differ by a median factor of {found.median_odds_ratio:.2f}"
    )
    reading = Reading(n, found.sd, found.bounds, n_patients=patients_of(known), why=why)
    return replace(reading, limit=0.0, p_value=found.p_value) if judged else reading


def _readings(units: Family, least: int) -> list[Reading]:
    """Return one reading a scanner; one in all where no unit states its scanner."""
    known = units.select(~units.is_level(AXIS, ""))
    if known.total == 0:
        reason = NotAssessed.ATTRIBUTE_MISSING if units.total else NotAssessed.TOO_FEW
        why = "no unit states its scanner" if units.total else "there is no unit to count"
        return [Reading(units.total, reason=reason, why=why)]
    overall = share_of(known, known.is_level("decision", "pos"))
    listed, small = listed_levels(sizes_of(known, AXIS), least)
    shares = {scanner: _share(known, scanner) for scanner in listed}
    large = {scanner: share for scanner, share in shares.items() if share.n >= least}
    funnel = funnel_of(large, overall.value if overall else 0.0)
    rest = [small_ones("scanners", small, least)] if small else []
    return [*(_reading(funnel, scanner, share, least) for scanner, share in shares.items()), *rest]


def _share(known: Family, scanner: str) -> ClusteredShare:
    own = known.where(scanner=scanner)
    share = share_of(own, own.is_level("decision", "pos"))
    if share is None:
        raise ValueError("a level of a family has units")
    return share


def _reading(funnel: Funnel | None, scanner: str, share: ClusteredShare, least: int) -> Reading:
    reading = replace(reading_of(share), subject={AXIS: scanner})
    if share.n < least:
        why = f"{share.n} units on this scanner, at least {least} are needed"
        return replace(reading, reason=NotAssessed.TOO_FEW, why=why)
    if funnel is None or scanner not in funnel.points:
        why = "a funnel needs two scanners with enough units, and a share between 0 and 100 %"
        return replace(reading, reason=NotAssessed.TOO_FEW, why=why)
    point = funnel.points[scanner]
    return replace(reading, limit=point.limit, p_value=point.p_value, why=spread_words(funnel))


def spread_words(funnel: Funnel) -> str:
    """Say how much the members of a funnel differ among themselves, and whether its limits are widened for it."""
    phi = f"over-dispersion {funnel.dispersion.phi:.2f}"
    if funnel.dispersion.factor > 1.0:
        return f"the scanners differ by more than chance explains ({phi}), and the limits are widened for it"
    if funnel.dispersion.phi > dispersion_limit(len(funnel.points)):
        few = f"with fewer than {MEMBERS} scanners the limits are not widened for it"
        return f"the scanners differ by more than chance explains ({phi}); {few}"
    return f"on the whole the scanners differ by no more than chance explains ({phi})"
