"""The fifteen failures that a rehearsal plants into a drawn year, and which cause names each rightly.

Sizes in standard deviations are of the log odds of the scores of negatives. They are those of the simulated hospital
(`overread simulate hospital`), so that rehearsal and simulation speak of the same failures.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from monitors.counts import NO_LABEL, PROTOCOL, SCANNER, SOFTWARE, Integers
from monitors.rehearsal_source import Mask, Rows
from monitors.rehearsal_stage import Stage
from monitors.value_grid import to_cells, to_numbers
from monitors.watch.detector import Floats
from validation.statistics.grid import to_grid

NEW = "rehearsed"  # the name of a scanner, software or protocol that was never seen
SLOW = 180  # days over which the slow decline grows


@dataclass(frozen=True)
class Failure:
    """One failure.

    Attributes:
        name: as the simulated hospital calls it.
        meaning: what goes wrong, with its size.
        causes: kinds of cause that name it rightly.
        labelled: whether it shows only in labels.
        whole: whether it strikes every site.
        seen_in: `score`, `label`, `share`, `reads` or `quality`: what its information floor is computed from.
        plant: changes the year, and returns the struck units.
    """

    name: str
    meaning: str
    causes: tuple[str, ...]
    seen_in: str
    plant: Callable[[Stage], Mask]
    labelled: bool = False
    whole: bool = False


def _rescored(stage: Stage, keep: Mask, latent: Floats) -> None:
    """Give units other scores; decisions follow the rule of their site, and verification the new decision."""
    units, year = stage.year.units, stage.year
    year.latent[keep] = np.clip(latent, -11.0, 11.0)
    before = units.at("decision", "pos")
    called = before.copy()
    for site in units.levels["site"]:
        here = units.at("site", site)
        mine = here & keep
        if (here & before).any() and mine.any():
            rule = units.codes["q"][here & before].min()
            called[mine] = to_grid(1 / (1 + np.exp(-year.latent[mine]))) >= rule
    units.codes["q"][keep] = to_grid(1 / (1 + np.exp(-year.latent[keep])))
    _redecided(stage, called)


def _redecided(stage: Stage, called: Mask) -> None:
    """Set decisions; a unit whose decision changed is verified like others of the new one."""
    units, rng = stage.year.units, stage.year.rng
    changed = called != units.at("decision", "pos")
    pos, neg, none = (units.code("first_truth", name) for name in ("pos", "neg", "none"))
    for answer in ("pos", "neg"):
        like = np.flatnonzero(units.at("decision", answer) & ~changed)
        mine = np.flatnonzero(changed & (called == (answer == "pos")))
        if len(like) == 0 or len(mine) == 0:
            continue
        model = rng.choice(like, len(mine))
        age = units.codes["label_age"][model]
        units.codes["label_age"][mine] = age
        truth = np.where(stage.year.truth[mine], pos, neg)
        units.codes["first_truth"][mine] = np.where(age < NO_LABEL, truth, none)
    units.codes["decision"] = np.where(called, units.code("decision", "pos"), units.code("decision", "neg"))


def _shifted(stage: Stage, keep: Mask, shift: float, skill: float = 1.0, spread: float = 1.0) -> None:
    """Move scores by standard deviations, the classes towards each other, and all apart from the middle."""
    year = stage.year
    part = stage.distance / 2 * (1 - skill)
    moved = year.latent[keep] + shift * stage.scale - np.where(year.truth[keep], part, -part)
    middle = float(np.median(year.latent))
    _rescored(stage, keep, middle + (moved - middle) * spread)


def _renamed(stage: Stage, keep: Mask, axis: str) -> None:
    units = stage.year.units
    units.codes[axis][keep] = units.code(axis, NEW)


def _remeasured(
    stage: Stage, measure: str, change: Callable[[Floats], Floats], *, whole: bool, share: float = 1.0
) -> None:
    """Change a measure of image quality on the struck scanner, or at its whole site, in a share of the series."""
    rows = stage.year.quality.get(measure)
    if rows is None:
        return
    keep = (rows.codes["day"] >= stage.since) & rows.at("site", stage.struck.site)
    keep &= (rows.at(SCANNER, stage.struck.scanner) | whole) & (stage.year.rng.random(len(rows)) < share)
    rows.codes["cell"][keep] = to_cells(change(to_numbers(rows.codes["cell"][keep])))


def _upgrade(stage: Stage) -> Mask:
    keep = stage.on_scanner()
    _renamed(stage, keep, SOFTWARE)
    _shifted(stage, keep, 0.6, 0.75)
    return keep


def _new_scanner(stage: Stage) -> Mask:
    year = stage.year
    keep = stage.at_site() & (year.rng.random(len(year.units)) < 0.5)
    _renamed(stage, keep, SCANNER)
    arrived = year.arrivals
    mine = (arrived.codes["day"] >= stage.since) & arrived.at("site", stage.struck.site)
    mine &= year.rng.random(len(arrived)) < 0.5
    arrived.codes[SCANNER][mine] = arrived.code(SCANNER, NEW)
    for rows in year.quality.values():
        moved = (rows.codes["day"] >= stage.since) & rows.at("site", stage.struck.site)
        moved &= year.rng.random(len(rows)) < 0.5
        rows.codes[SCANNER][moved] = rows.code(SCANNER, NEW)
    _shifted(stage, keep, 0.4, 0.85)
    return keep


def _degraded(stage: Stage) -> Mask:
    keep = stage.on_scanner()
    _shifted(stage, keep, -0.5, 0.8)
    _remeasured(stage, "snr", lambda value: value * 0.6, whole=False)
    return keep


def _protocol(stage: Stage) -> Mask:
    keep = stage.on_scanner()
    _renamed(stage, keep, PROTOCOL)
    _shifted(stage, keep, -0.4)
    return keep


def _declined(stage: Stage) -> Mask:
    """Leave 55 % of the group's positives found: the others score as missed positives do."""
    year = stage.year
    keep = stage.in_group() & year.truth
    found = keep & year.units.at("decision", "pos")
    rate = found.sum() / max(keep.sum(), 1)
    fallen = found & (year.rng.random(len(found)) < max(0.0, 1 - 0.55 / max(rate, 1e-9)))
    below = np.flatnonzero(~year.units.at("decision", "pos") & year.truth)
    below = below if len(below) else np.flatnonzero(~year.units.at("decision", "pos"))
    if fallen.any() and len(below):
        _rescored(stage, fallen, year.latent[year.rng.choice(below, int(fallen.sum()))])
    return keep


