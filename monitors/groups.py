"""Groups of a window's units by one axis, or by a declared pair of axes; each against the rest that states them."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from monitors.areas import labelled
from monitors.counts import PATIENTS, Family, Integers
from monitors.draft import Reading
from monitors.scope import View
from registry.domain.vocabulary import NotAssessed

LISTED = 100  # beyond so many groups, those with fewer units than any statistic needs share one row


class Group(NamedTuple):
    """One group's labelled units, and those of the rest that states the axes too."""

    subject: Mapping[str, str]
    inside: Family
    rest: Family


class Groups(NamedTuple):
    """The groups of some axes; `small` of them are too small for every statistic, and too many to be listed."""

    axes: tuple[str, ...]
    listed: tuple[Group, ...]
    small: int
    least: int


def groups_of(view: View, axes: tuple[str, ...]) -> Groups:
    """Return every group of the window or, for one axis, of the reference; empty attributes make no group."""
    stated = _stated(labelled(view.now[PATIENTS]), axes)
    keys = _keys(view, axes)
    member = _members(stated, axes, keys)
    sizes = np.bincount(member, stated.counts, len(keys)).astype(np.int64)
    least = min(view.plan.min_positive, view.plan.min_negative)
    listed = [at for at in range(len(keys)) if len(keys) <= LISTED or sizes[at] >= least]
    groups = tuple(_group(stated, axes, keys[at], member == at) for at in listed)
    return Groups(axes, groups, len(keys) - len(listed), least)


def _group(
    stated: Family, axes: tuple[str, ...], key: tuple[str, ...], chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> Group:
    subject = {f"axis:{axis}": level for axis, level in zip(axes, key, strict=True)}
    return Group(subject, stated.select(chosen), stated.select(~chosen))


def _stated(family: Family, axes: tuple[str, ...]) -> Family:
    keep = np.ones(len(family.counts), dtype=np.bool_)
    for axis in axes:
        keep &= ~family.is_level(axis, "")
    return family.select(keep)


def _keys(view: View, axes: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the groups: of one axis every level of window and reference, of a pair what the window holds."""
    now, base = view.now[PATIENTS], view.base[PATIENTS]
    if len(axes) == 1:
        return [(level,) for level in sorted((set(now.levels[axes[0]]) | set(base.levels[axes[0]])) - {""})]
    part = _stated(now, axes).marginal(axes)
    return sorted(set(zip(*(part.labels_of(axis) for axis in axes), strict=True)))


def _members(stated: Family, axes: tuple[str, ...], keys: list[tuple[str, ...]]) -> Integers:
    """Return the group of each cell, int64[cells]."""
    places = {key: place for place, key in enumerate(keys)}
    columns = [stated.codes_of(axis) for axis in axes]
    rows, back = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    names = [tuple(stated.levels[axis][code] for axis, code in zip(axes, row, strict=True)) for row in rows.tolist()]
    table = np.array([places[name] for name in names], dtype=np.int64)
    return table[back.reshape(-1)] if len(table) else np.zeros(0, dtype=np.int64)


def listed_levels(sizes: Mapping[str, int], least: int) -> tuple[list[str], int]:
    """Return the levels of an axis that have a row of their own, and how many of too few units share one.

    Up to a hundred levels all are listed; beyond, only those with at least `least` units.
    """
    names = sorted(sizes)
    listed = [name for name in names if len(names) <= LISTED or sizes[name] >= least]
    return listed, len(names) - len(listed)


def sizes_of(family: Family, axis: str) -> dict[str, int]:
    """Return the number of units of each level of an axis that is stated."""
    sizes = np.bincount(family.codes_of(axis), family.counts, len(family.levels[axis])).astype(np.int64)
    return {level: int(n) for level, n in zip(family.levels[axis], sizes.tolist(), strict=True) if level}


def small_ones(axis: str, small: int, least: int) -> Reading:
    """Return the one row that many small levels share."""
    why = f"each of {small} has fewer than the {least} units that are needed"
    return Reading(0, subject={axis: f"{small} small ones"}, reason=NotAssessed.TOO_FEW, why=why)
