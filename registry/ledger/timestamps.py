"""Time stamps of a checkpoint by an outside authority (RFC 3161), checked offline against a pinned certificate.

A token says that the checkpoint's text existed at its time. Only the pinned certificate counts, whatever certificates
the token brings; it must be one for time stamping alone (RFC 3161, 2.3), and issued by one of the pinned issuers.
Needs the extra `timestamps`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from registry.domain.errors import IncompleteError, LedgerBrokenError, UnreadableFileError


@dataclass(frozen=True)
class TimeAuthority:
    """A pinned time-stamping authority: its own certificate, its root, and what lies between them."""

    certificate: x509.Certificate
    root: x509.Certificate
    between: tuple[x509.Certificate, ...] = ()

    @property
    def name(self) -> str:
        """Return the authority's name."""
        return self.certificate.subject.rfc4514_string()


def read_authority(pem: bytes) -> TimeAuthority:
    """Read a pinned authority: its certificate first, its root last, as PEM.

    Raises:
        UnreadableFileError: when there are fewer than two certificates, or the first is not for time stamping alone.
    """
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise UnreadableFileError("the time authority's file holds no certificates", mend="give them as PEM") from error
    if len(found) < 2:
        raise UnreadableFileError(
            "the time authority's file lacks a certificate", mend="its own certificate first, its root last"
        )
    if not _is_for_time_stamping(found[0]):
        raise UnreadableFileError(
            "the first certificate is not for time stamping alone",
            mend="RFC 3161, 2.3: one critical extended key usage",
        )
    return TimeAuthority(found[0], found[-1], tuple(found[1:-1]))


def request_for(text: str) -> bytes:
    """Return the request (DER) for a time stamp over a checkpoint's text, by SHA-256, with a nonce.

    Raises:
        IncompleteError: when the extra `timestamps` is not installed.
    """
    library = _library()
    builder = library.TimestampRequestBuilder().data(text.encode()).hash_algorithm(library.HashAlgorithm.SHA256)
    made: bytes = builder.build().as_bytes()
    return made


def imprint_of(answer: bytes) -> bytes:
    """Return the digest that an answer stamps; nothing is verified.

    Raises:
        LedgerBrokenError: when it is no answer.
        IncompleteError: when the extra `timestamps` is not installed.
    """
    try:
        found: bytes = _library().decode_timestamp_response(answer).tst_info.message_imprint.message
    except ValueError as error:
        raise LedgerBrokenError("not a time authority's answer", where=_first(error)) from error
    return found


def stamped_at(answer: bytes, text: str, authority: TimeAuthority) -> datetime:
    """Return the time of a token once it holds for a checkpoint's text.

    Args:
        answer: the authority's answer (DER).
        text: the checkpoint's lines.
        authority: the pinned authority.

    Raises:
        LedgerBrokenError: when the token is another text's, another authority's, or does not hold.
        IncompleteError: when the extra `timestamps` is not installed.
    """
    library = _library()
    try:
        response = library.decode_timestamp_response(answer)
        builder = library.VerifierBuilder().tsa_certificate(authority.certificate).add_root_certificate(authority.root)
        for certificate in authority.between:
            builder = builder.add_intermediate_certificate(certificate)
        builder.build().verify_message(response, text.encode())
        at: datetime = response.tst_info.gen_time
    except (ValueError, library.VerificationError) as error:
        raise LedgerBrokenError("a time stamp does not hold for its checkpoint", where=_first(error)) from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not authority.certificate.not_valid_before_utc <= at <= authority.certificate.not_valid_after_utc:
        raise LedgerBrokenError("a time stamp of a time at which the authority's certificate did not hold")
    return at


def _is_for_time_stamping(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    purposes: Sequence[x509.ObjectIdentifier] = list(usage.value)
    return usage.critical and purposes == [ExtendedKeyUsageOID.TIME_STAMPING]


def _library() -> Any:
    try:
        import rfc3161_client  # noqa: PLC0415 - lazy: an optional extra
    except ImportError as error:
        raise IncompleteError(
            "time stamps cannot be checked here", mend="install the extra: pip install 'overread[timestamps]'"
        ) from error
    return rfc3161_client


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:120]
