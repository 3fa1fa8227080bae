"""Streams that need labels: each label is looked at when it comes, against the reference's labels of like age.

The oldest age that counts is the one by which 80 % of the labels arrived that the reference's units had after a further
reference period; it is set once a site, when that period is over (contract, section 9: mature at 80 %, at equal age).
Up to it labels are counted in bands of their age, so that late labels, and slow ones, change nothing (`ripening`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from monitors.labels import MATURE
from monitors.watch.cells import Calendar, Cells, Mask, Span, level, share, share_of_series
from monitors.watch.columns import Those
from monitors.watch.comparisons import Level, Share
from monitors.watch.detector import Floats, Rules, dispersion_of
from monitors.watch.places import Place, Wave
from monitors.watch.ripening import Ripening
from monitors.watch.spread import Kin
from monitors.watch.standardised import Standardised
from monitors.watch.strata import Strata
from monitors.watch.stream import Hold, Stream
from monitors.watch.unit_streams import groups_of
from registry.domain.plan import MonitoringPlan
from registry.domain.vocabulary import NotAssessed

AGES = (3, 7, 14, 21, 28, 42, 60, 90, 120)  # days
SWAY = 1.5  # factor by which the verified share of negatives over that of positives may move
OF_A_SITE = (("performance", "sensitivity"), ("performance", "specificity"), ("calibration", "residual"))
RESTLESS = 2.0  # by how much bands may be more restless than whole days: noise reached 1.7, batches began at 6
FEW = 3  # units of a site in a group's sum over the sites
TRUTHS = {"sensitivity": 1, "specificity": 0}


@dataclass(frozen=True, eq=False)
class Ripe:
    """The labels of one site at equal age.

    Attributes:
        place: the site.
        keep: cells whose unit has a label of that age or less.
        age: days.
        begins: index of the first day that is judged.
        holds: days on which too few labels came, or verification depends otherwise on the decision.
        ages: by rate the ages at which its labels are counted; the mature one alone where bands are restless.
        answers: the share called positive among all its units.
    """

    place: Place
    keep: Those
    age: int
    begins: int
    holds: tuple[Hold, ...]
    ages: Mapping[str, tuple[int, ...]]
    answers: Share


def ripe_labels(cells: Cells, place: Place) -> Ripe | None:
    """Return a site's labels at the age at which they are mature; None before that can be told, or without labels."""
    calendar = cells.calendar
    decided = place.span[1] + calendar.reference_days
    here = cells.at("site", place.scope.site)
    inside = here & cells.during(place.span) & (cells.age <= calendar.reference_days)
    total = cells.n.total(inside)
    if calendar.days < decided or total == 0:
        return None
    enough = (age for age in AGES if cells.n.total(inside & (cells.age <= age)) >= MATURE * total)
    age = min(next(enough, calendar.reference_days), calendar.reference_days)
    keep = here & (cells.age <= age) & (cells.truth >= 0)
    ages = {watched: _counted_ages(cells, place, keep & (cells.truth == TRUTHS[watched]), age) for watched in TRUTHS}
    answers = share(cells, here, cells.called, place.span)
    return Ripe(place, keep, age, decided, _holds(cells, place, keep, age), ages, answers)


def _counted_ages(cells: Cells, place: Place, keep: Those, mature: int) -> tuple[int, ...]:
    """Return the ages at which the labels of a class are counted: in bands, where these are as steady as whole days.

    They are not where the labels of right and wrong answers come by different ways, such as some within days and
    others once a month: then what a band holds depends on the day of the month, and the labels are awaited.
    """
    ages, span = _ages(mature), place.span
    hits, units = _daily_by_age(cells, keep, ages, cells.called == (cells.truth == 1))
    whole = share_of_series(cells.calendar, np.stack([hits.sum(axis=0), units.sum(axis=0)]), span, mature)
    rate = (hits[:, span[0] : span[1]].sum(axis=1) + 0.5) / (units[:, span[0] : span[1]].sum(axis=1) + 1)
    parts = np.stack([hits - rate[:, None] * units, (rate * (1 - rate))[:, None] * units], axis=1)
    shifted = [[cells.calendar.shifted(row, age) for row in part] for part, age in zip(parts, ages, strict=True)]
    excess, variance = np.sum(shifted, axis=0)[:, span[0] + mature : span[1] + mature]
    residuals = excess[variance > 0] / np.sqrt(variance[variance > 0])
    return ages if dispersion_of(residuals) <= RESTLESS * whole.dispersion else (mature,)


