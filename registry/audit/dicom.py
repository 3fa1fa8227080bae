"""Audit messages as DICOM has them (PS3.15 A.5.1), each one line of syslog (RFC 5424) as IHE's ATNA asks.

XML cannot hold most control characters; messages have none (`registry.domain.display.plain`). Elements and attributes
come in the order of the standard's schema, so that the same ledger gives the same bytes.
"""

import base64
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

from registry.audit.codes import Code, dcm
from registry.audit.message import AuditMessage, Participant, TouchedObject

PRIORITY = 85  # facility 10 (security/authorization), severity 5 (notice): RFC 5424, 6.2.1
MESSAGE_ID = "DICOM+RFC3881"  # ITI TF-2: 3.20.4.1.1
_HOST_NAME = "1"  # NetworkAccessPointTypeCode: a machine's name
_APPLICATION_SERVER = "4"
_FILE = dcm(110037, "URI")  # CID 405, media type
_BOM = "\ufeff"  # RFC 5424, 6.4: text in UTF-8 says so


def to_xml(message: AuditMessage) -> str:
    """Return one audit message as XML, in one line without a declaration."""
    root = Element("AuditMessage")
    event = SubElement(
        root,
        "EventIdentification",
        EventActionCode=message.told.action.value,
        EventDateTime=message.at,
        EventOutcomeIndicator=message.outcome,
    )
    _code(event, "EventID", message.told.event)
    for kind in message.told.kinds:
        _code(event, "EventTypeCode", kind)
    if message.why:
        SubElement(event, "EventOutcomeDescription").text = _xml(message.why)
    for participant in message.participants:
        _participant(root, participant)
    source = SubElement(root, "AuditSourceIdentification", AuditSourceID=_xml(message.source))
    SubElement(source, "AuditSourceTypeCode", {"csd-code": _APPLICATION_SERVER})
    for touched in message.objects:
        _object(root, touched, message)
    return tostring(root, encoding="unicode").replace("\n", " ")


def to_syslog(message: AuditMessage) -> str:
    """Return one audit message as a line of syslog, with its newline."""
    hosts = [one.host for one in message.participants if one.host]
    host = _printable(hosts[0]) if hosts else "-"
    head = f"<{PRIORITY}>1 {message.at} {host} overread - {MESSAGE_ID} -"
    return f"{head} {_BOM}{to_xml(message)}\n"


def dicom_lines(messages: Iterable[AuditMessage]) -> bytes:
    """Return messages as lines of syslog, UTF-8."""
    return "".join(to_syslog(message) for message in messages).encode("utf-8")


def _participant(root: Element, who: Participant) -> None:
    found = SubElement(root, "ActiveParticipant", UserID=_xml(who.user))
    if who.by:
        found.set("AlternativeUserID", _xml(f"by {who.by}"))
    found.set("UserIsRequestor", "true" if who.asked else "false")
    if who.host:
        found.set("NetworkAccessPointID", _xml(who.host))
        found.set("NetworkAccessPointTypeCode", _HOST_NAME)
    _code(found, "RoleIDCode", who.role)
    if who.is_medium:
        _code(SubElement(found, "MediaIdentifier"), "MediaType", _FILE)


def _object(root: Element, touched: TouchedObject, message: AuditMessage) -> None:
    found = SubElement(
        root,
        "ParticipantObjectIdentification",
        ParticipantObjectID=_xml(touched.name),
        ParticipantObjectTypeCode=touched.kind.type,
        ParticipantObjectTypeCodeRole=touched.kind.role,
    )
    _code(found, "ParticipantObjectIDTypeCode", touched.id_type)
    SubElement(found, "ParticipantObjectName").text = _xml(touched.name)
    details = {"ledger-event": str(message.seq), "ledger-leaf": message.leaf}
    details |= {"sha256": touched.digest} if touched.digest else {}
    for name, value in details.items():
        spelled = base64.b64encode(value.encode("utf-8")).decode("ascii")
        SubElement(found, "ParticipantObjectDetail", type=name, value=spelled)


def _code(root: Element, name: str, code: Code) -> None:
    words = {"csd-code": _xml(code.value), "codeSystemName": code.scheme, "originalText": _xml(code.meaning)}
    SubElement(root, name, words)


def _xml(text: str) -> str:
    """Return a text with what XML 1.0 has no place for (2.2) shown as U+FFFD."""
    return "".join(letter if _in_xml(ord(letter)) else "\ufffd" for letter in text)


def _in_xml(point: int) -> bool:
    return 0x20 <= point <= 0xD7FF or 0xE000 <= point <= 0xFFFD or 0x10000 <= point <= 0x10FFFF


def _printable(host: str) -> str:
    """Return a host name as syslog takes one: printable US-ASCII, at most 255 letters."""
    return "".join(letter if "!" <= letter <= "~" else "_" for letter in host)[:255]
