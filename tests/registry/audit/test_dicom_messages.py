"""Audit messages as DICOM has them: the standard's rules, its codes, one line each, whatever the words."""

import base64
import re
from xml.etree import ElementTree as ET

import pytest
from audit_messages import HOSTILE, ORIGIN, event, hostile
from audit_rules import faults
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.sr._concepts_dict import concepts

from registry.audit import codes, mapping
from registry.audit.codes import DCM, Code
from registry.audit.dicom import dicom_lines, to_syslog, to_xml
from registry.audit.mapping import MAPPED, told
from registry.audit.message import messages
from registry.domain.display import plain
from registry.domain.event import EVENT_TYPES, Subject
from registry.ledger.merkle import leaf_hash

# RFC 5424, 6: HEADER SP STRUCTURED-DATA SP MSG, of which the message is UTF-8 with its mark.
LINE = re.compile(
    r"<85>1 (?P<at>\S+) (?P<host>[!-~]{1,255}) overread - DICOM\+RFC3881 - \ufeff(?P<xml><AuditMessage>.*)\n"
)
OURS = [one for one in vars(codes).values() if isinstance(one, Code)]


def xml_of(*args: object, **words: object) -> ET.Element:
    (found,) = messages(event(*args, **words), [], ORIGIN)  # type: ignore[arg-type]
    return ET.fromstring(to_xml(found))


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_an_event_of_every_type_keeps_the_rules_of_the_standard(kind: str) -> None:
    for patients in ([], ["p:one", "p:two"]):
        for one in messages(event(kind), patients, ORIGIN):
            assert list(faults(ET.fromstring(to_xml(one)))) == []


def test_the_rules_find_what_is_broken() -> None:
    root = xml_of()
    root[0].set("EventActionCode", "X")
    root[0].remove(root[0][0])
    root[1].attrib.pop("UserID")
    assert len(list(faults(root))) == 3


@pytest.mark.parametrize("code", [one for one in OURS if one.scheme == DCM], ids=lambda code: code.value)
def test_each_code_of_dicom_means_what_dicoms_own_dictionary_says(code: Code) -> None:
    known = {value: meaning for words in concepts[DCM].values() for value, (meaning, _) in words.items()}
    assert known[code.value].lower() == code.meaning.lower()


def test_every_row_of_the_table_is_of_a_type_that_the_ledger_knows() -> None:
    assert set(EVENT_TYPES) >= MAPPED
    assert set(EVENT_TYPES) >= set(mapping.FAILED_TYPES)


def test_a_type_without_a_row_is_told_under_its_own_code() -> None:
    found = told("stop_rule.set")
    assert (found.event.value, found.event.scheme, found.action) == ("stop_rule.set", "99OVERREAD", "E")
    assert [kind.value for kind in told("intake.batch").kinds] == ["intake.batch"]


def test_n_patients_give_n_messages_each_with_one_patient() -> None:
    found = list(messages(event("evidence.exported"), ["p:b", "p:a", "p:b"], ORIGIN))
    roots = [ET.fromstring(to_xml(one)) for one in found]
    persons = [root.findall("ParticipantObjectIdentification[@ParticipantObjectTypeCodeRole='1']") for root in roots]
    assert [[one.get("ParticipantObjectID") for one in each] for each in persons] == [["p:a"], ["p:b"]]
    assert len({one.id for one in found}) == 2


def test_reading_the_log_names_the_log_as_the_standard_asks() -> None:
    root = xml_of("audit.read")
    first = root.find("ParticipantObjectIdentification")
    assert first is not None
    assert first.findtext("ParticipantObjectName") == "Security Audit Log"
    assert root[0][0].get("csd-code") == "110101"


@pytest.mark.parametrize(("kind", "role"), [("evidence.exported", "110154"), ("intake.batch", "110155")])
def test_an_export_names_its_destination_medium_and_an_import_its_source(kind: str, role: str) -> None:
    (medium,) = xml_of(kind).findall("ActiveParticipant[MediaIdentifier]")
    assert [one.get("csd-code") for one in medium.findall("RoleIDCode")] == [role]


def test_a_deputy_stands_beside_whom_they_act_for() -> None:
    actor = {"person": "dora", "role": "clinical lead", "auth": "signature", "acting_for": "clara"}
    users = [one.get("UserID") for one in xml_of(actor=actor).findall("ActiveParticipant")]
    assert users[:2] == ["dora", "clara"]


@pytest.mark.parametrize(
    ("kind", "words", "indicator"),
    [
        ("deployment.started", "done", "0"),
        ("version.decision_refused", "refused", "4"),
        ("authentication.failed", "done", "4"),
        ("intake.blocked", "done", "8"),
        ("deployment.started", "something else", "8"),
    ],
)
def test_the_outcome_is_never_better_than_what_the_event_says(kind: str, words: str, indicator: str) -> None:
    assert xml_of(kind, outcome=words)[0].get("EventOutcomeIndicator") == indicator


def test_each_message_names_the_leaf_by_which_a_proof_finds_its_event() -> None:
    told_of = event()
    details = {one.get("type"): one.get("value") for one in xml_of().iter("ParticipantObjectDetail")}
    assert base64.b64decode(details["ledger-leaf"] or "").decode() == leaf_hash(told_of.data).hex()


def test_hostile_words_stay_words_on_one_line() -> None:
    (found,) = messages(hostile(), [], ORIGIN)
    line = to_syslog(found)
    told_line = LINE.fullmatch(line)
    assert told_line
    root = ET.fromstring(told_line["xml"])
    assert list(faults(root)) == []
    shown = plain(HOSTILE).replace("\ufffe", "\ufffd")
    assert root.find("ActiveParticipant").get("UserID") == shown  # type: ignore[union-attr]
    assert line.count("<AuditMessage>") == line.count("\n") == 1


@settings(max_examples=60)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_gives_one_line_of_well_formed_xml(text: str) -> None:
    (found,) = messages(event(subjects=(Subject(text, text),), reason=text), [], ORIGIN)
    line = LINE.fullmatch(to_syslog(found))
    assert line
    assert list(faults(ET.fromstring(line["xml"]))) == []


def test_a_host_that_is_no_word_of_syslog_cannot_move_its_fields() -> None:
    (found,) = messages(event(), [], ORIGIN)
    assert (LINE.fullmatch(to_syslog(found)) or {"host": ""})["host"] == "reading-7"


def test_the_same_events_give_the_same_bytes() -> None:
    found = [list(messages(event(), ["p:a"], ORIGIN)) for _ in range(2)]
    assert dicom_lines(found[0]) == dicom_lines(found[1])
