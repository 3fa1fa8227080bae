"""Risk tiers of models, and what an approval takes in each: which signatures, and how long it may hold. As data, here.

The roles are the contract's (section 5); the longest times are those of the periodic safety update reports of devices:
each year for classes IIb and III, every second year for class IIa (Regulation (EU) 2017/745, Article 86).
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from registry.domain.person import APPROVAL_QUORUM, PersonRole


class RiskTier(StrEnum):
    """How much harm a wrong answer of a model can do, in ascending order."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


DEFAULT_TIER = RiskTier.MEDIUM  # of a model whose tier nobody declared
DEFAULT_VALID_DAYS = 365
Slot = frozenset[PersonRole]  # one signature, that any of the roles may give
_BOTH: tuple[Slot, ...] = tuple(frozenset({role}) for role in APPROVAL_QUORUM)
_THIRD: Slot = frozenset({PersonRole.VALIDATOR, PersonRole.OVERSIGHT})
QUORUMS: Mapping[RiskTier, tuple[Slot, ...]] = {
    RiskTier.LOW: _BOTH,
    RiskTier.MEDIUM: _BOTH,
    RiskTier.HIGH: (*_BOTH, _THIRD),
}
LONGEST_DAYS: Mapping[RiskTier, int] = {RiskTier.LOW: 730, RiskTier.MEDIUM: 365, RiskTier.HIGH: 365}
_ORDER = tuple(RiskTier)


def is_lower(one: RiskTier, other: RiskTier) -> bool:
    """Say whether a tier is lower than another."""
    return _ORDER.index(one) < _ORDER.index(other)


def open_slots(tier: RiskTier, signed: Iterable[PersonRole]) -> tuple[Slot, ...]:
    """Return the signatures that a tier's quorum still lacks, given the roles in which it was signed."""
    roles = set(signed)
    return tuple(slot for slot in QUORUMS[tier] if not slot & roles)


def missing_words(tier: RiskTier, signed: Iterable[PersonRole]) -> tuple[str, ...]:
    """Return in words whose signatures a tier's quorum still lacks, such as `oversight or validator`."""
    return tuple(" or ".join(sorted(role.value for role in slot)) for slot in open_slots(tier, signed))


def quorum_met(tier: RiskTier, signed: Mapping[PersonRole, frozenset[str]]) -> bool:
    """Say whether a tier's quorum is filled, no human standing behind two of its places.

    Args:
        tier: whose quorum.
        signed: per role the humans behind its signature: the signer, and whom a deputy acts for.
    """
    filled = [{signed[role] for role in slot & set(signed)} for slot in QUORUMS[tier]]
    return _distinct(filled, frozenset())


def _distinct(places: list[set[frozenset[str]]], taken: frozenset[str]) -> bool:
    """Say whether every place can have humans of its own."""
    if not places:
        return True
    return any(_distinct(places[1:], taken | humans) for humans in places[0] if not humans & taken)