def _sicker(stage: Stage) -> Mask:
    """Double the odds of the condition: units without it are replaced by like numbers of units with it."""
    year, units = stage.year, stage.year.units
    keep = stage.at_site()
    share = float(year.truth[keep].mean()) if keep.any() else 0.0
    more = 2 * share / (1 + share)
    swapped = np.flatnonzero(keep & ~year.truth & (year.rng.random(len(keep)) < (more - share) / max(1 - share, 1e-9)))
    ill = np.flatnonzero(year.truth & units.at("site", stage.struck.site))
    if len(swapped) and len(ill):
        model = year.rng.choice(ill, len(swapped))
        for axis in ("q", "decision", "first_truth", "label_age"):
            units.codes[axis][swapped] = units.codes[axis][model]
        year.latent[swapped], year.truth[swapped] = year.latent[model], True
    return keep


def _preprocessed(stage: Stage) -> Mask:
    keep = stage.at_site()
    _shifted(stage, keep, 0.6)
    _remeasured(stage, "sharpness", lambda value: value * 0.75, whole=True)
    return keep


def _swapped(stage: Stage) -> Mask:
    keep = stage.late
    _shifted(stage, keep, 0.0, 0.6, 1.35)
    return keep


def _retuned(stage: Stage) -> Mask:
    """Decide at a threshold of 5/2 of the odds of the old one."""
    year, units = stage.year, stage.year.units
    keep = stage.at_site()
    called = units.at("decision", "pos")
    here = called & units.at("site", stage.struck.site)
    if here.any():
        rule = float(year.latent[here].min()) + np.log(2.5)
        _redecided(stage, np.where(keep, called & (year.latent >= rule), called))
    return keep


def _restless(stage: Stage) -> Mask:
    """Hide lesions behind ghosts of motion in 35 % more of the studies, whose measure of motion rises to 0.3 to 0.9."""
    year = stage.year
    keep = stage.at_site()
    ghosts = keep & year.truth & (year.rng.random(len(keep)) < 0.35)
    if ghosts.any():
        _rescored(stage, ghosts, year.latent[ghosts] - 0.35 * stage.scale)
    rng = year.rng
    _remeasured(stage, "motion", lambda value: 0.3 + 0.6 * rng.beta(2, 5, len(value)), whole=True, share=0.35)
    return keep


