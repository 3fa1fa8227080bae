"""The validation protocol: endpoints, limits and method, frozen with cohort and artifact before anything is judged.

Every limit is judged on a bound of the interval and never on the point estimate (VAL-04).
"""

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from registry.domain.canonical import NotCanonicalError, canonical_bytes
from registry.domain.digest import digest_value
from registry.domain.display import plain
from registry.domain.errors import ArtifactChangedError, EvidenceMissingError, UnknownNameError, UsageError
from registry.domain.group_report import GROUP_AXES
from registry.domain.vocabulary import MIN_PATIENTS_PER_CLASS

SCHEMA = "overread.protocol/1"
AT_LEAST, AT_MOST = ">=", "<="
DIRECTIONS: Mapping[str, str] = {
    "auc": AT_LEAST,
    "sensitivity": AT_LEAST,
    "specificity": AT_LEAST,
    "ppv": AT_LEAST,
    "npv": AT_LEAST,
    "ece": AT_MOST,
    "ici": AT_MOST,
    "brier": AT_MOST,
}
GROUP_METRICS = frozenset({"auc", "sensitivity", "specificity"})
_CRITERION = re.compile(r"([a-z_]+)(>=|<=)(0?\.[0-9]{1,6}|0|1|1\.0{1,6})")
_DECIMAL = re.compile(r"0?\.[0-9]{1,6}")
_MEND = 'it is a table of texts, whole numbers and lists of texts, such as criteria = ["auc>=0.70"]'


@dataclass(frozen=True)
class Criterion:
    """One acceptance criterion: a metric, a direction and a decimal limit, such as `auc>=0.70`."""

    metric: str
    direction: str
    limit_text: str

    @classmethod
    def parse(cls, text: str) -> "Criterion":
        """Read a criterion such as `sensitivity>=0.60`; larger is better but for `ece`, `ici` and `brier`.

        Raises:
            UsageError: when the text is not one, or its direction would let a worse model pass.
        """
        match = _CRITERION.fullmatch("".join(text.split()))
        if match is None:
            raise UsageError(f"'{plain(text, 60)}' is no criterion", where="protocol", mend="write auc>=0.70")
        metric, direction, limit = match.groups()
        if metric not in DIRECTIONS:
            raise UnknownNameError.of("metric", metric, DIRECTIONS)
        if direction != DIRECTIONS[metric]:
            raise UsageError(f"{metric} is judged by {DIRECTIONS[metric]}", where=f"protocol, '{plain(text, 60)}'")
        if float(limit) == (direction == AT_MOST):
            raise UsageError(f"'{plain(text, 60)}' would pass every model", where="protocol")
        return cls(metric, direction, limit)

    @property
    def text(self) -> str:
        """The criterion's own spelling."""
        return f"{self.metric}{self.direction}{self.limit_text}"

    @property
    def limit(self) -> float:
        """The limit as a number."""
        return float(self.limit_text)

    def holds(self, bound: float) -> bool:
        """Say whether a bound of the interval clears the limit."""
        compare: Callable[[float, float], bool] = operator.ge if self.direction == AT_LEAST else operator.le
        return compare(bound, self.limit)


@dataclass(frozen=True)
class GroupCriterion:
    """A criterion that the worst group of an axis, or of a pair of axes, must meet: `sensitivity>=0.50 by sex`."""

    criterion: Criterion
    axis: str

    @classmethod
    def parse(cls, text: str) -> "GroupCriterion":
        """Read a criterion such as `auc>=0.65 by sex*scanner`.

        Raises:
            UsageError: when the text is not one, or groups are not judged by its metric.
            UnknownNameError: for an unknown axis.
        """
        wanted, by, axis = text.partition(" by ")
        criterion, names = Criterion.parse(wanted), "".join(axis.split()).split("*")
        if not by or len(names) > 2 or len(set(names)) < len(names):
            raise UsageError(
                f"'{plain(text, 60)}' is no criterion of groups",
                where="protocol",
                mend="write sensitivity>=0.50 by sex",
            )
        if criterion.metric not in GROUP_METRICS:
            raise UsageError(f"groups are not judged by {criterion.metric}", where="protocol")
        for name in names:
            if name not in GROUP_AXES:
                raise UnknownNameError.of("axis", plain(name, 60), GROUP_AXES)
        return cls(criterion, "*".join(names))

    @property
    def text(self) -> str:
        """The criterion's own spelling."""
        return f"{self.criterion.text} by {self.axis}"


