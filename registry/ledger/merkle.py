"""The Merkle tree of RFC 6962: roots, inclusion and consistency proofs.

Leaves and nodes are hashed with different first bytes, and an odd leaf is never doubled, so neither a node nor a
repeated leaf can pass for another tree (RFC 6962, 2.1). All functions take leaf hashes of 32 bytes. The functions that
verify follow RFC 9162, 2.1.3.2 and 2.1.4.2.
"""

import hashlib
from collections.abc import Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of an entry's bytes, `sha256(0x00 || data)`."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node, `sha256(0x01 || left || right)`."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the perfect subtrees of a tree, largest first: all that appending and the root need.

    Its bytes are the size (8 bytes, big-endian) and those roots (32 bytes each, one for each bit set in the size).
    """

    def __init__(self, size: int = 0, nodes: Sequence[bytes] = ()) -> None:
        if size < 0 or len(nodes) != size.bit_count() or any(len(node) != HASH_BYTES for node in nodes):
            raise ValueError("a Merkle frontier has one hash of 32 bytes for each bit set in its size")
        self.size = size
        self._nodes = list(nodes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the end."""
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(self._nodes.pop(), node)
            size >>= 1
        self._nodes.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the tree (32 bytes)."""
        if not self._nodes:
            return EMPTY_ROOT
        found = self._nodes[-1]
        for node in reversed(self._nodes[:-1]):
            found = node_hash(node, found)
        return found

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        return self.size.to_bytes(8, "big") + b"".join(self._nodes)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frontier":
        """Read the stored form.

        Raises:
            ValueError: when the bytes are not a frontier.
        """
        hashes = data[8:]
        if len(data) < 8 or len(hashes) % HASH_BYTES:
            raise ValueError("not the bytes of a Merkle frontier")
        nodes = [hashes[start : start + HASH_BYTES] for start in range(0, len(hashes), HASH_BYTES)]
        return cls(int.from_bytes(data[:8], "big"), nodes)


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes; of none it is `e3b0c442…b855` (RFC 6962, 2.1)."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the audit path of a leaf, from the leaf upwards (RFC 6962, 2.1.1).

    Raises:
        ValueError: when there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"no leaf {index} in a tree of {len(leaves)}")
    if len(leaves) == 1:
        return ()
    split = _split(len(leaves))
    if index < split:
        return (*inclusion_proof(leaves[:split], index), root_of(leaves[split:]))
    return (*inclusion_proof(leaves[split:], index - split), root_of(leaves[:split]))


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Say whether `path` proves that `leaf` stands at `index` in the tree of that size and root."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for node in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(node, found)
            place, last = _up_to_left_turn(place, last)
        else:
            found = node_hash(found, node)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """Return the proof that the tree over `leaves` continues its first `old_size` leaves (RFC 6962, 2.1.2).

    Raises:
        ValueError: when `old_size` is negative or greater than the tree.
    """
    if not 0 <= old_size <= len(leaves):
        raise ValueError(f"a tree of {len(leaves)} does not continue one of {old_size}")
    if old_size in {0, len(leaves)}:
        return ()
    return _subproof(leaves, old_size, whole=True)


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Say whether `path` proves that the new tree begins with the whole old one."""
    if not 0 <= old_size <= new_size:
        return False
    if old_size == new_size:
        return not path and old_root == new_root
    if old_size == 0:
        return not path and old_root == EMPTY_ROOT
    steps = [old_root, *path] if old_size.bit_count() == 1 else list(path)
    return bool(steps) and _walk_consistency(old_size, new_size, steps) == (old_root, new_root)


def _walk_consistency(old_size: int, new_size: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for node in steps[1:]:
        if last == 0:
            return None
        if place & 1 or place == last:
            old, new = node_hash(node, old), node_hash(node, new)
            place, last = _up_to_left_turn(place, last)
        else:
            new = node_hash(new, node)
        place, last = place >> 1, last >> 1
    return (old, new) if last == 0 else None


def _subproof(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> tuple[bytes, ...]:
    if old_size == len(leaves):
        return () if whole else (root_of(leaves),)
    split = _split(len(leaves))
    if old_size <= split:
        return (*_subproof(leaves[:split], old_size, whole=whole), root_of(leaves[split:]))
    return (*_subproof(leaves[split:], old_size - split, whole=False), root_of(leaves[:split]))


def _split(size: int) -> int:
    """Return the largest power of two below `size` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def _up_to_left_turn(place: int, last: int) -> tuple[int, int]:
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last
