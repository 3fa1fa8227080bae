"""From streams that moved together to one cause with a name.

The rules compare what every other stream of the same scope did over the same days: a table by what was measured, then
the narrowest stratum that explains the change better than the whole site does. They are told, with their order, in
docs/explanation/alerts.md.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from monitors.counts import PROTOCOL, SCANNER, SOFTWARE
from monitors.scope import Scope
from monitors.watch.build import Watch
from monitors.watch.cells import Cells
from monitors.watch.columns import Those
from monitors.watch.detector import segment_beyond, segment_z
from monitors.watch.mixture import prevalence_explains
from monitors.watch.stream import Stream

APART = 2.5  # standard deviates at which a group counts as fallen behind the rest of its site, beside a crossed limit
MOVED = 3.0  # standard deviates at which a stream counts as moved, beside one that crossed its limit
LEANS = 1.5  # and at which it may be the one that fell, where its own fall explains the labels better than one of all
NARROWER = 1.0  # by how much the square of a scanner's, or a group's, deviate must exceed that of the whole site
ALIKE = 2.0  # standard deviates at which another stream counts as moving along
SMALLER = 3.0  # and it does not where its deviate is so many times smaller: of many scanners one wanders by chance
SLACK = 3  # days by which a change of software may lie outside the change-point's interval
ALL_SITES = "all sites"


@dataclass(frozen=True)
class Cause:
    """Why: the kind of the contract, who as it may be shown, and the exact stratum.

    Attributes:
        kind: one of `registry.domain.signal.CAUSES`.
        who: a scanner, a site, a group, `restricted` for a reader.
        site: the site; empty for all.
        axis, value: the stratum within it; empty for the whole.
    """

    kind: str
    who: str
    site: str = ""
    axis: str = ""
    value: str = ""


@dataclass(frozen=True, eq=False)
class Scene:
    """What is known on a day about a change.

    Attributes:
        watch: all streams.
        index: the day.
        lead: the stream that crossed its limit by most.
        since: first and last day of the change-point's interval, and its estimate, as days of entry.
    """

    watch: Watch
    index: int
    lead: Stream
    since: tuple[int, int, int]

    @property
    def scope(self) -> Scope:
        """Version, mode and target, of all sites."""
        own = self.lead.scope
        return Scope(own.version, own.mode, own.target)

    @property
    def cells(self) -> Cells:
        """The units of the scope."""
        return self.watch.cells[self.scope]

    def streams(self, *watched: str, site: str | None = None, family: str | None = None) -> Iterator[Stream]:
        """Yield the judged streams of the scope of some kinds, at a site or a family's only."""
        for stream in self.watch.streams:
            own = Scope(stream.scope.version, stream.scope.mode, stream.scope.target)
            fits = own == self.scope and stream.watched in watched and stream.comparison is not None
            if fits and site in (None, stream.scope.site) and family in (None, stream.family):
                yield stream

    def z(self, stream: Stream) -> float:
        """Return the deviate of a stream since the change began."""
        first = max(self.since[2] + stream.lag, stream.begins)
        if stream.comparison is None or first > self.index:
            return 0.0
        return segment_z(stream.comparison, first, self.index)

    def fall(self, stream: Stream) -> float:
        """Return the deviate of a stream since the change began from its reference, or from all before."""
        first = max(self.since[2] + stream.lag, stream.begins)
        if stream.comparison is None or first > self.index:
            return 0.0
        return segment_beyond(stream.comparison, first, self.index)

    def strongest(self, *watched: str, site: str, family: str) -> tuple[float, Stream] | None:
        """Return the stream that moved most, with its deviate."""
        found = [(self.z(stream), stream) for stream in self.streams(*watched, site=site, family=family)]
        return max(found, key=lambda pair: abs(pair[0]), default=None)


def cause_of(scene: Scene) -> Cause:
    """Return the one cause of a change."""
    return _RULES.get(scene.lead.watched, _scores)(scene)


