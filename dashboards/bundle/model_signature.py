"""The release signature over a model's files (OpenSSF Model Signing), checked from its bundle alone.

The bundle is a Sigstore bundle with one DSSE envelope by an ECDSA key on P-256; its statement lists every file with its
SHA-256. These give the digest under which the version stands in the ledger, so a bundle of other files is found without
the files themselves.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from registry.domain.digest import PREFIX, digest_value
from registry.domain.errors import SignatureBrokenError
from registry.dsse import IN_TOTO, pae

_PREDICATE = "https://model_signing/signature/v1.0"


def check_model_signature(bundle: bytes, told: Mapping[str, Any], artifact_digest: str) -> None:
    """Hold a bundle against the key and the files that the ledger tells of.

    Args:
        bundle: the Sigstore bundle (JSON).
        told: the payload of the event `release.signed`.
        artifact_digest: the digest of the version's files.

    Raises:
        SignatureBrokenError: saying what does not fit.
    """
    pem = str(told["public_key"]).encode("ascii", "replace")
    if hashlib.sha256(pem).hexdigest() != told["key_id"]:
        raise SignatureBrokenError("the release key is not the one that the ledger names")
    payload = _opened(bundle, pem)
    try:
        statement = json.loads(payload)
        listed = statement["predicate"]["resources"]
        files = {one["name"]: PREFIX + one["digest"] for one in listed if one["algorithm"] == "sha256"}
        known = statement["predicateType"] == _PREDICATE and len(files) == len(listed)
    except (ValueError, KeyError, TypeError) as error:
        raise SignatureBrokenError("a release signature is over no list of files") from error
    if not known or digest_value(files) != artifact_digest:
        raise SignatureBrokenError("a release signature is over other files than those of its version")


def _opened(bundle: bytes, pem: bytes) -> bytes:
    """Return what a bundle signs, once the key's signature holds."""
    try:
        envelope = json.loads(bundle)["dsseEnvelope"]
        (signature,) = envelope["signatures"]
        payload = base64.b64decode(envelope["payload"], validate=True)
        signed = pae(envelope["payloadType"], payload)
        key = load_pem_public_key(pem)
        if envelope["payloadType"] != IN_TOTO or not isinstance(key, ec.EllipticCurvePublicKey):
            raise SignatureBrokenError("a release signature of another kind")
        key.verify(base64.b64decode(signature["sig"], validate=True), signed, ec.ECDSA(SHA256()))
    except (ValueError, KeyError, TypeError, binascii.Error, UnsupportedAlgorithm, InvalidSignature) as error:
        raise SignatureBrokenError("a release signature does not hold") from error
    return payload
