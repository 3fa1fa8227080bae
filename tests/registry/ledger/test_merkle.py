import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# The test tree of Certificate Transparency's reference implementation (google/certificate-transparency, merkletree).
REFERENCE_LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
REFERENCE_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = [*range(9), 255, 256, 257]


def leaves(count: int) -> list[bytes]:
    return [leaf_hash(number.to_bytes(4, "big")) for number in range(count)]


def literal_root(hashes: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word by word."""
    if len(hashes) < 2:
        return hashes[0] if hashes else hashlib.sha256(b"").digest()
    split = max(power for power in (2**exponent for exponent in range(20)) if power < len(hashes))
    return hashlib.sha256(b"\x01" + literal_root(hashes[:split]) + literal_root(hashes[split:])).digest()


def test_the_empty_root_is_that_of_rfc_6962() -> None:
    assert root_of([]) == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_roots_are_those_of_the_reference_implementation() -> None:
    hashes = [leaf_hash(data) for data in REFERENCE_LEAVES]
    assert [root_of(hashes[:size]).hex() for size in range(1, 9)] == REFERENCE_ROOTS


@pytest.mark.parametrize("size", SIZES)
def test_roots_follow_the_definition_at_every_size(size: int) -> None:
    assert root_of(leaves(size)) == literal_root(leaves(size))


@pytest.mark.parametrize("size", SIZES)
def test_a_frontier_survives_its_bytes_at_every_size(size: int) -> None:
    frontier = Frontier()
    for leaf in leaves(size):
        frontier = Frontier.from_bytes(frontier.to_bytes())
        frontier.append(leaf)
    assert (frontier.size, frontier.root()) == (size, root_of(leaves(size)))


@pytest.mark.parametrize("data", [b"", bytes(7), bytes(9), (1).to_bytes(8, "big"), bytes(8) + bytes(32)])
def test_bytes_that_are_no_frontier_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="frontier"):
        Frontier.from_bytes(data)


def test_a_doubled_last_leaf_gives_another_root() -> None:
    three = leaves(3)
    assert root_of(three) != root_of([*three, three[-1]])


def test_a_leaf_cannot_pass_for_a_node() -> None:
    left, right = leaves(2)
    assert leaf_hash(left + right) != node_hash(left, right)


@pytest.mark.parametrize("size", SIZES[1:9])
def test_every_leaf_is_proved_and_only_at_its_place(size: int) -> None:
    hashes = leaves(size)
    root = root_of(hashes)
    for index in range(size):
        path = inclusion_proof(hashes, index)
        accepted = [place for place in range(-1, size + 2) if verify_inclusion(hashes[index], place, size, path, root)]
        assert accepted == [index]


@given(st.integers(1, 257), st.data())
def test_an_inclusion_proof_holds_and_a_tampered_one_fails(size: int, data: st.DataObject) -> None:
    hashes, index = leaves(size), data.draw(st.integers(0, size - 1))
    root, path = root_of(hashes), inclusion_proof(hashes, index)
    assert verify_inclusion(hashes[index], index, size, path, root)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, path, root)
    assert not verify_inclusion(hashes[index], index, size, [*path, root], root)
    for place in range(len(path)):
        changed = [*path[:place], leaf_hash(path[place]), *path[place + 1 :]]
        assert not verify_inclusion(hashes[index], index, size, changed, root)
        assert not verify_inclusion(hashes[index], index, size, path[:place], root)


@given(st.integers(0, 257), st.data())
def test_a_consistency_proof_holds_and_a_tampered_one_fails(size: int, data: st.DataObject) -> None:
    hashes, old = leaves(size), data.draw(st.integers(0, size))
    path, roots = consistency_proof(hashes, old), (root_of(hashes[:old]), root_of(hashes))
    assert verify_consistency(old, roots[0], size, roots[1], path)
    assert not verify_consistency(old, leaf_hash(b""), size, roots[1], path)
    assert not verify_consistency(old, roots[0], size, roots[1], [*path, roots[1]])
    for place in range(len(path)):
        changed = [*path[:place], leaf_hash(path[place]), *path[place + 1 :]]
        assert not verify_consistency(old, roots[0], size, roots[1], changed)
        assert not verify_consistency(old, roots[0], size, roots[1], path[:place])


def test_all_pairs_of_small_sizes_are_consistent() -> None:
    for new in range(9):
        for old in range(new + 1):
            path = consistency_proof(leaves(new), old)
            roots = root_of(leaves(old)), root_of(leaves(new))
            assert verify_consistency(old, roots[0], new, roots[1], path)
            assert old in {0, new} or not verify_consistency(old, roots[0], 4 * new, roots[1], path)


def test_a_rewritten_old_tree_is_not_consistent() -> None:
    old, new = leaves(5), [leaf_hash(b"forged"), *leaves(9)[1:]]
    assert not verify_consistency(5, root_of(old), 9, root_of(new), consistency_proof(new, 5))


def test_a_shorter_tree_never_continues_a_longer_one() -> None:
    assert not verify_consistency(5, root_of(leaves(5)), 4, root_of(leaves(4)), ())
    with pytest.raises(ValueError, match="continue"):
        consistency_proof(leaves(4), 5)


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(leaves(3), index)