def label_streams(cells: Cells, wave: Wave, plan: MonitoringPlan) -> Iterator[Stream]:
    """Yield sensitivity, specificity and calibration of each site, of all together, and of groups against the rest."""
    ripe = [ripe_labels(cells, place) for place in wave.places]
    for place, found in zip(wave.places, ripe, strict=True):
        if found is None:
            yield from (Stream(family, watched, place.scope, {}, "", None) for family, watched in OF_A_SITE)
        else:
            yield from _site(cells, found, plan)
    known = [found for found in ripe if found is not None]
    decided = max(place.span[1] for place in wave.places) + cells.calendar.reference_days
    if known and cells.calendar.days >= decided:
        if len(known) > 1:
            yield from _pooled(cells, wave, known, plan)
        yield from _groups(cells, wave, known, plan)


def _site(cells: Cells, ripe: Ripe, plan: MonitoringPlan) -> Iterator[Stream]:
    found: dict[str, Ripening | Standardised] = dict(_rates(cells, ripe, ripe.keep, plan))
    if {"sensitivity", "specificity"} <= set(found):
        found["residual"] = _calibration(cells, ripe)
    for family, watched in OF_A_SITE:
        rules = Rules(ripe.begins, 0 if watched == "residual" else -1)
        comparison = found.get(watched)
        lag = comparison.ages[0] if isinstance(comparison, Ripening) else ripe.age
        stream = Stream(family, watched, ripe.place.scope, {}, "", comparison, rules, lag=lag, mature=ripe.age)
        yield replace(stream, ends=ripe.place.ends, holds=ripe.holds)


def _calibration(cells: Cells, ripe: Ripe) -> Standardised:
    """Return calibration in the large at the reference's prevalence; both classes are in the reference."""
    span = ripe.place.span
    parts = [level(cells, ripe.keep & (cells.truth == truth), cells.values, span, ripe.age) for truth in (1, 0)]
    scores = level(cells, cells.at("site", ripe.place.scope.site), cells.values, span)
    kin = _kin(scores, parts[1].units, ripe.age)
    return Standardised(parts[0], parts[1], parts[0].units / (parts[0].units + parts[1].units), kin=kin)


def _pooled(cells: Cells, wave: Wave, ripe: list[Ripe], plan: MonitoringPlan) -> Iterator[Stream]:
    found = [_rates(cells, one, one.keep, plan) for one in ripe]
    for watched in TRUTHS:
        pairs = tuple((rates[watched], None) for rates in found if watched in rates)
        if len(pairs) > 1:
            yield _over_sites(wave, ripe, ("performance", watched, {}, wave.mark), Strata(pairs, alone=True))


def _groups(cells: Cells, wave: Wave, ripe: list[Ripe], plan: MonitoringPlan) -> Iterator[Stream]:
    """Yield each group against the rest of the same site: site by site, and over all sites where there are several."""
    for axis, name in groups_of(cells, plan):
        group, stated = cells.at(axis, name), ~cells.at(axis, "")
        sides = [
            (one, _rates(cells, one, one.keep & group, plan), _rates(cells, one, one.keep & stated & ~group, plan))
            for one in ripe
        ]
        for watched in TRUTHS:
            pairs = {
                place: (mine[watched], rest[watched])
                for place, (_, mine, rest) in enumerate(sides)
                if watched in mine and watched in rest
            }
            who = ("subgroup", watched, {f"axis:{axis}": name}, f"{axis}={name}{wave.mark}")
            exists = cells.first_day(group)
            for place, pair in pairs.items():
                yield replace(_at_site(ripe[place], who, pair), exists=exists)
            if len(ripe) > 1 and pairs:
                parts = [(replace(mine, least=FEW, nearer=0.5 / len(pairs)), rest) for mine, rest in pairs.values()]
                strata = Strata(tuple(parts), own=True, alone=True)
                yield replace(_over_sites(wave, ripe, who, strata), exists=exists)


