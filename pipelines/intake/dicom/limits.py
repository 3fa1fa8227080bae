"""Limits on hostile or broken input, checked before a parser or a decoder spends memory on it."""

from dataclasses import dataclass

_MIB = 1 << 20
_GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """What one file, one header and one archive may cost.

    A deflated file may inflate to `inflated_ratio` times its size, or to `inflated_floor_bytes` when that is more, and
    never above `inflated_bytes`: 306 kB that inflate to 300 MB are refused before a parser sees them.
    """

    file_bytes: int = 2 * _GIB
    inflated_bytes: int = 512 * _MIB
    inflated_floor_bytes: int = 64 * _MIB
    inflated_ratio: int = 4
    elements: int = 50_000
    frames: int = 100_000
    frame_bytes: int = 512 * _MIB
    archive_members: int = 200_000
    archive_bytes: int = 64 * _GIB
    archive_ratio: int = 200
    archive_member_bytes: int = 512 * _MIB

    def inflated(self, compressed: int) -> int:
        """Return how many bytes a deflated data set of `compressed` bytes may become."""
        return min(self.inflated_bytes, max(self.inflated_floor_bytes, self.inflated_ratio * compressed))


DEFAULT_LIMITS = Limits()
