"""DSSE envelopes (Dead Simple Signing Envelope v1.0.2) in canonical JSON, with one Ed25519 signature.

What is signed is the pre-authentication encoding of payload type and payload, so a signature over one type of payload
never holds for another. Only the one canonical spelling of an envelope is read: any changed byte is refused.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from registry.domain.canonical import NotCanonicalError, canonical_bytes, parse_canonical
from registry.domain.errors import SignatureBrokenError
from registry.keys import Signer

IN_TOTO = "application/vnd.in-toto+json"
SESSION = "application/vnd.overread.session+json"
ACCEPTANCE = "application/vnd.overread.acceptance+json"
ORGANISATION = "application/vnd.overread.organisation+json"
REPORT = "application/vnd.overread.report+json"
TICKET = "application/vnd.overread.run-ticket+json"


@dataclass(frozen=True)
class Envelope:
    """An envelope taken apart; nothing in it is verified yet."""

    payload_type: str
    payload: bytes
    key_id: str
    signature: bytes

    @property
    def signed_bytes(self) -> bytes:
        """The bytes over which the signature is."""
        return pae(self.payload_type, self.payload)


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding: `DSSEv1 <len> <type> <len> <payload>`, lengths in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal_envelope(payload_type: str, value: Any, signer: Signer) -> bytes:
    """Sign the canonical bytes of a JSON value with a person's key and return the envelope's canonical bytes."""
    return seal_with(payload_type, value, signer.key.key_id, signer.sign)


def seal_with(payload_type: str, value: Any, key_id: str, sign: Callable[[bytes], bytes]) -> bytes:
    """Sign the canonical bytes of a JSON value and return the envelope's canonical bytes."""
    payload = canonical_bytes(value)
    signature = sign(pae(payload_type, payload))
    return canonical_bytes(
        {
            "payload": _spelled(payload),
            "payloadType": payload_type,
            "signatures": [{"keyid": key_id, "sig": _spelled(signature)}],
        }
    )


def open_envelope(data: bytes, payload_type: str) -> Envelope:
    """Take an envelope of one payload type apart, strictly, without verifying it.

    Raises:
        SignatureBrokenError: when the bytes are not the canonical spelling of such an envelope.
    """
    try:
        record = parse_canonical(data)
        (row,) = record["signatures"]
        found = Envelope(record["payloadType"], _unspelled(record["payload"]), row["keyid"], _unspelled(row["sig"]))
    except (NotCanonicalError, KeyError, TypeError, ValueError) as error:
        raise SignatureBrokenError("a signature's envelope cannot be read", mend="restore it from a backup") from error
    if set(record) != {"payload", "payloadType", "signatures"} or set(row) != {"keyid", "sig"}:
        raise SignatureBrokenError("a signature's envelope has unknown fields")
    if found.payload_type != payload_type:
        raise SignatureBrokenError("a signature's envelope holds another type of payload")
    return found


def payload_of(envelope: Envelope) -> Any:
    """Return the JSON value of an envelope's payload.

    Raises:
        SignatureBrokenError: when the payload is not canonical JSON.
    """
    try:
        return parse_canonical(envelope.payload)
    except NotCanonicalError as error:
        raise SignatureBrokenError("a signed statement cannot be read") from error


def _spelled(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unspelled(text: str) -> bytes:
    """Decode base64 in its one spelling (RFC 4648, 3.5: no stray bits, no other alphabet)."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if _spelled(data) != text:
        raise ValueError("base64 with stray bits")
    return data
