"""UUIDv7 (RFC 9562, 5.7): time-ordered identifiers for events."""

import secrets
import uuid
from datetime import datetime


def uuid7(at: datetime, random_bytes: bytes | None = None) -> str:
    """Return a UUIDv7 text for an aware instant.

    Args:
        at: the instant; its Unix time in milliseconds fills the first 48 bits.
        random_bytes: 10 bytes for the random part; drawn from the system when absent.

    Raises:
        ValueError: when `random_bytes` has another length than 10.
    """
    tail = secrets.token_bytes(10) if random_bytes is None else random_bytes
    if len(tail) != 10:
        raise ValueError("the random part of a UUIDv7 has 10 bytes")
    value = bytearray(int(at.timestamp() * 1000).to_bytes(6, "big") + tail)
    value[6] = 0x70 | (value[6] & 0x0F)
    value[8] = 0x80 | (value[8] & 0x3F)
    return str(uuid.UUID(bytes=bytes(value)))
