"""The release signature over a model's folder: OpenSSF Model Signing (OMS), by a key of its own.

Every file of the folder is in the signed manifest: nothing is ignored, files of git included, at signing and at
verifying. The bundle is an object; the ledger tells its digest and the public key. It is made when the approval is
complete, and the serving gate verifies it on the private copy from which the model is then loaded.
"""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from sqlalchemy.orm import Session

from registry.database import reading
from registry.domain.digest import digest_bytes
from registry.domain.errors import NotAllowedError, SignatureBrokenError
from registry.domain.event import Event, EventDraft, Subject
from registry.domain.model import ModelVersion
from registry.domain.person import SERVICE, actor_record
from registry.domain.ports import ObjectStore
from registry.history import last_event, payload_told
from registry.objects import write_durably
from registry.record import Record
from registry.release_keys import RELEASED, SIGN_AGAIN, require_counting, require_usable
from registry.schema import LedgerPayload

FILE = "release.pem"  # in the workspace's folder of keys


@dataclass(frozen=True)
class ReleaseKey:
    """The key that signs model folders: ECDSA on P-256, as OMS asks for; neither the log's key nor a person's."""

    pem: bytes
    public_pem: bytes

    @classmethod
    def open(cls, place: Path) -> "ReleaseKey":
        """Read the key from its file; where there is none, make one (mode 0600).

        Raises:
            NotAllowedError: when the file is open to others, or holds no such key.
        """
        if not place.exists():
            made = ec.generate_private_key(ec.SECP256R1())
            write_durably(place, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        if place.stat().st_mode & 0o077:
            raise NotAllowedError("the release key is open to others", where=place.name, mend="chmod 600")
        pem = place.read_bytes()
        try:
            found = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise NotAllowedError("the release key cannot be read", where=place.name) from error
        if not isinstance(found, ec.EllipticCurvePrivateKey) or not isinstance(found.curve, ec.SECP256R1):
            raise NotAllowedError("the release key is no ECDSA key on P-256", where=place.name)
        return cls(pem, found.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    @property
    def key_id(self) -> str:
        """The SHA-256 of the public key's PEM, in hexadecimal."""
        return hashlib.sha256(self.public_pem).hexdigest()


def sign_release(record: Record, key: ReleaseKey, version: ModelVersion, folder: Path) -> Event:
    """Sign a version's folder, keep the bundle, and put it on record.

    Args:
        record: the record.
        key: the release key.
        version: the version, approved.
        folder: a private copy of its files that was checked against the record.

    Returns:
        The event `release.signed`.

    Raises:
        NotAllowedError: when the key is revoked.
    """
    with reading(record.ledger.engine) as session:
        require_usable(session, key.key_id)
    bundle = sign_folder(key, folder)
    digest = record.objects.put(bundle)
    subjects = (
        Subject("version", version.name, version.artifact_digest),
        Subject("bundle", version.name, digest),
    )
    payload = {
        "model": version.model,
        "version": version.version,
        "bundle": digest,
        "key_id": key.key_id,
        "public_key": key.public_pem.decode("ascii"),
    }
    with record.ledger.transaction() as tx:
        return tx.append(EventDraft(RELEASED, actor_record(SERVICE), subjects, payload))


def require_release(session: Session, objects: ObjectStore, version: ModelVersion, folder: Path) -> None:
    """Refuse a folder that the newest release signature on record does not cover, file by file.

    Raises:
        SignatureBrokenError: when there is none, its bundle is gone, or it does not hold for these files.
        LedgerBrokenError: when the event that tells of it is not what was signed.
        ArtifactChangedError: when the bundle's object has other bytes.
    """
    told = last_event(session, (RELEASED,), "version", version.name)
    kept = None if told is None else session.get(LedgerPayload, told.seq)
    if told is None or kept is None:
        raise SignatureBrokenError(f"the files of {version.name} bear no release signature", mend=SIGN_AGAIN)
    payload = payload_told(told, kept)
    subject = Subject("version", version.name, version.artifact_digest).to_json()
    if subject not in told.record["subjects"]:
        raise SignatureBrokenError(f"the release signature of {version.name} is over other files", mend=SIGN_AGAIN)
    require_counting(session, payload["key_id"], told, version.name)
    bundle = objects.get(payload["bundle"])
    if digest_bytes(payload["public_key"].encode("ascii")).rpartition(":")[2] != payload["key_id"]:
        raise SignatureBrokenError(f"the release key of {version.name} is not the one on record", mend=SIGN_AGAIN)
    verify_folder(bundle, payload["public_key"].encode("ascii"), folder, version.name)


def _hashing() -> Any:
    """Return how folders are hashed: every file, links refused, and nothing ignored (SEC-07)."""
    from model_signing import hashing  # noqa: PLC0415 - lazy: model_signing imports sigstore, a second of time

    return hashing.Config().set_ignored_paths(paths=[], ignore_git_paths=False)


def sign_folder(key: ReleaseKey, folder: Path) -> bytes:
    """Return the OMS bundle (a Sigstore bundle with a DSSE envelope) over every file of a folder."""
    from model_signing import signing  # noqa: PLC0415 - lazy: model_signing imports sigstore, a second of time

    with tempfile.TemporaryDirectory(prefix="overread-") as place:
        private, bundle = Path(place, "key.pem"), Path(place, "bundle.sig")
        write_durably(private, key.pem)
        config = signing.Config().use_elliptic_key_signer(private_key=private).set_hashing_config(_hashing())
        config.sign(folder, bundle)
        return bundle.read_bytes()


def verify_folder(bundle: bytes, public_pem: bytes, folder: Path, name: str) -> None:
    """Verify an OMS bundle against every file of a folder.

    Raises:
        SignatureBrokenError: when another key signed it, or a file is changed, missing, added or a link.
    """
    from model_signing import verifying  # noqa: PLC0415 - lazy: model_signing imports sigstore, a second of time

    with tempfile.TemporaryDirectory(prefix="overread-") as place:
        public, signature = Path(place, "key.pem"), Path(place, "bundle.sig")
        write_durably(public, public_pem)
        write_durably(signature, bundle)
        config = verifying.Config().use_elliptic_key_verifier(public_key=public).set_hashing_config(_hashing())
        try:
            config.verify(folder, signature)
        except (ValueError, TypeError, LookupError, OSError, InvalidSignature) as error:
            raise SignatureBrokenError(f"the release signature of {name} does not hold for these files") from error
