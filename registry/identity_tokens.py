"""ID tokens of an identity provider (OpenID Connect Core 1.0, 3.1.3.7): what they must say to be believed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from registry.domain.digest import digest_bytes
from registry.domain.errors import NotAllowedError

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")  # signatures alone: neither `none` nor a shared secret
MAX_AGE = timedelta(minutes=5)  # how long ago the person may have proved to the provider who they are
SKEW = timedelta(minutes=1)
_MEND = "log in at the identity provider again"


@dataclass(frozen=True)
class Expected:
    """What a token must be for: issuer, this workspace's client id, the nonce of this login, the classes that count."""

    issuer: str
    client: str
    nonce: str
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vouched:
    """Whom a provider vouched for: the digest of issuer and subject, and the class in which they authenticated."""

    subject: str
    authentication_class: str


def subject_digest(issuer: str, subject: str) -> str:
    """Return what stands for a provider's subject in the record."""
    return digest_bytes(f"{issuer}\n{subject}".encode())


def vouched_for(token: str, keys: Mapping[str, Any], expected: Expected, now: datetime) -> Vouched:
    """Verify an ID token against the provider's keys and return whom it vouches for.

    Args:
        token: a signed JWT (RFC 7519).
        keys: the provider's JWK set (RFC 7517).
        expected: what it must be for.
        now: the present instant.

    Raises:
        NotAllowedError: saying what does not hold.
    """
    claims = _signed(token, keys)
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != expected.issuer or expected.client not in audiences:
        raise _refused("it is another issuer's, or for another client")
    if len(audiences) > 1 and claims.get("azp") != expected.client:
        raise _refused("it was given to another client")
    if claims.get("nonce") != expected.nonce:
        raise _refused("it answers another login")
    _check_times(claims, now)
    found = str(claims.get("acr", ""))
    if expected.classes and found not in expected.classes:
        raise _refused("its authentication class (acr) is none that counts here")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise _refused("it names nobody")
    return Vouched(subject_digest(expected.issuer, subject), found)


def _signed(token: str, keys: Mapping[str, Any]) -> Mapping[str, Any]:
    from joserfc import jwt  # noqa: PLC0415 - lazy: an optional part
    from joserfc.errors import JoseError  # noqa: PLC0415 - lazy
    from joserfc.jwk import KeySet  # noqa: PLC0415 - lazy

    try:
        known = KeySet.import_key_set(cast("Any", dict(keys)))  # the library checks its form
        return dict(jwt.decode(token, known, algorithms=list(ALGORITHMS)).claims)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise _refused("it is not signed with one of the provider's keys") from error


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    if _instant(claims, "exp") <= now - SKEW or _instant(claims, "iat") > now + SKEW:
        raise _refused("it is over, or from the future")
    age = now - _instant(claims, "auth_time")
    if age > MAX_AGE + SKEW or age < -SKEW:
        raise _refused("the person proved who they are too long ago (auth_time)")


def _instant(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 33:
        raise _refused(f"it does not say '{name}'")
    return datetime.fromtimestamp(value, UTC)


def _refused(why: str) -> NotAllowedError:
    return NotAllowedError(f"the identity provider's token does not hold: {why}", mend=_MEND)
