"""Keyed pseudonyms: the one function through which every identifier passes.

UIDs become UUIDv8 under `2.25.` (DICOM PS3.5 B.2); every other identifier becomes `p:` and 32 hexadecimal digits.
Both are HMAC-SHA256 under the workspace's 32-byte key, so that the same identifier from any carrier joins, and so
that a dictionary of all record numbers finds nothing without the key.
"""

import hashlib
import hmac
import re
import uuid
from enum import StrEnum

KEY_BYTES = 32
_OURS_UID = re.compile(r"2\.25\.([1-9][0-9]{0,38})")
_OURS_TEXT = re.compile(r"p:[0-9a-f]{32}")


class Identifier(StrEnum):
    """Kinds of identifier; the kind separates the domains of the keyed hash."""

    UID = "UID"  # study, series, instance and frame-of-reference UIDs
    PATIENT = "PATIENT"
    READER = "READER"
    DEVICE = "DEVICE"  # scanner serial number
    STATION = "STATION"
    ACCESSION = "ACCESSION"
    LESION = "LESION"
    RECORD = "RECORD"  # names that other systems give to a prediction, a read, a finding: often an accession number
    TEXT = "TEXT"  # free text outside the vocabulary


class Pseudonymizer:
    """Replace identifiers by keyed pseudonyms.

    Raises:
        ValueError: when the key is shorter than 32 bytes.
    """

    def __init__(self, key: bytes, project: str) -> None:
        if len(key) < KEY_BYTES:
            raise ValueError("the pseudonym key needs 32 bytes")
        self._key = key
        self._project = project.encode()

    def of(self, kind: Identifier, value: str) -> str:
        """Return the pseudonym of an identifier; empty stays empty."""
        text = value.rstrip("\0 ") if kind is Identifier.UID else value.strip("\0 ")
        if not text:
            return ""
        mac = hmac.new(self._key, b"\0".join((kind.value.encode(), self._project, text.encode())), hashlib.sha256)
        return _uid(mac.digest()) if kind is Identifier.UID else f"p:{mac.hexdigest()[:32]}"

    def uid(self, value: str) -> str:
        """Return the pseudonym of a UID."""
        return self.of(Identifier.UID, value)


def is_pseudonym(value: str) -> bool:
    """Say whether a value is already spelled as one of our pseudonyms.

    Devices draw UIDs under `2.25.` from random UUIDs (version 4); ours are version 8, so the two never mix up.
    """
    if _OURS_TEXT.fullmatch(value):
        return True
    found = _OURS_UID.fullmatch(value)
    number = int(found[1]) if found else 0
    return 0 < number < 1 << 128 and uuid.UUID(int=number).version == 8


def _uid(mac: bytes) -> str:
    value = bytearray(mac[:16])
    value[6] = 0x80 | (value[6] & 0x0F)
    value[8] = 0x80 | (value[8] & 0x3F)
    return f"2.25.{uuid.UUID(bytes=bytes(value)).int}"