def _routing(scene: Scene) -> Cause:
    site = scene.lead.scope.site
    whole = [stream for stream in scene.streams("silence", "scored_share", site=site) if not stream.key]
    if not scene.lead.key or any(scene.z(stream) <= -MOVED for stream in whole):
        return Cause("routing", site, site)
    return Cause("routing", scene.lead.key, site, SCANNER, scene.lead.key)


def _unseen(scene: Scene) -> Cause:
    return Cause("scanner", scene.lead.key, scene.lead.scope.site, SCANNER, scene.lead.key)


def _mix(scene: Scene) -> Cause:
    """A scanner whose share fell to nothing is a matter of routing; any other change of the mix is one of input."""
    site = scene.lead.scope.site
    for stream in scene.streams("scanner_share", site=site):
        recent = stream.comparison.series[0, max(scene.index - 6, 0) : scene.index + 1]  # type: ignore[union-attr]
        if scene.z(stream) <= -MOVED and not recent.any():
            return Cause("routing", stream.key, site, SCANNER, stream.key)
    return Cause("input", site, site)


def _quality(scene: Scene) -> Cause:
    """Motion, or pictures that changed on every scanner, are input; on one scanner alone it is that scanner's."""
    site, measure = scene.lead.scope.site, scene.lead.subject["quality"]
    others = [
        scene.z(stream)
        for stream in scene.streams("quality", site=site)
        if stream.subject["quality"] == measure and stream.key != scene.lead.key
    ]
    sign = np.sign(scene.z(scene.lead))
    if measure == "motion" or (others and max(z * sign for z in others) >= MOVED):
        return Cause("input", site, site)
    return _changed(scene, scene.lead)


def _reader(scene: Scene) -> Cause:
    return Cause("reader", "restricted", scene.lead.scope.site, "reader", scene.lead.key)


def _threshold(scene: Scene) -> Cause:
    moved = [stream.scope.site for stream in scene.streams("decision_rule") if scene.z(stream) >= MOVED]
    everywhere = len(moved) > 1 and len(moved) == sum(1 for _ in scene.streams("decision_rule"))
    site = "" if everywhere else scene.lead.scope.site or next(iter(moved), "")
    return Cause("threshold", site or ALL_SITES, site)


def _scores(scene: Scene) -> Cause:
    """Scores moved: by a new rule of decision, everywhere, on one scanner, in one group, or at the whole site."""
    if _rule_broken(scene):
        return _threshold(scene)
    if scene.lead.family == "subgroup":
        return _group(scene, scene.lead)
    site = scene.lead.scope.site or _moved_most(scene)
    if _everywhere(scene, site):
        return _by_prevalence(scene, "", "model")
    if _declined_everywhere(scene, site):
        return _declined_group(scene, "") or Cause("model", scene.lead.scope.version)
    found = _scanner(scene, site)
    if found is not None and scene.lead.watched != "residual":
        return _changed(scene, found)
    leans = scene.lead.watched in _RULES  # labels crossed their limit: something did fall
    declined = _declined_group(scene, site, leans=leans)
    return _upgraded(scene, site) or declined or _by_prevalence(scene, site, "input")


def _labels(scene: Scene) -> Cause:
    """Labels and decisions disagree more: first whether the scores moved, then one group, then one site, else all."""
    if _rule_broken(scene):
        return _threshold(scene)
    site = scene.lead.scope.site or _moved_most(scene)
    least = ALIKE if scene.lead.watched == "residual" else MOVED + 1
    if scene.lead.family != "subgroup" and abs(_site_z(scene, site)) >= least:
        return _scores(scene)
    if scene.lead.family == "subgroup" and _fell_apart(scene, scene.lead):
        return _group(scene, scene.lead)
    declined = _declined_group(scene, scene.lead.scope.site)
    if declined is not None:
        return declined
    rates = [stream for stream in scene.streams(scene.lead.watched, family="performance") if stream.scope.site]
    others = [scene.z(stream) for stream in rates if stream.scope.site != scene.lead.scope.site]
    alone = bool(scene.lead.scope.site) and bool(others) and max(abs(z) for z in others) < 1.5
    return Cause("site", site, site) if alone else Cause("model", scene.lead.scope.version)


