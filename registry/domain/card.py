"""The model card of one version: what was measured, what somebody declared, what nobody knows, what does not apply.

The card is one record; each format is written from it. It holds no time of making, so the same inputs give the same
bytes, and its digest is its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from registry.domain.digest import digest_value

SCHEMA = "overread.card/1"


class FieldKind(StrEnum):
    """Where the value of a field comes from; there is no fifth kind."""

    MEASURED = "measured"
    DECLARED = "declared"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Source:
    """What a value rests on: the kind of record, the event that tells of it, and the record's digest."""

    kind: str
    event_seq: int
    digest: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"kind": self.kind, "event_seq": self.event_seq, "digest": self.digest}


@dataclass(frozen=True)
class CardField:
    """One field.

    Attributes:
        kind: where the value comes from.
        value: canonical JSON; None where the kind is `unknown` or `not applicable`.
        sources: of a measured value the evaluations and cohorts, of a declared one the declaration.
        by, at: who declared it (person id) and when; empty unless declared or declared not applicable.
        reason: why it is unknown or does not apply.
    """

    kind: FieldKind
    value: Any = None
    sources: tuple[Source, ...] = ()
    by: str = ""
    at: str = ""
    reason: str = ""

    @property
    def known(self) -> bool:
        """Say whether there is a value, or a reason why there is none to have."""
        return self.kind is not FieldKind.UNKNOWN

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "kind": self.kind.value,
            "value": self.value,
            "sources": [source.to_json() for source in self.sources],
            "by": self.by or None,
            "at": self.at or None,
            "reason": self.reason or None,
        }


@dataclass(frozen=True)
class Claim:
    """A number that somebody declares: decimals as they were written, so that their precision is known.

    Attributes:
        metric: such as `auc` or `sensitivity`; of a cohort `units`, `positive`, `patients`, `sites`, `scanners`.
        on: a cohort's name, or a cohort role such as `external-test`.
        value, low, high: the number and the bounds of its interval; empty where none was given.
        n: units behind it; None where it was not given.
        reference: where it is published.
    """

    metric: str
    on: str
    value: str
    low: str = ""
    high: str = ""
    n: int | None = None
    reference: str = ""

    @property
    def text(self) -> str:
        """The number as it was written, with its interval and n, or that they were not given."""
        within = f"{self.low} to {self.high}" if self.low and self.high else "no interval given"
        return f"{self.value} ({within}, {'no n given' if self.n is None else f'n {self.n}'})"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "metric": self.metric,
            "on": self.on,
            "value": self.value,
            "interval": [self.low, self.high] if self.low and self.high else None,
            "n": self.n,
            "reference": self.reference or None,
        }


@dataclass(frozen=True)
class Card:
    """The card of one version.

    Attributes:
        model, version, target, artifact_digest: which version.
        synthetic: whether a cohort or the version is marked synthetic.
        inputs: the digests of everything that the card was made from; another input makes the card stale.
        fields: every field by its key, in the order of the keys.
        claims: the declared numbers.
        assessed: axes by which a test judged groups; not_assessed: those by which none did.
    """

    model: str
    version: str
    target: str
    artifact_digest: str
    synthetic: bool
    inputs: Mapping[str, Any]
    fields: Mapping[str, CardField]
    claims: tuple[Claim, ...] = ()
    assessed: tuple[str, ...] = ()
    not_assessed: tuple[str, ...] = ()
    declared: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`model@version`."""
        return f"{self.model}@{self.version}"

    def to_json(self) -> dict[str, Any]:
        """Return the record whose canonical bytes are the card."""
        return {
            "schema": SCHEMA,
            "model": self.model,
            "version": self.version,
            "target": self.target,
            "artifact_digest": self.artifact_digest,
            "synthetic": self.synthetic,
            "inputs": dict(self.inputs),
            "declared": dict(self.declared) or None,
            "fields": {key: self.fields[key].to_json() for key in sorted(self.fields)},
            "claims": [claim.to_json() for claim in self.claims],
            "assessed_axes": list(self.assessed),
            "not_assessed_axes": list(self.not_assessed),
        }

    @property
    def digest(self) -> str:
        """Digest of the record."""
        return digest_value(self.to_json())
