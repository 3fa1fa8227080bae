"""The linter of cards: what must not stand on one, each rule with a permanent code.

A card that says "known biases: none" beside groups that nobody assessed has been seen in published cards; the absence
of a measurement is not the absence of a bias (FAI-04).
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from registry.cards import atlas, chai, cyclonedx, hti1
from registry.cards.claims import agrees, contradictions, measured_for, measured_values
from registry.cards.declaration import metric_name
from registry.cards.words import number_text
from registry.domain.card import Card, FieldKind
from registry.domain.card_fields import FIELDS
from registry.domain.errors import UnknownNameError
from registry.domain.vocabulary import Role

PROFILES: Mapping[str, tuple[str, ...]] = {
    "hti1": hti1.FIELDS,
    "chai": chai.FIELDS,
    "atlas": atlas.FIELDS,
    "cyclonedx": cyclonedx.FIELDS,
}
_NOTHING = re.compile(
    r"(?:none|no|nil|null|nothing|na|n a|not applicable|zero|0|unbiased|non|keine|aucune?|ninguno|nessuno)?"
    r"(?: (?:known|identified|reported|found|expected|detected|at this time|to date|so far|applicable|currently))*"
)
_BIAS = r"(?:bias|biases|biased|disparity|disparities|unfairness|inequity|inequities)"
_DENIED = re.compile(
    r"\b(?:no|none|not|without|free of|free from|absence of|zero|never|devoid of)\b(?P<between>(?: \w+){0,6}?)"
    rf" {_BIAS}\b|\b{_BIAS}\b(?: \w+){{0,3}}? (?:none|nil|absent|not (?:present|expected|found|identified|observed))\b"
)
_HONEST = re.compile(r"assess|analy|evaluat|stud|measur|investigat|examin|data|known which|determin")
_METRIC = (
    r"(?:au-?(?:ro)?c|area under the (?:roc )?curve|sensitivit(?:y|ies)|specificit(?:y|ies)|accuracy|ppv|npv"
    r"|(?:positive|negative) predictive value|precision|recall|dice|f1(?:[ -]score)?|brier(?: score)?|ece)"
)
_NUMBER = r"(?:[01]?\.[0-9]+|[01],[0-9]+|[0-9]{1,3}(?:[.,][0-9]+)?\s?(?:%|per ?cent))"
_CLAIMED = re.compile(rf"\b{_METRIC}\b[^.;\n]{{0,40}}?{_NUMBER}|{_NUMBER}[^.;\n]{{0,20}}?\b{_METRIC}\b", re.IGNORECASE)
_PAIR = re.compile(rf"\b(?P<metric>{_METRIC})\b[^.;\n0-9]{{0,40}}?(?P<number>{_NUMBER})", re.IGNORECASE)
_WRITTEN = re.compile(r"ies$|-")
_ASIDE = re.compile(
    r"at least|at most|goal|target|aim|requir|radiologist|readers|literature|compar|minimum|>|≥", re.IGNORECASE
)
_HAS_N = re.compile(
    r"\bn\s*(?:=|of|:)?\s*[0-9]|[0-9]\s+(?:cases|patients|studies|units|scans|exams|images)\b", re.IGNORECASE
)
_HAS_INTERVAL = re.compile(rf"{_NUMBER}\s*(?:-|–|to|,|;|\.\.)\s*{_NUMBER}", re.IGNORECASE)
_EXTERNAL = re.compile(
    r"\bextern(?:al|ally)\b[^.;\n]{0,40}\b(?:valid|test|evaluat|verif)|\bindependent(?:ly)? validat", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[.;!?])\s+|\n")
_DENIAL = re.compile(r"\b(?:not|no|never|without|lacks)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """One thing that must not stand on a card: the rule's code, the field or claim, and a sentence."""

    code: str
    where: str
    what: str

    def to_json(self) -> dict[str, str]:
        """Return the JSON form."""
        return {"code": self.code, "where": self.where, "what": self.what}


def lint_card(card: Card, profiles: tuple[str, ...] = ("hti1",)) -> tuple[Finding, ...]:
    """Return everything that must not stand on a card, by code.

    Args:
        card: the card.
        profiles: formats whose fields have to be known.

    Raises:
        UnknownNameError: for an unknown profile.
    """
    found = [finding for rule in _RULES for finding in rule(card)]
    return tuple(found + [finding for profile in profiles for finding in _unknown(card, profile)])


def says_none(text: str) -> bool:
    """Say whether a text claims that there is nothing: `None`, `n/a`, `no known biases`, and the like."""
    words = " ".join(re.findall(r"[\w]+", unicodedata.normalize("NFKC", text).casefold()))
    if _NOTHING.fullmatch(words) is not None or words.startswith("none "):
        return True
    return any(not _HONEST.search(denied["between"] or "") for denied in _DENIED.finditer(words))


