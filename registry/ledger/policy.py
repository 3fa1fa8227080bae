"""Which witnesses count, and how many of them (C2SP tlog-policy)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from registry.domain.errors import UnreadableFileError
from registry.ledger.note import COSIGNATURE, MalformedNoteError, VerifierKey

_NONE = "none"
_MOST = 100  # lines of each kind; the specification asks for at least 32


@dataclass(frozen=True)
class PolicyWitness:
    """A witness of a policy: its name there, its vkey, and where it answers (empty: by files)."""

    name: str
    vkey: str
    url: str = ""


@dataclass(frozen=True)
class WitnessPolicy:
    """A policy: the logs it speaks of, its witnesses by name, its groups (threshold and members), its quorum."""

    logs: tuple[str, ...]
    witnesses: Mapping[str, PolicyWitness]
    groups: Mapping[str, tuple[int, tuple[str, ...]]]
    quorum: str

    def vkeys(self) -> list[str]:
        """Return the vkeys of all witnesses."""
        return [witness.vkey for witness in self.witnesses.values()]

    def met_by(self, vkeys: Collection[str]) -> bool:
        """Say whether cosignatures by these keys make the quorum; `quorum none` is met by nothing."""
        return self._counts(self.quorum, frozenset(vkeys))

    def _counts(self, name: str, vkeys: frozenset[str]) -> bool:
        if name == _NONE:
            return True
        if name in self.witnesses:
            return self.witnesses[name].vkey in vkeys
        threshold, members = self.groups[name]
        return sum(self._counts(member, vkeys) for member in members) >= threshold


def parse_policy(text: str) -> WitnessPolicy:
    """Read a policy file.

    Raises:
        UnreadableFileError: naming the line and what is wrong with it.
    """
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), 1):
        words = line.replace("\t", " ").split(" ")
        words = [word for word in words if word]
        if words and not words[0].startswith("#"):
            reader.read(words, number)
    return reader.policy()


@dataclass
class _Reader:
    logs: list[str] = field(default_factory=list)
    witnesses: dict[str, PolicyWitness] = field(default_factory=dict)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    keys: set[bytes] = field(default_factory=set)
    quorum: str = ""

    def read(self, words: list[str], number: int) -> None:
        known = {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}
        try:
            known[words[0]](words[1:])
        except KeyError as error:
            raise _bad(number, f"starts with '{words[0][:20]}'", "log, witness, group or quorum") from error
        except (ValueError, MalformedNoteError) as error:
            raise _bad(number, str(error), "see c2sp.org/tlog-policy") from error
        if max(map(len, (self.logs, self.witnesses, self.groups))) > _MOST:
            raise _bad(number, f"more than {_MOST} entries of a kind", "split the policy")

    def policy(self) -> WitnessPolicy:
        if not self.quorum:
            raise UnreadableFileError("the witness policy has no quorum line", mend="add: quorum NAME, or quorum none")
        return WitnessPolicy(tuple(self.logs), self.witnesses, self.groups, self.quorum)

    def _log(self, words: list[str]) -> None:
        _require(1 <= len(words) <= 2, "log VKEY [URL]")
        self._new_key(VerifierKey.parse(words[0]))
        self.logs.append(words[0])

    def _witness(self, words: list[str]) -> None:
        _require(2 <= len(words) <= 3, "witness NAME VKEY [URL]")
        self._new_name(words[0])
        self._new_key(VerifierKey.parse(words[1], COSIGNATURE))
        self.witnesses[words[0]] = PolicyWitness(words[0], words[1], *words[2:])

    def _group(self, words: list[str]) -> None:
        _require(len(words) >= 3, "group NAME K|any|all MEMBER...")
        name, rule, *members = words
        self._new_name(name)
        for member in members:
            _require(member in self.witnesses or member in self.groups, f"'{member}' is not defined above")
            _require(member not in self.members, f"'{member}' is a member twice")
            self.members.add(member)
        threshold = {"any": 1, "all": len(members)}.get(rule) or (
            int(rule) if rule.isascii() and rule.isdecimal() else 0
        )
        _require(1 <= threshold <= len(members), f"a threshold of '{rule[:20]}' of {len(members)} members")
        self.groups[name] = (threshold, tuple(members))

    def _quorum(self, words: list[str]) -> None:
        _require(len(words) == 1, "quorum NAME")
        _require(not self.quorum, "a second quorum")
        _require(words[0] in {_NONE, *self.witnesses, *self.groups}, f"'{words[0][:40]}' is not defined above")
        self.quorum = words[0]

    def _new_name(self, name: str) -> None:
        _require(name != _NONE and name not in self.witnesses and name not in self.groups, f"'{name[:40]}' is taken")

    def _new_key(self, key: VerifierKey) -> None:
        _require(key.public_key not in self.keys, "a public key twice")
        self.keys.add(key.public_key)


def _require(holds: bool, why: str) -> None:  # noqa: FBT001 - a condition and its sentence
    if not holds:
        raise ValueError(why)


def _bad(number: int, why: str, mend: str) -> UnreadableFileError:
    return UnreadableFileError(f"the witness policy: {why}", where=f"line {number}", mend=mend)
