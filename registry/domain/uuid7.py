"""UUIDv7 (RFC 9562, 5.7): time-ordered identifiers for events."""

import secrets
from datetime import UTC, datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_A_DAY = 86_400_000


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
    since = at - _EPOCH
    milliseconds = since.days * _MILLISECONDS_A_DAY + since.seconds * 1000 + since.microseconds // 1000
    value = bytearray(milliseconds.to_bytes(6, "big") + tail)
    value[6] = 0x70 | (value[6] & 0x0F)
    value[8] = 0x80 | (value[8] & 0x3F)
    found = value.hex()
    return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}"
