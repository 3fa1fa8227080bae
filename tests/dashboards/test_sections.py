"""Sections say what is known, and say plainly what is not."""

import json
from dataclasses import replace
from enum import Enum

import pytest
from dossiers import bare_dossier, dossier
from hypothesis import given
from hypothesis import strategies as st

from dashboards.view.blocks import Facts, Paragraph, Section, Table, leaves
from dashboards.view.cover import SYNTHETIC_NOTE, cover_blocks, record_digest
from dashboards.view.deployment import signature_section
from dashboards.view.document import report_document
from dashboards.view.evidence import NO_LIMITS, checkpoint_section, limits_section
from dashboards.view.monitoring import monitoring_section
from dashboards.view.record import dossier_record, metrics_record, record_bytes
from dashboards.view.signal_tables import signal_blocks, signal_tables
from dashboards.view.signals import NOT_MONITORED, signals_of, state_counts
from dashboards.view.validation import validation_section
from dashboards.view.words import MARKS, mark_of, metric_words, tone_of
from registry.domain.signal import ALERT_STATES, MONITORS
from registry.domain.vocabulary import SignalState, Verdict


def paragraphs(section: Section) -> list[str]:
    """Return the sentences of a section."""
    return [block.text for block in section.blocks if isinstance(block, Paragraph)]


def rows(section: Section, key: str) -> list[list[str]]:
    """Return the rows of a section's table as texts."""
    table = next(block for block in leaves(section.blocks) if isinstance(block, Table) and block.key == key)
    return [[cell.text for cell in row] for row in table.rows]


def test_a_dossier_without_limits_says_that_naming_none_proves_nothing() -> None:
    assert paragraphs(limits_section(bare_dossier())) == [NO_LIMITS]


def test_what_never_happened_is_said_and_not_left_out() -> None:
    bare = bare_dossier()
    assert paragraphs(monitoring_section(bare)) == [NOT_MONITORED]
    assert paragraphs(validation_section(bare)) == ["This version has not been evaluated on any cohort."]
    assert "Nobody has signed anything about this version." in paragraphs(signature_section(bare))


def test_a_synthetic_dossier_wears_its_banner_and_an_observed_one_none() -> None:
    assert cover_blocks(dossier())[0] == Paragraph(SYNTHETIC_NOTE, "synthetic")
    assert not [block for block in cover_blocks(dossier(synthetic=False)) if isinstance(block, Paragraph)]


def test_every_signature_shows_name_role_time_meaning_and_statement() -> None:
    signed = [block for block in signature_section(dossier()).blocks if isinstance(block, Facts)]
    for facts, signature in zip(signed, dossier().signatures, strict=True):
        shown = {name: cell.text for name, cell in facts.pairs}
        assert shown["Signed by"] == signature.printed_name
        assert shown["Role"] == signature.role
        assert shown["Meaning"] == signature.meaning
        assert shown["Signed at"].endswith(" UTC")
        assert shown["Statement"] == signature.statement_digest


def test_a_refused_decision_keeps_its_reason() -> None:
    found = rows(signature_section(dossier()), "refused-decisions")
    assert found[0][1] == "approve"
    assert "external-test evaluation" in found[0][-1]


def test_evaluations_stand_in_the_order_of_the_ledger() -> None:
    rich = dossier()
    turned = replace(rich, evaluations=tuple(reversed(rich.evaluations)))
    assert rows(validation_section(turned), "evaluation-1-metrics") == rows(
        validation_section(rich), "evaluation-1-metrics"
    )


def test_metrics_without_a_value_show_a_dash_and_the_reason() -> None:
    found = rows(validation_section(dossier()), "evaluation-2-metrics")
    assert found[0][:4] == ["AUC", "–", "–", "61"]
    assert found[0][-1] == "4 patients with a positive unit, 10 are needed"


def test_the_filter_keeps_the_signals_of_one_state_and_counts_all() -> None:
    signals = signals_of(dossier())
    tables = [block for block in leaves(signal_blocks(signals, "watch")) if isinstance(block, Table)]
    kept = [cell.state for table in tables for row in table.rows for cell in row if cell.state]
    assert set(kept) == {"watch"}
    assert len(kept) == state_counts(signals)["watch"] == 3
    assert sum(state_counts(signals).values()) == len(signals)


