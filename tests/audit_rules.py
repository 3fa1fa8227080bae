"""The rules of DICOM's audit messages, typed from PS3.15 A.5.1 as a table, and what holds a message against them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

_NUMBERS = {str(number) for number in range(1, 27)}
_CODED = {"csd-code": None, "codeSystemName": None, "displayName?": None, "originalText": None}


@dataclass(frozen=True)
class Rule:
    """Of an element: its attributes (`?` may be absent) with their values, its children in order, if it has text."""

    attributes: Mapping[str, set[str] | re.Pattern[str] | None]
    children: str = ""
    text: bool = False


_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)?")
CODED = Rule(_CODED)
# `children` is a regular expression over the names of the child elements, each followed by a comma.
RULES: Mapping[str, Rule] = {
    "AuditMessage": Rule(
        {},
        "EventIdentification,(ActiveParticipant,)+AuditSourceIdentification,(ParticipantObjectIdentification,)*",
    ),
    "EventIdentification": Rule(
        {
            "EventActionCode?": {"C", "R", "U", "D", "E"},
            "EventDateTime": _DATE_TIME,
            "EventOutcomeIndicator": {"0", "4", "8", "12"},
        },
        "EventID,(EventTypeCode,)*(EventOutcomeDescription,)?",
    ),
    "EventID": CODED,
    "EventTypeCode": CODED,
    "EventOutcomeDescription": Rule({}, text=True),
    "ActiveParticipant": Rule(
        {
            "UserID": None,
            "AlternativeUserID?": None,
            "UserName?": None,
            "UserIsRequestor": {"true", "false", "0", "1"},
            "NetworkAccessPointID?": None,
            "NetworkAccessPointTypeCode?": {"1", "2", "3", "4", "5"},
        },
        "(RoleIDCode,)*(MediaIdentifier,)?",
    ),
    "RoleIDCode": CODED,
    "MediaIdentifier": Rule({}, "MediaType,"),
    "MediaType": CODED,
    "AuditSourceIdentification": Rule(
        {"AuditEnterpriseSiteID?": None, "AuditSourceID": None}, "(AuditSourceTypeCode,)*"
    ),
    "AuditSourceTypeCode": Rule({"csd-code": set("123456789")}),
    "ParticipantObjectIdentification": Rule(
        {
            "ParticipantObjectID": None,
            "ParticipantObjectTypeCode?": {"1", "2", "3", "4"},
            "ParticipantObjectTypeCodeRole?": _NUMBERS,
            "ParticipantObjectDataLifeCycle?": {str(number) for number in range(1, 16)},
            "ParticipantObjectSensitivity?": None,
        },
        "ParticipantObjectIDTypeCode,(ParticipantObjectName,|ParticipantObjectQuery,)"
        "(ParticipantObjectDetail,)*(ParticipantObjectDescription,)*",
    ),
    "ParticipantObjectIDTypeCode": CODED,
    "ParticipantObjectName": Rule({}, text=True),
    "ParticipantObjectDetail": Rule({"type": None, "value": _BASE64}),
}


def faults(element: Element) -> Iterator[str]:
    """Say where an element, or one below it, breaks its rule."""
    rule = RULES.get(element.tag)
    if rule is None:
        yield f"no element {element.tag}"
        return
    yield from _attribute_faults(element, rule)
    names = "".join(f"{child.tag}," for child in element)
    if not re.fullmatch(rule.children, names):
        yield f"{element.tag} has the children {names}"
    if not rule.text and (element.text or "").strip():
        yield f"{element.tag} has text"
    for child in element:
        yield from faults(child)


def _attribute_faults(element: Element, rule: Rule) -> Iterator[str]:
    known = {name.rstrip("?"): values for name, values in rule.attributes.items()}
    for name in set(element.attrib) - set(known):
        yield f"{element.tag} has an attribute {name}"
    for name in rule.attributes:
        if not name.endswith("?") and not element.get(name):
            yield f"{element.tag} lacks {name}"
    for name, value in element.attrib.items():
        allowed = known.get(name)
        fits = value in allowed if isinstance(allowed, set) else allowed is None or allowed.fullmatch(value)
        if not fits:
            yield f"{element.tag} has {name}={value}"