@dataclass(frozen=True)
class Protocol:
    """What is judged, how, and on what.

    Attributes:
        name: the protocol's name.
        endpoints: what the validation is to show, in words.
        criteria: acceptance criteria, such as `auc>=0.70`; all must hold on the interval's bound.
        rationale: why these limits.
        level: confidence level of every interval, a decimal text.
        precision: half-width that an interval should reach, a decimal text; states the sample that is needed.
        min_patients_per_class: patients with a positive, and with a negative unit, below which nothing is assessed.
        calibration_bins: bins of equal count of the calibration error, which is reported.
        bootstrap_repeats, bootstrap_seed: replicates and seed of the bootstrap by patient.
        group_criteria: what the worst group must meet, such as `sensitivity>=0.50 by sex`; a group that is too small
            leaves the verdict not assessed.
        group_unknown: the largest share of units whose attribute may be unknown, a decimal text; stated with them.
        cohort_digest, artifact_digest: what it is frozen to; empty before.
    """

    name: str
    criteria: tuple[str, ...]
    rationale: str
    endpoints: tuple[str, ...] = ()
    level: str = "0.95"
    precision: str = "0.10"
    min_patients_per_class: int = MIN_PATIENTS_PER_CLASS
    calibration_bins: int = 10
    bootstrap_repeats: int = 1000
    bootstrap_seed: int = 20260101
    group_criteria: tuple[str, ...] = ()
    group_unknown: str = ""
    cohort_digest: str = field(default="", kw_only=True)
    artifact_digest: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        if not self.criteria:
            raise UsageError("a protocol without criteria would pass every model", where=f"protocol '{self.name}'")
        metrics = [criterion.metric for criterion in self.parsed()]
        if len(set(metrics)) < len(metrics):
            raise UsageError("a metric has two criteria", where=f"protocol '{self.name}'", mend="keep the stricter")
        _check_numbers(self)
        _check_groups(self)

    def parsed(self) -> tuple[Criterion, ...]:
        """Return the criteria, read."""
        return tuple(Criterion.parse(text) for text in self.criteria)

    def parsed_groups(self) -> tuple[GroupCriterion, ...]:
        """Return the criteria of the worst group, read."""
        return tuple(GroupCriterion.parse(text) for text in self.group_criteria)

    def frozen_to(self, cohort_digest: str, artifact_digest: str) -> "Protocol":
        """Return the protocol frozen to a cohort and an artifact.

        Raises:
            EvidenceMissingError: when it is frozen to another cohort.
            ArtifactChangedError: when it is frozen to another artifact.
        """
        if self.cohort_digest not in {"", cohort_digest}:
            raise EvidenceMissingError("the protocol is frozen to another cohort", where=f"protocol '{self.name}'")
        if self.artifact_digest not in {"", artifact_digest}:
            raise ArtifactChangedError("the protocol is frozen to another artifact", where=f"protocol '{self.name}'")
        return replace(self, cohort_digest=cohort_digest, artifact_digest=artifact_digest)

    def at_least(self, level: float) -> "Protocol":
        """Return the protocol with intervals of at least a level, as a test set with a budget of looks demands."""
        text = f"{math.ceil(level * 10**6) / 10**6:.6f}".rstrip("0")
        return self if float(self.level) >= level else replace(self, level=text)

    def to_json(self) -> dict[str, Any]:
        """Return the record whose canonical bytes are the protocol; what groups must meet, where they must."""
        lists = {"criteria": list(self.criteria), "endpoints": list(self.endpoints)}
        groups = {"group_criteria": list(self.group_criteria), "group_unknown": self.group_unknown}
        plain_fields = {key: value for key, value in vars(self).items() if key not in groups}
        return {"schema": SCHEMA} | plain_fields | lists | (groups if self.group_criteria else {})

    @property
    def digest(self) -> str:
        """Digest of the record."""
        return digest_value(self.to_json())


