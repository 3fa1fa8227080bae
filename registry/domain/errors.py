"""The tree of errors, each with the exit code that the command line promises.

```
OverreadError (70)
├── AnswerIsNoError (1)       it ran and the answer is no
│   ├── LeakFoundError            train and test share a patient, a study, pixels
│   ├── ContractBrokenError       a table breaks its contract
│   ├── EvidenceMissingError      a decision lacks the evidence it needs
│   ├── LedgerBrokenError         the ledger does not prove itself
│   ├── SignatureBrokenError      a signature does not hold, or is another record's
│   └── ArtifactChangedError      a model's bytes are not those that were signed
├── UsageError (2)            usage, unknown name, unreadable whole file
│   ├── UnknownNameError
│   └── UnreadableFileError
├── IncompleteError (3)       a check did not run, evidence is missing
├── InputRefusedError (4)     some input files or rows were refused
├── NotAllowedError (5)       role, signature, separation of duties, key
│   └── WrongSecretError          a passphrase, a password or a code is not the right one
└── ServiceUnreachableError (6)
```
"""

import difflib
from collections.abc import Iterable
from enum import IntEnum
from typing import ClassVar, Self


class ExitCode(IntEnum):
    """Exit codes of every command (contract, section 6)."""

    DONE = 0
    ANSWER_IS_NO = 1
    USAGE = 2
    INCOMPLETE = 3
    INPUT_REFUSED = 4
    NOT_ALLOWED = 5
    SERVICE_UNREACHABLE = 6
    INTERNAL = 70
    INTERRUPTED = 130


class OverreadError(Exception):
    """Root of all errors that Overread raises: one line that says what, where and how to mend it."""

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        self.what = what
        self.where = where
        self.mend = mend
        super().__init__(self.line())

    def line(self) -> str:
        """Return the one line that a person reads."""
        place = f" ({self.where})" if self.where else ""
        cure = f": {self.mend}" if self.mend else ""
        return " ".join(f"{self.what}{place}{cure}".split())


class AnswerIsNoError(OverreadError):
    """It ran, and the answer is no."""

    exit_code = ExitCode.ANSWER_IS_NO


class LeakFoundError(AnswerIsNoError):
    """Two cohorts that must be disjoint share a patient, a study or pixels."""


class ContractBrokenError(AnswerIsNoError):
    """A whole table breaks its contract and is blocked."""


class EvidenceMissingError(AnswerIsNoError):
    """A decision was asked for without the evidence that it needs."""


class LedgerBrokenError(AnswerIsNoError):
    """The ledger does not prove itself."""


class SignatureBrokenError(AnswerIsNoError):
    """A signature does not hold: other bytes, an invalid key, or another record's signature."""


class ArtifactChangedError(AnswerIsNoError):
    """A model's bytes differ from those that were registered and signed."""


class UsageError(OverreadError):
    """The call's words are off, or a whole file cannot be used."""

    exit_code = ExitCode.USAGE


_FEW = 16  # names that an error can list


class UnknownNameError(UsageError):
    """A name that nothing bears."""

    @classmethod
    def of(cls, kind: str, name: str, known: Iterable[str], *, mend: str = "") -> Self:
        """Build the error with the nearest known name as a hint, or with all of them where they are few."""
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        few = f"known are {', '.join(names)}" if 0 < len(names) <= _FEW and not mend else ""
        hint = f"did you mean '{near[0]}'?" if near else few
        return cls(f"unknown {kind} '{name}'", mend=" ".join(part for part in (hint, mend) if part))


class UnreadableFileError(UsageError):
    """A file that cannot be read as what it should be, or lacks a required column."""


class IncompleteError(OverreadError):
    """A check did not run, or evidence is missing."""

    exit_code = ExitCode.INCOMPLETE


class InputRefusedError(OverreadError):
    """Some input files or rows were refused; the rest was processed."""

    exit_code = ExitCode.INPUT_REFUSED


class NotAllowedError(OverreadError):
    """The role, the signature, the separation of duties or the key forbids it."""

    exit_code = ExitCode.NOT_ALLOWED


class WrongSecretError(NotAllowedError):
    """A passphrase, a password or a code that is not the right one: an attempt that counts."""


class ServiceUnreachableError(OverreadError):
    """A service that is needed does not answer."""

    exit_code = ExitCode.SERVICE_UNREACHABLE