@pytest.mark.parametrize(
    "verdict", ["VERIFIED: all 42 events", "UNANCHORED: x", "BROKEN: event 7", "not verified here"]
)
def test_the_ledgers_verdict_is_shown_as_it_was_given(verdict: str) -> None:
    facts = checkpoint_section(dossier(ledger_verdict=verdict)).blocks[0]
    cell = dict(facts.pairs)["Verification"]
    assert (cell.state != "") is verdict[0].isupper()
    assert (cell.text + ": " + cell.note if cell.state else cell.text).lower() == verdict.lower()


def test_the_signed_note_is_shown_line_by_line_in_full() -> None:
    note = checkpoint_section(dossier()).blocks[1]
    assert "\n".join(note.lines) + "\n" == dossier().checkpoint.note


def test_the_sections_of_a_report_are_complete() -> None:
    keys = [section.key for section in report_document(dossier()).sections]
    wanted = {"limits", "deployment", "signatures", "cohorts", "validation", "changes", "monitors", "ledger", "reading"}
    assert set(keys) == wanted
    assert len(keys) == len(wanted)


def test_the_records_digest_changes_with_any_number_and_only_then() -> None:
    rich = dossier()
    assert record_digest(rich) == record_digest(dossier())
    moved = replace(rich.daily[0], mean_score=rich.daily[0].mean_score + 1e-9)
    assert record_digest(replace(rich, daily=(moved, *rich.daily[1:]))) != record_digest(rich)


def test_the_attached_metrics_are_the_dossiers_own_records() -> None:
    found = json.loads(record_bytes(metrics_record(dossier())))
    assert [entry["record"] for entry in found["evaluations"]] == [view.record for view in dossier().evaluations]
    assert found["monitor"] == json.loads(json.dumps(dossier().monitor))


@given(st.text())
def test_any_text_in_a_dossier_gives_json_and_a_digest(text: str) -> None:
    found = dossier(limits=(text,), code_version=text)
    assert json.loads(record_bytes(dossier_record(found)))["schema"] == "overread.dossier/1"
    assert record_digest(found).startswith("sha256:")


@pytest.mark.parametrize("state", [*SignalState, *Verdict])
def test_every_state_and_verdict_has_a_mark_of_its_own(state: Enum) -> None:
    assert state.value in MARKS
    assert mark_of("no such state") == "•"
    assert tone_of("no such state") == "plain"


def test_an_alert_is_shown_with_cause_and_action() -> None:
    alert = {
        "id": "0123456789abcdef",
        "code": "SEQ003",
        "opened": "2026-09-12",
        "closed": None,
        "state": ALERT_STATES[0],
        "since": {"estimate": "2026-09-08", "interval": ["2026-09-06", "2026-09-10"]},
        "cause": {"kind": "scanner", "who": "p:1"},
        "studies_affected": 412,
        "action": "Suspend the scanner's stratum.",
    }
    found = rows(monitoring_section(dossier(monitor={**dossier().monitor, "alerts": [alert]})), "alerts")
    assert found == [
        ["SEQ003", "2026-09-12", "2026-09-08", "open", "scanner: p:1, at all sites", "Suspend the scanner's stratum."]
    ]


def test_statistics_of_a_group_name_the_group() -> None:
    assert metric_words("auc:scanner=p:1") == "AUC, scanner p:1"
    assert metric_words("no_such_metric") == "No such metric"


def test_an_unknown_monitor_is_shown_last_and_not_dropped() -> None:
    odd = {**dossier().monitor["signals"][0], "monitor": "novel", "code": "NEW001"}
    tables = signal_tables([odd, *dossier().monitor["signals"]])
    assert tables[-1].caption == "Novel monitor"
    assert {table.key.removeprefix("signals-") for table in tables[:-1]} <= set(MONITORS)


def test_a_deputys_signature_shows_for_whom_and_how_its_signer_proved_who_they_are() -> None:
    plain = dossier()
    first = replace(plain.signatures[0], acting_for="clara", proof="passphrase+totp at 2026-08-01T11:22:33.000004Z")
    shown = signature_section(replace(plain, signatures=(first, *plain.signatures[1:])))
    facts = [dict(block.pairs) for block in leaves(shown.blocks) if isinstance(block, Facts)]
    assert facts[0]["Acting for"].text == "clara"
    assert facts[0]["Authenticated by"].text.startswith("passphrase+totp")
    assert all("Acting for" not in other for other in facts[1:])