def protocol_from(record: Mapping[str, Any]) -> Protocol:
    """Read a protocol from a mapping (TOML or JSON); an unknown key is refused, a missing one takes its default.

    Raises:
        UsageError: for an unknown key, a missing name, criteria or rationale, or a value of the wrong kind.
    """
    known = {each.name: each for each in fields(Protocol)}
    for key in record:
        if key not in known and key != "schema":
            raise UnknownNameError.of("key in the protocol", plain(str(key), 60), known, mend=_MEND)
    if record.get("schema", SCHEMA) != SCHEMA:
        raise UsageError("a protocol of another schema", where="protocol", mend=f"this version reads {SCHEMA}")
    missing = [key for key in ("name", "criteria", "rationale") if not record.get(key)]
    if missing:
        raise UsageError(f"the protocol lacks {', '.join(missing)}", where="protocol", mend=_MEND)
    return _canonical(Protocol(**{key: _typed(key, value) for key, value in record.items() if key != "schema"}))


def _canonical(protocol: Protocol) -> Protocol:
    """Return the protocol; refuse one that has no canonical bytes, and so no digest."""
    try:
        canonical_bytes(protocol.to_json())
    except NotCanonicalError as error:
        raise UsageError(f"the protocol holds {error}", where="protocol", mend=_MEND) from error
    return protocol


def _typed(key: str, value: Any) -> Any:
    """Return a value of the field's kind; lists become tuples."""
    if key in {"criteria", "endpoints", "group_criteria"}:
        if not isinstance(value, list | tuple) or not all(isinstance(text, str) for text in value):
            raise UsageError(f"{key} is a list of texts", where="protocol", mend=_MEND)
        return tuple(value)
    kind = int if key in {"min_patients_per_class", "calibration_bins", "bootstrap_repeats", "bootstrap_seed"} else str
    if not isinstance(value, kind) or isinstance(value, bool):
        wanted = "a whole number" if kind is int else "a text; write decimals in quotes"
        raise UsageError(f"{key} is {wanted}", where="protocol", mend=_MEND)
    return value


def _check_numbers(protocol: Protocol) -> None:
    """Refuse numbers out of range; fewer patients than the contract's least are never enough."""
    where = f"protocol '{plain(protocol.name, 60)}'"
    if not _DECIMAL.fullmatch(protocol.level) or not 0.5 <= float(protocol.level) < 1:
        raise UsageError("level lies in 0.5..1", where=where, mend="write 0.95")
    if not _DECIMAL.fullmatch(protocol.precision) or not 0 < float(protocol.precision) < 0.5:
        raise UsageError("precision lies between 0 and 0.5", where=where, mend="write 0.10")
    if protocol.min_patients_per_class < MIN_PATIENTS_PER_CLASS:
        raise UsageError(f"min_patients_per_class is {MIN_PATIENTS_PER_CLASS} at least", where=where)
    if not 2 <= protocol.calibration_bins <= 1000 or not 100 <= protocol.bootstrap_repeats <= 100_000:
        raise UsageError("a protocol has 2 to 1000 bins and 100 to 100000 replicates", where=where)
    if protocol.bootstrap_seed < 0:
        raise UsageError("bootstrap_seed is 0 or more", where=where)


def _check_groups(protocol: Protocol) -> None:
    """Refuse criteria of groups that are double, or that do not say how much may be unknown."""
    where = f"protocol '{plain(protocol.name, 60)}'"
    parsed = protocol.parsed_groups()
    if len({(one.criterion.metric, one.axis) for one in parsed}) < len(parsed):
        raise UsageError("a metric has two criteria for an axis", where=where, mend="keep the stricter")
    stated = _DECIMAL.fullmatch(protocol.group_unknown) or protocol.group_unknown == "0"
    if bool(parsed) != bool(protocol.group_unknown) or (parsed and not stated):
        raise UsageError(
            "criteria of groups state how much may be unknown", where=where, mend='write group_unknown = "0.10"'
        )


DEFAULT_PROTOCOL = Protocol(
    name="default",
    endpoints=("discrimination and both error rates at the operating point of the release; calibration is reported",),
    criteria=("auc>=0.70", "sensitivity>=0.60", "specificity>=0.50"),
    rationale=(
        "A floor, not a clinical claim: with 95 % confidence the model ranks a positive above a negative unit at least "
        "as well as the lower end of what Hosmer and Lemeshow call acceptable discrimination (0.70), finds more than "
        "half of the positive units (0.60) and does not call most negative ones (0.50). A site that relies on the "
        "model states stricter limits for its own use in a protocol of its own."
    ),
)
