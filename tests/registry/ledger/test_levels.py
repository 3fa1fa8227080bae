"""The tree that keeps its nodes gives the roots and proofs of the one that computes them from the leaves."""

import pytest

from registry.ledger.levels import MerkleLevels
from registry.ledger.merkle import consistency_proof, inclusion_proof, leaf_hash, root_of

LEAVES = [leaf_hash(bytes([number % 256, number // 256])) for number in range(258)]
SIZES = (*range(1, 10), 31, 32, 33, 255, 256, 257)


@pytest.mark.parametrize("size", SIZES)
def test_roots_and_proofs_of_every_place_are_those_of_the_leaves(size: int) -> None:
    tree, leaves = MerkleLevels(LEAVES), LEAVES[:size]
    assert tree.root(size) == root_of(leaves)
    step = max(1, size // 16)
    for place in {*range(0, size, step), size - 1}:
        assert tree.inclusion(place, size) == inclusion_proof(leaves, place)
    for old in {*range(0, size, step), size - 1, size}:
        assert tree.consistency(old, size) == consistency_proof(leaves, old)


def test_what_is_not_there_is_refused() -> None:
    tree = MerkleLevels(LEAVES[:3])
    assert (tree.size, MerkleLevels().root()) == (3, root_of([]))
    for act in (
        lambda: tree.root(4),
        lambda: tree.inclusion(3, 3),
        lambda: tree.inclusion(-1, 3),
        lambda: tree.inclusion(0, 4),
        lambda: tree.consistency(4, 3),
        lambda: tree.consistency(-1, 3),
    ):
        with pytest.raises(ValueError, match="tree"):
            act()