def bare_claim(sentence: str) -> bool:
    """Say whether a sentence gives a performance without n and interval."""
    return bool(_CLAIMED.search(sentence)) and not (_HAS_N.search(sentence) and _HAS_INTERVAL.search(sentence))


def claims_external(sentence: str) -> bool:
    """Say whether a sentence claims an external validation, and does not deny it."""
    return bool(_EXTERNAL.search(sentence)) and not _DENIAL.search(sentence)


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text."""
    return _SENTENCE.split(text)


def _biases(card: Card) -> Iterator[Finding]:
    """CRD001: no bias is denied while an attribute was not assessed."""
    field = card.fields["known_biases"]
    denied = field.kind is FieldKind.NOT_APPLICABLE or (field.value is not None and says_none(field.value))
    if denied and card.not_assessed:
        missing = ", ".join(card.not_assessed)
        yield Finding("CRD001", "known_biases", f"biases are denied, but not assessed are: {missing}")


def _bare_claims(card: Card) -> Iterator[Finding]:
    """CRD002: no performance is claimed without n and interval."""
    for claim in card.claims:
        lacking = [name for name, there in (("n", claim.n), ("an interval", claim.low and claim.high)) if not there]
        if lacking:
            where = f"claim of {claim.metric} on {claim.on}"
            yield Finding("CRD002", where, f"{claim.value} is claimed without {' and '.join(lacking)}")
    for key, sentence in _sentences(card):
        if bare_claim(sentence):
            yield Finding("CRD002", key, "a performance is claimed in words without n and interval")


def _external(card: Card) -> Iterator[Finding]:
    """CRD003: no external validation is claimed that is not on record."""
    if card.fields["validity_external"].known:
        return
    for claim in card.claims:
        if claim.on == Role.EXTERNAL_TEST or _EXTERNAL.search(claim.on + " validation"):
            yield Finding(
                "CRD003", f"claim of {claim.metric} on {claim.on}", "no external-test evaluation is on record"
            )
    for key, sentence in _sentences(card):
        if claims_external(sentence):
            yield Finding("CRD003", key, "external validation is claimed, and no external-test evaluation is on record")


def _contradicted(card: Card) -> Iterator[Finding]:
    """CRD004: no declared number contradicts a measured one."""
    yield from (Finding("CRD004", why.partition(":")[0], why) for why in contradictions(card))


def _contradicted_in_words(card: Card) -> Iterator[Finding]:
    """CRD004: no sentence gives a metric another value than every test that measured it."""
    for key, sentence in _sentences(card):
        for said in () if _ASIDE.search(sentence) else _PAIR.finditer(sentence):
            measured = measured_values(card, metric_name(_WRITTEN.sub("", said["metric"].casefold())))
            number = _decimal(said["number"])
            if measured and not any(agrees(number, value) for value in measured):
                values = ", ".join(map(number_text, measured))
                yield Finding("CRD004", key, f"{said['metric']} {said['number']} in words, measured {values}")


def _decimal(number: str) -> str:
    """Return a number in words as a decimal: `95 %` is 0.95, `0,93` is 0.93."""
    share = re.search(r"%|per", number)
    text = re.sub(r"[^0-9.,]", "", number).replace(",", ".")
    return format(Decimal(text).scaleb(-2), "f") if share else text


def _unmeasured(card: Card) -> Iterator[Finding]:
    """CRD006: a claim that nothing on record measures says where it is published."""
    for claim in card.claims:
        if not claim.reference and not measured_for(card, claim):
            where = f"claim of {claim.metric} on {claim.on}"
            yield Finding("CRD006", where, "nothing on record measures it, and it names no reference")


def _unknown(card: Card, profile: str) -> Iterator[Finding]:
    """CRD005: a profile's fields are known, or it is said why they do not apply."""
    if profile not in PROFILES:
        raise UnknownNameError.of("profile", profile, PROFILES)
    for key in PROFILES[profile]:
        if not card.fields[key].known:
            reason = card.fields[key].reason
            yield Finding("CRD005", key, f"{profile} asks for '{FIELDS[key].title}', which is unknown: {reason}")


def _sentences(card: Card) -> Iterator[tuple[str, str]]:
    """Yield the sentences that somebody declared, with the fields in which they stand."""
    for key in FIELDS:
        field = card.fields[key]
        if field.kind is FieldKind.DECLARED and key != "outcome_references":
            texts = field.value if isinstance(field.value, list) else [field.value]
            yield from ((key, sentence) for text in texts for sentence in sentences_of(text))


_RULES: tuple[Callable[[Card], Iterator[Finding]], ...] = (
    _biases,
    _bare_claims,
    _external,
    _contradicted,
    _contradicted_in_words,
    _unmeasured,
)
