"""A Merkle tree that keeps its inner nodes: proofs of any size and place in logarithmic time (RFC 6962).

`registry.ledger.merkle` computes the same proofs from the leaves alone, in linear time.
"""

from collections.abc import Iterable

from registry.ledger.merkle import EMPTY_ROOT, node_hash


class MerkleLevels:
    """All leaf hashes and the roots of all whole subtrees of a power of two: about 64 bytes a leaf.

    Args:
        leaves: leaf hashes of 32 bytes.
    """

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self) -> int:
        """Return how many leaves there are."""
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the end."""
        node, height = leaf, 0
        while True:
            level = self._levels[height]
            level.append(node)
            if len(level) & 1:
                return
            node, height = node_hash(level[-2], level[-1]), height + 1
            if height == len(self._levels):
                self._levels.append([])

    def leaf(self, index: int) -> bytes:
        """Return a leaf hash."""
        return self._levels[0][index]

    def root(self, size: int | None = None) -> bytes:
        """Return the root over the first leaves (all unless given).

        Raises:
            ValueError: when there are not so many.
        """
        end = self.size if size is None else size
        if not 0 <= end <= self.size:
            raise ValueError(f"no tree of {end} leaves in one of {self.size}")
        return self._root(0, end) if end else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """Return the audit path of a leaf in the tree of that size, from the leaf upwards (RFC 6962, 2.1.1).

        Raises:
            ValueError: when there is no such leaf or tree.
        """
        if not 0 <= index < size <= self.size:
            raise ValueError(f"no leaf {index} in a tree of {size}")
        path, start, end = [], 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._root(middle, end))
                end = middle
            else:
                path.append(self._root(start, middle))
                start = middle
        return tuple(reversed(path))

    def consistency(self, old_size: int, size: int) -> tuple[bytes, ...]:
        """Return the proof that the tree of `size` continues that of `old_size` (RFC 6962, 2.1.2).

        Raises:
            ValueError: when there are no such trees.
        """
        if not 0 <= old_size <= size <= self.size:
            raise ValueError(f"a tree of {size} does not continue one of {old_size}")
        if old_size in {0, size}:
            return ()
        path, start, end = [], 0, size
        while old_size < end:
            middle = start + _split(end - start)
            if old_size <= middle:
                path.append(self._root(middle, end))
                end = middle
            else:
                path.append(self._root(start, middle))
                start = middle
        if start:
            path.append(self._root(start, end))
        return tuple(reversed(path))

    def _root(self, start: int, end: int) -> bytes:
        """Return the root over leaves `start` to `end`, where a whole subtree begins at `start`."""
        count = end - start
        if count & (count - 1) == 0:
            height = count.bit_length() - 1
            return self._levels[height][start >> height]
        middle = start + _split(count)
        return node_hash(self._root(start, middle), self._root(middle, end))


def _split(count: int) -> int:
    """Return the largest power of two below `count` (at least 2)."""
    return 1 << ((count - 1).bit_length() - 1)