def _at_site(ripe: Ripe, who: tuple[str, str, dict[str, str], str], pair: tuple[Ripening, Ripening]) -> Stream:
    family, watched, subject, key = who
    rules, strata = Rules(ripe.begins, -1), Strata((pair,), own=True, alone=True)
    stream = Stream(family, watched, ripe.place.scope, subject, key, strata, rules)
    return replace(stream, lag=min(strata.lags), mature=ripe.age, ends=ripe.place.ends, holds=ripe.holds)


def _over_sites(wave: Wave, ripe: list[Ripe], who: tuple[str, str, dict[str, str], str], strata: Strata) -> Stream:
    family, watched, subject, key = who
    begins = max(place.span[1] for place in wave.places) + ripe[0].place.span[1] - ripe[0].place.span[0]
    mature = max(one.age for one in ripe)
    holds = tuple(hold for one in ripe for hold in one.holds)
    stream = Stream(family, watched, wave.scope, subject, key, strata, Rules(begins, -1), holds=holds)
    return replace(stream, lag=min(strata.lags), mature=mature)


def _rates(cells: Cells, ripe: Ripe, keep: Those, plan: MonitoringPlan) -> dict[str, Ripening]:
    """Return sensitivity and specificity of some cells where the reference holds enough of that class."""
    least = {"sensitivity": plan.min_positive, "specificity": plan.min_negative}
    found = {}
    for watched, truth in TRUTHS.items():
        ages = ripe.ages[watched]
        daily = _daily_by_age(cells, keep & (cells.truth == truth), ages, cells.called == bool(truth))
        rate = _in_bands(cells.calendar, daily, (ripe.place.span, ages), least[watched])
        if rate.units >= least[watched]:
            kin = _kin(ripe.answers, rate.units, rate.ages[0]) if watched == "specificity" else ()
            found[watched] = replace(rate, kin=kin)
    return found


def _kin(whole: Share | Level, units: float, lag: int) -> tuple[Kin, ...]:
    """Return all units of a site as kin of some labelled ones of the class to which most of them belong."""
    return (Kin(whole.residuals, whole.reference, min(units / max(whole.units, 1.0), 1.0), lag, units),)


def _in_bands(calendar: Calendar, daily: Floats, when: tuple[Span, tuple[int, ...]], least: int) -> Ripening:
    """Return a share in bands of age, of which each holds enough units in the reference where all together do."""
    span, ages = when
    whole = share_of_series(calendar, daily.sum(axis=1), span, ages[-1])
    complete = band_ages(ages, daily[1, :, span[0] : span[1]].sum(axis=1), least)
    inside = [[low < age <= high for age in ages] for low, high in pairwise((-1, *complete))]
    sums = [daily[:, those].sum(axis=1) for those in inside]
    bands = (share_of_series(calendar, one, span, age) for one, age in zip(sums, complete, strict=True))
    return Ripening(whole, tuple(bands), complete)


def _ages(mature: int) -> tuple[int, ...]:
    return (*(age for age in AGES if age < mature), mature)


def _daily_by_age(cells: Cells, keep: Those, ages: tuple[int, ...], hit: Those) -> Floats:
    """Return hits and units of each day of entry by the age of their label, shape (2, ages, days).

    Args:
        cells: all units.
        keep: those that count, none of them with an older label than the last age.
        ages: upper ends of the bands of age.
        hit: which of them are hits.
    """
    days = cells.calendar.days
    found = np.zeros((2, len(ages) * days))
    for one, mask in keep.parts():
        place, units = np.searchsorted(ages, one.age[mask]) * days + one.day[mask], one.n[mask] * np.float64(1.0)
        found[0] += np.bincount(place, units * hit.test(one)[mask], minlength=len(ages) * days)
        found[1] += np.bincount(place, units, minlength=len(ages) * days)
    return found.reshape(2, len(ages), days)