_RULES: Mapping[str, Callable[[Scene], Cause]] = {
    "silence": _routing,
    "scored_share": _routing,
    "unseen_scanner": _unseen,
    "scanner_share": _mix,
    "quality": _quality,
    "override_of_positive": _reader,
    "override_of_negative": _reader,
    "decision_rule": _threshold,
    "sensitivity": _labels,
    "specificity": _labels,
    "residual": _labels,
}


def _rule_broken(scene: Scene) -> bool:
    site = scene.lead.scope.site
    found = scene.streams("decision_rule", site=site or None)
    return any(scene.z(stream) >= MOVED + 1 for stream in found)


def _group(scene: Scene, lead: Stream) -> Cause:
    """Of two groups that moved apart the one that left its own reference further is named."""
    axis, _, value = lead.key.partition("#")[0].partition("=")
    if lead.watched == "score_level":
        found = [stream for stream in scene.streams("score_level", family="subgroup") if stream.key.startswith(axis)]
        furthest = max(found, key=lambda stream: _own_change(scene, stream))
        value = furthest.key.partition("#")[0].partition("=")[2]
    return Cause("subgroup", f"{axis} {value}", _site_of_group(scene, lead), axis, value)


def _site_of_group(scene: Scene, lead: Stream) -> str:
    """Return the site at which a group's labels fell; none where its fall over all sites explains them as well."""
    everywhere = [one for one in scene.streams(lead.watched, site="", family="subgroup") if one.key == lead.key]
    if lead.watched == "score_level" or not everywhere:
        return lead.scope.site
    mine, whole = scene.fall(lead), scene.fall(everywhere[0])
    return lead.scope.site if whole >= 0 or mine * mine > whole * whole + NARROWER else ""


def _declined_group(scene: Scene, site: str, *, leans: bool = True) -> Cause | None:
    """Return the group whose sensitivity or specificity fell most against the rest of its site, if one fell.

    Args:
        scene: what is known.
        site: whose groups; empty for those of all sites.
        leans: whether it suffices that the group's own fall explains the labels better than one of all patients: so
            where it is known that labels fell. Of several groups one will always lean by chance.
    """
    groups = [one for one in scene.streams("sensitivity", "specificity", family="subgroup") if one.scope.site == site]
    worst = min(groups, key=scene.z, default=None)
    return _group(scene, worst) if worst is not None and _fell_apart(scene, worst, leans=leans) else None


def _fell_apart(scene: Scene, group: Stream, *, leans: bool = True) -> bool:
    """Say whether a group fell beyond the rest, or its own fall explains the labels better than one of all does."""
    beyond = scene.z(group)
    if beyond <= -APART or not leans:
        return beyond <= -APART
    whole = scene.streams("sensitivity", "specificity", site=group.scope.site, family="performance")
    mine, all_of_them = scene.fall(group), min((scene.fall(one) for one in whole), default=0.0)
    return beyond <= -LEANS and mine < 0 and mine * mine > all_of_them * all_of_them + NARROWER


def _own_change(scene: Scene, stream: Stream) -> float:
    """Return how far a group's mean score left that of the reference, whatever the rest did."""
    pairs = getattr(stream.comparison, "pairs", ())
    return max((abs(segment_z(group, scene.since[2], scene.index)) for group, _ in pairs), default=0.0)


def _site_z(scene: Scene, site: str) -> float:
    found = scene.strongest("score_level", "positive_share", "score_shape", "score_top", site=site, family="score")
    return 0.0 if found is None else found[0]


def _moved_most(scene: Scene) -> str:
    sites = sorted({stream.scope.site for stream in scene.streams("score_level", family="score")})
    return max(sites, key=lambda site: abs(_site_z(scene, site)), default="")


def _everywhere(scene: Scene, site: str) -> bool:
    """Say whether the other sites moved in the direction of this one, together beyond chance and none against it."""
    levels = {stream.scope.site: scene.z(stream) for stream in scene.streams("score_level", family="score")}
    sign = np.sign(levels.get(site, 0.0))
    others = [z * sign for name, z in levels.items() if name != site]
    return bool(others) and min(others) >= 1.0 and sum(others) / len(others) ** 0.5 >= MOVED - 0.5


