"""SHA-256 digests and their spelling `sha256:<64 hex>`."""

import hashlib
import re
from collections.abc import Iterable
from typing import Any, BinaryIO
from uuid import UUID

from registry.domain.canonical import canonical_bytes

PREFIX = "sha256:"
_PIECE = 1 << 20
_DIGEST = re.compile(PREFIX + "[0-9a-f]{64}")


def digest_bytes(data: bytes) -> str:
    """Return the digest of bytes as `sha256:<hex>`."""
    return PREFIX + hashlib.sha256(data).hexdigest()


def digest_pieces(pieces: Iterable[bytes]) -> str:
    """Return the digest of bytes that come in pieces."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return PREFIX + digest.hexdigest()


def digest_stream(file: BinaryIO) -> str:
    """Return the digest of what a binary file holds from its present position on, read piece by piece."""
    return digest_pieces(iter(lambda: file.read(_PIECE), b""))


def digest_value(value: Any) -> str:
    """Return the digest of a JSON value's canonical bytes."""
    return digest_bytes(canonical_bytes(value))


def digest_hex(digest: str) -> str:
    """Return the hexadecimal part of a digest.

    Raises:
        ValueError: when the text is not a SHA-256 digest in our spelling.
    """
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"not a digest: {digest[:80]!r}")
    return digest.removeprefix(PREFIX)


def digest_uuid(digest: str) -> UUID:
    """Return the UUID of version 8 (RFC 9562, 5.8) that the first half of a digest gives, for formats that want one."""
    bits = int(digest_hex(digest)[:32], 16)
    return UUID(int=bits & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62)