def band_ages(ages: tuple[int, ...], units: Floats, least: int) -> tuple[int, ...]:
    """Return the ages at which bands of labels are complete: each holds at least so many, where all together do.

    Args:
        ages: upper ends of the narrowest bands; the last stays.
        units: of the reference in each of them, shape (ages,).
        least: units of a band.
    """
    found, held = [], 0.0
    for age, n in zip(ages, units.tolist(), strict=True):
        held += n
        if held >= least:
            found.append(age)
            held = 0.0
    return (*found[:-1], ages[-1])


def _holds(cells: Cells, place: Place, keep: Those, age: int) -> tuple[Hold, ...]:
    """Return the days on which the last four weeks brought too few labels, or others than the reference's.

    What they should have brought is told at equal age: of each band's units the share that had a label of that age in
    the reference.
    """
    here = cells.at("site", place.scope.site)
    shares = []
    for called in (True, False):
        chosen = here & (cells.called == called)
        labels, units = _daily_by_age(cells, chosen & keep, _ages(age), chosen)[1], cells.daily(chosen)
        recent = _recent(_as_they_come(cells, labels, units, (place.span, _ages(age))))
        daily = np.stack([labels.sum(axis=0), units])
        shares.append((recent, daily[:, place.span[0] : place.span[1]].sum(axis=1)))
    (pos, pos_before), (neg, neg_before) = shares
    covered = (pos[0] + neg[0]) / np.maximum(pos[1] + neg[1], 1)
    hollow = covered < MATURE * (pos_before[0] + neg_before[0]) / max(pos_before[1] + neg_before[1], 1)
    few = "fewer than 80 % of the labels that the reference had at equal age have arrived"
    biased = "the units that are verified depend on the model's answer otherwise than in the reference"
    swayed = _swayed(pos, neg, (pos_before, neg_before))
    return (Hold(hollow, NotAssessed.IMMATURE, few), Hold(swayed, NotAssessed.VERIFICATION, biased))


def _as_they_come(cells: Cells, labels: Floats, units: Floats, when: tuple[Span, tuple[int, ...]]) -> Floats:
    """Return a day's labels, of every band that is complete on it, and as many units as usually have so many.

    Args:
        cells: all units.
        labels: by band and day of entry, shape (ages, days).
        units: by day of entry, shape (days,).
        when: the reference's days, and the ages at which the bands are complete.
    """
    span, ages = when
    usual = labels[:, span[0] : span[1]].sum(axis=1)
    parts = usual / max(float(usual.sum()), 1.0)
    found = np.zeros((2, cells.calendar.days))
    for band, part, age in zip(labels, parts, ages, strict=True):
        found += np.stack([cells.calendar.shifted(row, age) for row in (band, part * units)])
    return found


def _swayed(pos: Floats, neg: Floats, before: tuple[Floats, Floats]) -> Mask:
    usual = _odd(*before)
    now = _odd(pos, neg)
    enough = (pos[1] >= 30) & (neg[1] >= 30)
    return np.asarray(enough & ((now > SWAY * usual) | (now < usual / SWAY)))


def _odd(pos: Floats, neg: Floats) -> Floats:
    """Return the verified share of negatives over that of positives."""
    share_of = [(part[0] + 0.5) / (part[1] + 1) for part in (pos, neg)]
    return np.asarray(share_of[1] / share_of[0])


def _recent(daily: Floats, days: int = 28) -> Floats:
    sums = np.concatenate([np.zeros((len(daily), 1)), daily.cumsum(axis=1)], axis=1)
    ends = np.arange(1, daily.shape[1] + 1)
    return np.asarray(sums[:, ends] - sums[:, np.maximum(ends - days, 0)])
