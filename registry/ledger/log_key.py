"""The log's own Ed25519 key: it signs checkpoints, and the manifests of exported evidence; the two never mix up."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from registry.domain.errors import NotAllowedError
from registry.ledger.checkpoint import Checkpoint
from registry.ledger.note import VerifierKey, sign_note
from registry.objects import write_durably

EVIDENCE = "overread evidence v1"  # no origin of a log has spaces, so no checkpoint begins like this
_HOST = "overread.local"


@dataclass(frozen=True)
class LogKey:
    """A log's private key and its name, which is the origin of the log's checkpoints."""

    name: str
    private_key: Ed25519PrivateKey

    @classmethod
    def generate(cls) -> "LogKey":
        """Make a new key in memory."""
        return cls._of(Ed25519PrivateKey.generate())

    @classmethod
    def make(cls, place: Path) -> "LogKey":
        """Make a new key and write it to a file with mode 0600 (PEM, PKCS #8).

        Raises:
            NotAllowedError: when the file exists; a log's key is never overwritten.
        """
        if place.exists():
            raise NotAllowedError("a log key is already there", where=place.name, mend="keep it; it proves the ledger")
        key = cls.generate()
        write_private_key(place, key.private_key)
        return key

    @classmethod
    def load(cls, place: Path) -> "LogKey":
        """Read a key from its file.

        Raises:
            NotAllowedError: when the file is missing, open to others, or holds no Ed25519 key.
        """
        return cls._of(read_private_key(place))

    @classmethod
    def _of(cls, private_key: Ed25519PrivateKey) -> "LogKey":
        mark = hashlib.sha256(private_key.public_key().public_bytes_raw()).hexdigest()[:16]
        return cls(f"{_HOST}/{mark}", private_key)

    @property
    def public_vkey(self) -> str:
        """Return the public key as a C2SP vkey, for verifiers to pin."""
        return VerifierKey(self.name, self.private_key.public_key().public_bytes_raw()).to_text()

    def sign(self, size: int, root: bytes) -> str:
        """Return the signed checkpoint of a size and root."""
        return sign_note(Checkpoint(self.name, size, root).to_text(), self.name, self.private_key)

    def sign_evidence(self, text: str) -> str:
        """Return the signed note over a manifest of evidence.

        Raises:
            ValueError: when the text does not begin with the line that no checkpoint begins with.
        """
        if not text.startswith(f"{EVIDENCE}\n"):
            raise ValueError(f"a manifest's note begins with the line '{EVIDENCE}'")
        return sign_note(text, self.name, self.private_key)


def write_private_key(place: Path, key: Ed25519PrivateKey) -> None:
    """Write a key to a file with mode 0600 (PEM, PKCS #8)."""
    write_durably(place, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def read_private_key(place: Path, what: str = "log key") -> Ed25519PrivateKey:
    """Read an Ed25519 key from its file.

    Raises:
        NotAllowedError: when the file is missing, open to others, or holds no Ed25519 key.
    """
    if not place.is_file():
        raise NotAllowedError(f"the {what} is missing", where=place.name, mend="restore it from a backup")
    if place.stat().st_mode & 0o077:
        raise NotAllowedError(f"the {what} is open to others", where=place.name, mend="set its mode to 0600")
    try:
        found = load_pem_private_key(place.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise NotAllowedError(f"the {what} is unreadable", where=place.name, mend="restore it") from error
    if not isinstance(found, Ed25519PrivateKey):
        raise NotAllowedError(f"the {what} is of another type than Ed25519", where=place.name, mend="restore it")
    return found
