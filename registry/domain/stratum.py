"""Strata of a deployment's envelope: one value of one axis, such as `scanner=p:…` or `sex=F`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.domain.digest import digest_value
from registry.domain.display import plain
from registry.domain.errors import UnknownNameError, UsageError
from registry.domain.text import one_line
from registry.domain.vocabulary import AGE_BANDS, SEXES

# Per axis the column of the acquisitions that tells its value; `age_band` is counted from the age.
AXES: Mapping[str, str] = {
    "scanner": "scanner",
    "software_versions": "software_versions",
    "protocol": "protocol_name",
    "sex": "sex",
    "age_band": "age_band",
}
MAX_VALUE = 200
MARK = "outside_validated_envelope"  # the attribute that a result made in a suspended stratum bears
_BANDS = frozenset(f"{low}+" if high is None else f"{low}-{high}" for low, high in AGE_BANDS)
_VALUES: Mapping[str, frozenset[str]] = {"sex": SEXES, "age_band": _BANDS}


@dataclass(frozen=True, order=True)
class Stratum:
    """One value of one axis; a scanner by its pseudonym."""

    axis: str
    value: str

    @classmethod
    def parse(cls, text: str) -> "Stratum":
        """Read `AXIS=VALUE`.

        Raises:
            UnknownNameError: for an axis that is none, or a value that the axis cannot have.
            UsageError: when there is no value, or one of more than 200 characters.
        """
        axis, _, value = text.partition("=")
        axis, value = axis.strip(), one_line(value, "stratum")
        if axis not in AXES:
            raise UnknownNameError.of("axis", plain(axis, 40), AXES, mend="write --stratum scanner=SERIAL")
        if not value or len(value) > MAX_VALUE:
            raise UsageError(f"the stratum '{axis}' has no value of 1 to {MAX_VALUE} characters", where="--stratum")
        if value not in _VALUES.get(axis, {value}):
            raise UnknownNameError.of(axis, plain(value, 40), _VALUES[axis])
        return cls(axis, value)

    @property
    def column(self) -> str:
        """The axis as the counting engine knows it."""
        return AXES[self.axis]

    @property
    def text(self) -> str:
        """`axis=value`."""
        return f"{self.axis}={self.value}"


@dataclass(frozen=True)
class Suspension:
    """How long a stratum was suspended, as the ledger told it.

    Attributes:
        deployment, model, version, site: whose envelope.
        stratum: the value of the axis.
        fallback: what the readers work with instead.
        since, until: UTC texts; `until` is None while it is suspended.
        event_seq: the event that told of it last.
    """

    deployment: str
    model: str
    version: str
    site: str
    stratum: Stratum
    fallback: str
    since: str
    until: str | None
    event_seq: int

    @property
    def in_force(self) -> bool:
        """Say whether the stratum is suspended now."""
        return self.until is None

    @property
    def state(self) -> str:
        """`suspended` or `resumed`."""
        return "suspended" if self.in_force else "resumed"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        stratum = {"axis": self.stratum.axis, "value": self.stratum.value}
        return dict(vars(self)) | {"stratum": stratum, "state": self.state}


def stratum_digest(deployment: str, stratum: Stratum) -> str:
    """Return the digest that names a stratum of a deployment in the ledger, without telling its value."""
    return digest_value([deployment, stratum.axis, stratum.value])