def _slower(stage: Stage) -> Mask:
    year = stage.year
    keep = stage.late
    part = np.minimum(1.0, (year.units.codes["day"][keep] - stage.since + 1) / SLOW) * 0.5 * stage.distance / 2
    _rescored(stage, keep, year.latent[keep] - np.where(year.truth[keep], part, -part))
    return keep


def _their_reads(stage: Stage) -> tuple[Rows, Mask]:
    reads = stage.year.reads
    return reads, (reads.codes["day"] >= stage.since) & reads.at("reader", stage.struck.reader)


def _accepts(stage: Stage) -> Mask:
    reads, mine = _their_reads(stage)
    for answer in ("pos", "neg"):
        keep = mine & reads.at("ai_decision", answer)
        reads.codes["read_decision"][keep] = reads.code("read_decision", answer)
    return mine


def _rejects(stage: Stage) -> Mask:
    reads, mine = _their_reads(stage)
    keep = mine & reads.at("ai_decision", "pos") & (stage.year.rng.random(len(reads)) < 0.9)
    reads.codes["read_decision"][keep] = reads.code("read_decision", "neg")
    return mine


def _unrouted(stage: Stage) -> Mask:
    year = stage.year
    lost = stage.at_site()
    places: Integers = np.flatnonzero(~lost)
    year.units, year.truth, year.latent = year.units.take(places), year.truth[places], year.latent[places]
    return np.zeros(len(places), dtype=np.bool_)


def _strange(stage: Stage) -> Mask:
    keep = stage.at_site()
    _shifted(stage, keep, 0.4, 0.85)
    return keep


def _listed(*failures: Failure) -> Mapping[str, Failure]:
    return {one.name: one for one in failures}


FAILURES: Mapping[str, Failure] = _listed(
    Failure(
        "scanner-upgrade",
        "one scanner gets new software: scores rise by 0.6 SD, skill falls to 3/4",
        ("software", "scanner"),
        "score",
        _upgrade,
    ),
    Failure("new-scanner", "an unknown scanner takes half of a site's studies", ("scanner",), "share", _new_scanner),
    Failure(
        "scanner-degradation",
        "one scanner degrades silently: scores fall by 0.5 SD, skill to 4/5",
        ("scanner",),
        "score",
        _degraded,
    ),
    Failure(
        "protocol-change", "one scanner's protocol is renamed, scores fall by 0.4 SD", ("protocol",), "score", _protocol
    ),
    Failure(
        "subgroup-decline",
        "in one group at every site sensitivity falls to .55",
        ("subgroup",),
        "label",
        _declined,
        labelled=True,
        whole=True,
    ),
    Failure("prevalence-change", "at one site the odds of the condition double", ("prevalence",), "score", _sicker),
    Failure("preprocessing-shift", "all scores of one site rise by 0.6 SD", ("input",), "score", _preprocessed),
    Failure(
        "model-swap",
        "another model answers everywhere: skill 3/5, scores 1.35 times as far apart",
        ("model",),
        "score",
        _swapped,
        whole=True,
    ),
    Failure("operating-point", "one site decides at 5/2 of the threshold's odds", ("threshold",), "share", _retuned),
    Failure(
        "motion-wave",
        "at one site 35 % more of the studies show motion, which hides lesions by 0.35 SD",
        ("input",),
        "quality",
        _restless,
    ),
    Failure(
        "slow-decline",
        "skill falls evenly to 1/2 over 180 days, everywhere",
        ("model",),
        "label",
        _slower,
        labelled=True,
        whole=True,
    ),
    Failure("reader-accepts", "one reader accepts whatever the model says", ("reader",), "reads", _accepts),
    Failure("reader-rejects", "one reader dismisses 9 of 10 positive answers", ("reader",), "reads", _rejects),
    Failure("routing-stop", "nothing of one site reaches the model", ("routing",), "share", _unrouted),
    Failure(
        "unusual-population",
        "other patients come to one site: scores rise by 0.4 SD, skill falls to .85",
        ("input",),
        "score",
        _strange,
    ),
)
