"""Linting a card that a vendor published: an applied model card of the Coalition for Health AI (XML, v0.1 or v0.2).

Nothing in it is measured here. A group counts as assessed only where the card gives a result for it with an interval.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from registry.cards.lint import Finding, bare_claim, claims_external, says_none, sentences_of
from registry.domain.card_fields import AXES
from registry.domain.errors import UnreadableFileError

LONGEST = 1 << 20
_ROOT = "AppliedModelCard"
_LABELS: Mapping[str, re.Pattern[str]] = {
    "age_band": re.compile(r"\bages?\b|\byears?\b|\bold\b|child|adult|p(?:a)?ediatric", re.IGNORECASE),
    "ethnicity": re.compile(r"ethnic|hispanic|latino", re.IGNORECASE),
    "race": re.compile(r"\brac(?:e|ial)\b|\bblack\b|\bwhite\b|\basian\b", re.IGNORECASE),
    "scanner": re.compile(r"scanner|vendor|manufacturer", re.IGNORECASE),
    "sex": re.compile(r"\bsex\b|gender|\b(?:fe)?male\b|\b(?:wo)?men\b", re.IGNORECASE),
}
_BOUNDS = re.compile(r"\b(?:ci|low|lower|upper|interval)", re.IGNORECASE)
_N = re.compile(r"^n$|^n_|sample|denominator|count", re.IGNORECASE)


def lint_chai(data: bytes) -> tuple[Finding, ...]:
    """Return what must not stand on a published card: CRD001, CRD002 and CRD003 of the linter.

    Args:
        data: the bytes of the XML file.

    Raises:
        UnreadableFileError: when it is no such card, is larger than 1 MiB, or declares a document type.
    """
    root = _parsed(data)
    return (*_biases(root), *_results(root), *_words(root))


def _parsed(data: bytes) -> ET.Element:
    if len(data) > LONGEST:
        raise UnreadableFileError("the card is too large", mend="a card has 1 MiB at most")
    if b"\0" in data or b"<!" in data.replace(b"<!--", b"").replace(b"<![CDATA[", b""):
        raise UnreadableFileError("the card declares a document type, or is not in UTF-8", mend="a card does neither")
    try:
        root = ET.fromstring(data)  # noqa: S314 - no document type, so no entity of its own
    except (ET.ParseError, ValueError, LookupError) as error:
        raise UnreadableFileError("the card is not XML", mend="give an applied model card") from error
    if _name(root) != _ROOT:
        raise UnreadableFileError("the file is no applied model card", mend=f"its root is {_ROOT}")
    return root


def _biases(root: ET.Element) -> Iterator[Finding]:
    assessed = {
        axis
        for axis in AXES
        if any(_has_bounds(value) and _LABELS[axis].search(label) for label, value in _pairs(root))
    }
    missing = [axis for axis in AXES if axis not in assessed]
    for found in _all(root, "KnownBiasesOrEthicalConsiderations"):
        if missing and says_none(found.text or ""):
            yield Finding("CRD001", _name(found), f"biases are denied, but not assessed are: {', '.join(missing)}")


def _results(root: ET.Element) -> Iterator[Finding]:
    """Yield each structured result of a performance without n or interval."""
    for label, value in _pairs(root):
        if bare_claim(f"{label} 0.5"):
            lacking = [name for name, there in (("n", _has_n(value)), ("an interval", _has_bounds(value))) if not there]
            if lacking:
                yield Finding("CRD002", label[:80], f"a result without {' and '.join(lacking)}")


def _words(root: ET.Element) -> Iterator[Finding]:
    external = any("extern" in (one.text or "").casefold() for one in _all(root, "TestType"))
    for element in root.iter():
        text = (element.text or "").strip()
        if not text or len(element) or _name(element) in {"Label", "ValueJson", "Bibliography"}:
            continue
        for sentence in sentences_of(text):
            if bare_claim(sentence):
                yield Finding("CRD002", _name(element), "a performance is claimed in words without n and interval")
            if not external and claims_external(sentence):
                yield Finding("CRD003", _name(element), "external validation is claimed, and no test is of that type")


def _pairs(root: ET.Element) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for result in _all(root, "MetricResult"):
        fields = {_name(one): (one.text or "").strip() for one in result}
        yield fields.get("Label", ""), _value(fields.get("ValueJson", ""))


def _value(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _has_bounds(value: Mapping[str, Any]) -> bool:
    return any(_BOUNDS.search(key.replace("_", " ")) and inner is not None for key, inner in value.items())


def _has_n(value: Mapping[str, Any]) -> bool:
    return any(_N.search(key) and inner is not None for key, inner in value.items())


def _all(root: ET.Element, name: str) -> Iterator[ET.Element]:
    return (element for element in root.iter() if _name(element) == name)


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
