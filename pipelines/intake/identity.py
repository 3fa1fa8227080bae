"""The gate through which the identifiers of a file pass: replaced by pseudonyms, or pseudonyms already."""

import re

from registry.domain.errors import UnreadableFileError
from registry.domain.pseudonym import Identifier, Pseudonymizer, is_pseudonym
from registry.domain.vocabulary import Identifiers

_FREE = frozenset({Identifier.TEXT, Identifier.RECORD})
_OWN_RECORD = re.compile(r"[0-9a-f]{32}")


class IdentifierGate:
    """Replaces the identifiers of one file; refuses a file that mixes originals and pseudonyms, as a whole.

    Free text (`Identifier.TEXT`) takes no part in the judgement: it is replaced unless it is a pseudonym. Nor do
    names of records (`Identifier.RECORD`): those that Overread gave itself are kept.
    """

    def __init__(self, pseudonyms: Pseudonymizer, identifiers: Identifiers, where: str) -> None:
        self._pseudonyms = pseudonyms
        self._identifiers = identifiers
        self._where = where
        self._known: dict[tuple[Identifier, str], str] = {}

    def of(self, kind: Identifier, text: str) -> str:
        """Return the pseudonym of an identifier.

        Raises:
            UnreadableFileError: when the identifier is spelled otherwise than the file was said to be.
        """
        found = self._known.get((kind, text))
        if found is None:
            found = self._known[kind, text] = self._replace(kind, text)
        return found

    def _replace(self, kind: Identifier, text: str) -> str:
        ours = is_pseudonym(text) or (kind is Identifier.RECORD and _OWN_RECORD.fullmatch(text) is not None)
        if kind not in _FREE and ours != (self._identifiers is Identifiers.PSEUDONYMISED):
            raise self._mixed(ours=ours)
        return text if ours else self._pseudonyms.of(kind, text)

    def _mixed(self, *, ours: bool) -> UnreadableFileError:
        found, option = ("pseudonyms", "pseudonymised") if ours else ("original identifiers", "original")
        return UnreadableFileError(
            f"the file was said to hold --identifiers {self._identifiers.value}, but holds {found}",
            where=self._where,
            mend=f"if all of them are, say --identifiers {option}; a mixed file is refused",
        )