def _declined_everywhere(scene: Scene, site: str) -> bool:
    """Say whether labels disagree with the model more at this site and, together beyond chance, at the others."""
    for watched in ("sensitivity", "specificity"):
        falls = {one.scope.site: scene.z(one) for one in scene.streams(watched, family="performance") if one.scope.site}
        others = [z for name, z in falls.items() if name != site and z != 0.0]  # 0: too few labels to tell
        together = sum(others) / max(len(others), 1) ** 0.5
        if others and falls.get(site, 0.0) <= -1.0 and max(others) < 0 and together <= -APART:
            return True
    return False


def _scanner(scene: Scene, site: str) -> Stream | None:
    """Return the scanner that explains the change better than its whole site; None where the others moved too."""
    found = scene.strongest("score_level", "positive_share", site=site, family="scanner")
    if found is None or abs(found[0]) < MOVED:
        return None
    z, stream = found
    levels = {one.key: scene.z(one) for one in scene.streams("score_level", site=site, family="scanner")}
    others = [other * np.sign(levels.get(stream.key, z)) for key, other in levels.items() if key != stream.key]
    alike = stream.watched if abs(levels.get(stream.key, 0.0)) < 2.0 else "score_level"
    mine = levels[stream.key] if alike == "score_level" else z
    whole = max((abs(scene.z(one)) for one in scene.streams(alike, site=site, family="score")), default=0.0)
    narrow = mine * mine > whole * whole + NARROWER
    return stream if narrow and max(others, default=0.0) < max(ALIKE, abs(mine) / SMALLER) else None


def _upgraded(scene: Scene, site: str) -> Cause | None:
    """Return software or protocol that changed, when the scores did, on a scanner that moved, though not alone."""
    for stream in scene.streams("score_level", site=site, family="scanner"):
        cause = _changed(scene, stream) if abs(scene.z(stream)) >= ALIKE else None
        if cause is not None and cause.kind != "scanner":
            return cause
    return None


def _changed(scene: Scene, stream: Stream) -> Cause:
    """Name the scanner; or its software or protocol, where that changed when the scores did."""
    site, name = stream.scope.site, stream.subject[SCANNER]
    keep = scene.cells.at("site", site) & scene.cells.at(SCANNER, name)
    kind = _what_changed(scene, keep) or "scanner"
    return Cause(kind, name, site, SCANNER, name)


def _by_prevalence(scene: Scene, site: str, otherwise: str) -> Cause:
    """Name prevalence where more or less disease alone explains the scores; else software, protocol, or the rest."""
    cells = scene.cells
    keep = cells.at("site", site) if site else cells.every
    if not _missed_more(scene, site) and prevalence_explains(cells, keep, scene.since[2], scene.index):
        return Cause("prevalence", site or ALL_SITES, site)
    changed = _what_changed(scene, keep) if site else None
    version = scene.lead.scope.version
    return Cause(changed or otherwise, site or (version if otherwise == "model" else ALL_SITES), site)


def _missed_more(scene: Scene, site: str) -> bool:
    """Say whether the labels of the same days disagree with the model more than those of the reference."""
    found = scene.streams("sensitivity", "specificity", family="performance")
    return any(scene.z(stream) <= -APART for stream in found if site in ("", stream.scope.site))


def _what_changed(scene: Scene, keep: Those) -> str | None:
    """Return whether software or protocol took a new value within the change-point's interval, and stayed."""
    low, high, _ = scene.since
    cells = scene.cells
    for kind, axis in (("software", SOFTWARE), ("protocol", PROTOCOL)):
        for value in cells.levels(axis):
            mine = keep & cells.at(axis, value) & (cells.day <= scene.index)
            after = cells.n.total(keep & (cells.day > high) & (cells.day <= scene.index))
            first = cells.first_day(mine)
            share = cells.n.total(mine & (cells.day > high)) / max(after, 1)
            if low - SLACK <= first <= high + SLACK and share > 0.5:
                return kind
    return None
