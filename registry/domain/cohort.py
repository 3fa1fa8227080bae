"""Cohorts: frozen lists of units with a role, and the proofs that two of them are disjoint (contract, section 7)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from registry.domain.digest import digest_value
from registry.domain.vocabulary import Role

FITTED_ROLES = frozenset({Role.TRAIN, Role.TUNE})
TEST_ROLES = frozenset({Role.INTERNAL_TEST, Role.TRANSFER_TEST, Role.EXTERNAL_TEST})
NEAR_DUPLICATE_DISTANCE = 20  # bits of the 256-bit image fingerprint; see docs/explanation/leakage.md
_FINGERPRINT_BITS = 256
_WORD_BITS = 16


@dataclass(frozen=True)
class SeriesImage:
    """The image of one more series of a study: digest and fingerprint of its pixels."""

    series_uid: str
    pixel_digest: str = ""
    fingerprint: str = ""


@dataclass(frozen=True)
class CohortUnit:
    """One unit of a cohort, by pseudonyms; `fingerprint` is a 256-bit perceptual hash in hexadecimal.

    The image of `series_uid` is what a model learns from. A study is scored by the images of all its series, as it is
    in service: `also` holds those of the others.
    """

    unit: str
    unit_uid: str
    series_uid: str
    study_uid: str
    patient: str
    site: str
    scanner: str
    truth: bool
    pixel_digest: str = ""
    fingerprint: str = ""
    also: tuple[SeriesImage, ...] = ()

    @property
    def images(self) -> "tuple[CohortUnit, ...]":
        """The unit once for each image by which it is scored, the one that a model learns from first."""
        own = replace(self, also=())
        return (own, *(replace(own, **vars(image)) for image in self.also))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, fields in the order of their names; `also` where there is more than one series."""
        also = [dict(sorted(vars(image).items())) for image in self.also]
        return {name: also if name == "also" else value for name, value in sorted(vars(self).items()) if value != ()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "CohortUnit":
        """Read the JSON form back."""
        also = tuple(SeriesImage(**image) for image in record.get("also", ()))
        return cls(**{**record, "also": also})


@dataclass(frozen=True)
class Cohort:
    """A frozen, content-addressed list of units with a role.

    `flow` counts what was left after each step of the selection (CONSORT-like); `selection` is the exact query.
    """

    name: str
    target: str
    role: Role
    selection: tuple[str, ...]
    units: tuple[CohortUnit, ...]
    flow: tuple[tuple[str, int], ...] = ()
    synthetic: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the manifest whose canonical bytes are the cohort's content."""
        return {
            "schema": "overread.cohort/1",
            "name": self.name,
            "target": self.target,
            "role": self.role.value,
            "selection": list(self.selection),
            "flow": [[step, n] for step, n in self.flow],
            "synthetic": self.synthetic,
            "units": [unit.to_json() for unit in sorted(self.units, key=lambda unit: unit.unit_uid)],
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Cohort":
        """Read a manifest back."""
        return cls(
            record["name"],
            record["target"],
            Role(record["role"]),
            tuple(record["selection"]),
            tuple(CohortUnit.from_json(unit) for unit in record["units"]),
            tuple((step, n) for step, n in record["flow"]),
            record["synthetic"],
        )

    @property
    def digest(self) -> str:
        """Digest of the manifest."""
        return digest_value(self.to_json())

    @property
    def positive(self) -> int:
        """Units whose reference standard is positive."""
        return sum(unit.truth for unit in self.units)

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites of the units, in the order of their names."""
        return tuple(sorted({unit.site for unit in self.units}))

    def patients(self, *, truth: bool | None = None) -> frozenset[str]:
        """Return the patients that have a unit (of the given truth)."""
        return frozenset(unit.patient for unit in self.units if truth is None or unit.truth is truth)


@dataclass(frozen=True)
class Overlap:
    """What two cohorts share on one axis: how many values, and a few of them (pseudonyms)."""

    axis: str
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class DisjointnessProof:
    """The proof that two cohorts share nothing that they must not, or what they share."""

    first: str
    second: str
    overlaps: tuple[Overlap, ...] = field(default=())

    @property
    def disjoint(self) -> bool:
        """Say whether nothing is shared."""
        return all(overlap.count == 0 for overlap in self.overlaps)

    def why(self) -> str:
        """Say in one phrase what is shared."""
        found = [f"{overlap.count} {overlap.axis}(s)" for overlap in self.overlaps if overlap.count]
        return ", ".join(found) if found else "nothing"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "first": self.first,
            "second": self.second,
            "disjoint": self.disjoint,
            "overlaps": [{"axis": o.axis, "count": o.count, "examples": list(o.examples)} for o in self.overlaps],
        }


def axes_of(first: Role, second: Role) -> tuple[str, ...]:
    """Return the axes on which cohorts of two roles must be disjoint; empty when they may overlap.

    Fitted and test cohorts, train and tune, never share patient, study or pixels. An external test shares no site
    with any cohort that the model was fitted or internally tested on; a transfer test shares no scanner.
    """
    pair = {first, second}
    if first == second or not (pair & FITTED_ROLES or Role.EXTERNAL_TEST in pair or Role.TRANSFER_TEST in pair):
        return ()
    axes = ["patient", "study", "pixel digest", "near-duplicate"]
    if Role.EXTERNAL_TEST in pair and pair & (FITTED_ROLES | {Role.INTERNAL_TEST}):
        axes.append("site")
    if Role.TRANSFER_TEST in pair and pair & FITTED_ROLES:
        axes.append("scanner")
    return tuple(axes)


def prove_disjoint(first: Cohort, second: Cohort) -> DisjointnessProof:
    """Prove, or refuse, that two cohorts are disjoint on every axis that their roles demand."""
    overlaps = tuple(_overlap(axis, first, second) for axis in axes_of(first.role, second.role))
    return DisjointnessProof(first.name, second.name, overlaps)


def _overlap(axis: str, first: Cohort, second: Cohort) -> Overlap:
    if axis == "near-duplicate":
        shared = _near_duplicates(first.units, second.units)
    else:
        shared = _values(axis, first.units) & _values(axis, second.units)
    return Overlap(axis, len(shared), tuple(sorted(shared)[:3]))


def _values(axis: str, units: Iterable[CohortUnit]) -> set[str]:
    attribute = {
        "patient": "patient",
        "study": "study_uid",
        "pixel digest": "pixel_digest",
        "site": "site",
        "scanner": "scanner",
    }
    return {value for unit in units for image in unit.images if (value := getattr(image, attribute[axis]))}


def _near_duplicates(first: Iterable[CohortUnit], second: Iterable[CohortUnit]) -> set[str]:
    """Return the fingerprints of `first` that lie within the near-duplicate distance of one of `second`.

    By the pigeonhole principle two hashes that differ in d bits agree in one of their 16 words up to d // 16 bits, so
    only those that share a word, or such a neighbour of it, are compared.
    """
    left = _marks(first)
    index: dict[tuple[int, int], list[int]] = {}
    for mark in sorted(_marks(second)):
        for place, word in enumerate(_words(mark)):
            index.setdefault((place, word), []).append(mark)
    return {f"{mark:064x}" for mark in left if _has_neighbour(mark, index)}


def near_pairs(units: Iterable[CohortUnit]) -> list[tuple[CohortUnit, CohortUnit]]:
    """Return the pairs of units of different patients whose images lie within the near-duplicate distance."""
    marked = sorted(((int(unit.fingerprint, 16), unit) for unit in units if unit.fingerprint), key=_by_uid)
    index: dict[tuple[int, int], list[tuple[int, CohortUnit]]] = {}
    found: dict[tuple[str, str], tuple[CohortUnit, CohortUnit]] = {}
    for mark, unit in marked:
        places = [(place, word ^ flip) for place, word in enumerate(_words(mark)) for flip in _FLIPS]
        for other_mark, other in (other for place in places for other in index.get(place, ())):
            near = (mark ^ other_mark).bit_count() <= NEAR_DUPLICATE_DISTANCE
            if near and unit.patient != other.patient:
                found[other.unit_uid, unit.unit_uid] = (other, unit)
        for place, word in enumerate(_words(mark)):
            index.setdefault((place, word), []).append((mark, unit))
    return [found[key] for key in sorted(found)]


def _by_uid(one: tuple[int, CohortUnit]) -> str:
    return one[1].unit_uid


def _marks(units: Iterable[CohortUnit]) -> set[int]:
    return {int(image.fingerprint, 16) for unit in units for image in unit.images if image.fingerprint}


def _has_neighbour(mark: int, index: Mapping[tuple[int, int], list[int]]) -> bool:
    for place, word in enumerate(_words(mark)):
        for flip in _FLIPS:
            for other in index.get((place, word ^ flip), ()):
                if (mark ^ other).bit_count() <= NEAR_DUPLICATE_DISTANCE:
                    return True
    return False


def _words(mark: int) -> tuple[int, ...]:
    return tuple((mark >> shift) & 0xFFFF for shift in range(0, _FINGERPRINT_BITS, _WORD_BITS))


def _flips(bits: int) -> tuple[int, ...]:
    """Return every 16-bit pattern with at most so many bits set, fewest first."""
    chosen = (places for count in range(bits + 1) for places in combinations(range(_WORD_BITS), count))
    return tuple(sum(1 << place for place in places) for places in chosen)


_FLIPS = _flips(NEAR_DUPLICATE_DISTANCE // (_FINGERPRINT_BITS // _WORD_BITS))
