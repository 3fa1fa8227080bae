"""Passwords of logins: argon2id (RFC 9106), a salt each; a password is not the passphrase of a signing key."""

import unicodedata

from registry.domain.errors import LedgerBrokenError, UsageError, WrongSecretError
from registry.domain.person import MIN_PASSPHRASE


def hashed(password: str) -> bytes:
    """Return the argon2id hash of a password, with its salt and costs, as PHC text.

    Raises:
        UsageError: when the password has fewer than 15 characters (NIST SP 800-63B-4 3.1.1.2).
    """
    from argon2 import PasswordHasher  # noqa: PLC0415 - lazy: few commands ask for a password

    if len(password) < MIN_PASSPHRASE:
        raise UsageError(f"a password has at least {MIN_PASSPHRASE} characters", mend="use a sentence")
    return PasswordHasher().hash(_normal(password)).encode("ascii")


def check_password(stored: bytes, password: str, account: str) -> None:
    """Refuse a password that is not the one of a hash.

    Raises:
        WrongSecretError: then.
        LedgerBrokenError: when the hash is none.
    """
    from argon2 import PasswordHasher  # noqa: PLC0415 - lazy
    from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415 - lazy

    try:
        PasswordHasher().verify(stored.decode("ascii", "replace"), _normal(password))
    except InvalidHashError as error:
        raise LedgerBrokenError(f"the password of '{account}' is unreadable", mend="reset it") from error
    except VerificationError as error:
        raise WrongSecretError(f"the password of '{account}' is another", mend="type it again") from error


def _normal(password: str) -> bytes:
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
