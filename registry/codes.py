"""Codes of authenticators: time-based one-time passwords (RFC 6238), six digits, 30 seconds, SHA-1 as apps expect."""

import hmac
from datetime import datetime
from urllib.parse import quote

STEP_S = 30
SKEW_STEPS = 1  # a clock that is one step off still counts, either way


def new_secret() -> str:
    """Return a new secret of 160 bits in base32 (RFC 4226, 4: at least 128 bits)."""
    import pyotp  # noqa: PLC0415 - lazy: few commands ask for a code

    return str(pyotp.random_base32())


def matching_step(secret: str, code: str, now: datetime, digits: int = 6) -> int | None:
    """Return the time step whose code was given, of those that count at an instant; None when it is none of them.

    Args:
        secret: base32.
        code: as typed.
        now: the instant.
        digits: how many digits a code has.
    """
    import pyotp  # noqa: PLC0415 - lazy

    generator = pyotp.TOTP(secret, digits=digits)
    present = int(now.timestamp()) // STEP_S
    typed = code.replace(" ", "").encode("utf-8", "replace")
    for step in range(present - SKEW_STEPS, present + SKEW_STEPS + 1):
        if hmac.compare_digest(generator.generate_otp(step).encode("ascii"), typed):
            return step
    return None


def enrolment_address(secret: str, account: str) -> str:
    """Return what an authenticator app reads to learn a secret (`otpauth://`)."""
    return f"otpauth://totp/Overread:{quote(account)}?secret={secret}&issuer=Overread&digits=6&period={STEP_S}"
