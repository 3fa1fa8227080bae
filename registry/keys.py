"""Signing keys of persons: Ed25519 (RFC 8032), the private half encrypted as PKCS #8 under a passphrase."""

import hashlib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from registry.domain.errors import NotAllowedError, WrongSecretError
from registry.domain.person import Actor, Person, PersonKey, PersonRole


@dataclass(frozen=True)
class NewKey:
    """A key pair that was just made: its id, the raw public half, and the encrypted private half (PEM)."""

    key_id: str
    public_key: bytes
    encrypted: bytes


@dataclass(frozen=True)
class Signer:
    """A person whose key is unlocked.

    Attributes:
        person: who they are.
        key: their public key.
        sign: returns the 64 bytes of an Ed25519 signature.
        deputy_for: whom they act for in roles that are not their own.
        proof: how and when they proved who they are, for this signature (21 CFR 11.200(a)(1)).
    """

    person: Person
    key: PersonKey
    sign: Callable[[bytes], bytes] = field(repr=False)
    deputy_for: Mapping[PersonRole, str] = field(default_factory=dict)
    proof: Mapping[str, str] = field(default_factory=dict)
    urgent: bool = False  # unlocked to stop something: it signs nothing else

    def acting_for(self, role: PersonRole) -> str:
        """Return whom they act for in a role; empty when it is their own."""
        return "" if role in self.person.roles else self.deputy_for.get(role, "")

    def actor(self, role: PersonRole) -> Actor:
        """Return the actor that this person is when they sign in a role."""
        return Actor(self.person.person, role.value, "signature", self.acting_for(role))


def new_key(passphrase: str) -> NewKey:
    """Make a key pair and encrypt its private half under a passphrase."""
    private = Ed25519PrivateKey.generate()
    encrypted = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(_secret(passphrase)),
    )
    public = private.public_key().public_bytes_raw()
    return NewKey(key_id_of(public), public, encrypted)


def key_id_of(public_key: bytes) -> str:
    """Return the id of a public key: the SHA-256 of its 32 bytes, in hexadecimal."""
    return hashlib.sha256(public_key).hexdigest()


def load_signer(person: Person, key: PersonKey, encrypted: bytes, passphrase: str) -> Signer:
    """Decrypt a private key and check that it is the other half of the public key on record.

    Raises:
        WrongSecretError: for a wrong passphrase or a damaged file.
        NotAllowedError: for another person's key.
    """
    try:
        private = serialization.load_pem_private_key(encrypted, _secret(passphrase))
    except (ValueError, TypeError) as error:
        raise WrongSecretError(
            f"the key of {person.person} does not open", mend="check the passphrase and the key file"
        ) from error
    if not isinstance(private, Ed25519PrivateKey) or private.public_key().public_bytes_raw() != key.public_key:
        raise NotAllowedError(
            f"the key file of {person.person} holds another key than the one on record",
            mend="restore the file that was issued",
        )
    return Signer(person, key, private.sign)


def signature_holds(key: PersonKey, signature: bytes, data: bytes) -> bool:
    """Say whether a signature over data was made with a person's key."""
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _secret(passphrase: str) -> bytes:
    """Return the bytes of a passphrase, alike for every way to type it (NIST SP 800-63B-4 3.1.1.2: normalised)."""
    return unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
