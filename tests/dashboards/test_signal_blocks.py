"""Signals are shown tightly, and none is lost: what repeats stands once, what has no value keeps its reason."""

from collections.abc import Mapping, Sequence
from typing import Any

from dossiers import dossier
from hypothesis import given
from hypothesis import strategies as st
from monitor_runs import monitor, signal, signals, unassessed

from dashboards.view.blocks import Block, Facts, Listing, Paragraph, Table, leaves
from dashboards.view.monitoring import monitoring_section
from dashboards.view.numbers import count_text, number_text
from dashboards.view.pictures import subgroup_figures, undrawn_subgroups
from dashboards.view.signal_scope import common_of, own_words, shared_sentences
from dashboards.view.signal_tables import signal_blocks
from dashboards.view.signals import is_silent, signals_of, subject_words
from registry.domain.vocabulary import NotAssessed, SignalState

FAMILIES = ("input", "score", "performance", "calibration", "subgroup", "scanner", "override", "routing")


def json_of(found: Sequence[Any]) -> list[Mapping[str, Any]]:
    """Return signals in their JSON form."""
    return [entry.to_json() for entry in found]


def words_of(blocks: Sequence[Block]) -> str:
    """Return all text of blocks."""
    found: list[str] = []
    for block in leaves(blocks):
        match block:
            case Paragraph(text):
                found.append(text)
            case Listing(items):
                found.extend(items)
            case Facts(pairs):
                found.extend(f"{name} {cell.text} {cell.note}" for name, cell in pairs)
            case Table():
                found.extend(f"{cell.text} {cell.note}" for row in block.rows for cell in row)
    return "\n".join(found)


def watches() -> list[Any]:
    """Return the sequential watches of all families, none of which was run."""
    return [
        unassessed(f"SEQ{number:03d}", family, "sequential", NotAssessed.NOT_RUN, n=0, site=None)
        for number, family in enumerate(FAMILIES, start=1)
    ]


def test_every_signal_is_shown_with_its_code_subject_and_numbers() -> None:
    found = json_of([*signals(), *watches()])
    text = words_of(signal_blocks(found))
    for entry in found:
        assert entry["code"] in text
        assert not entry["subject"] or subject_words(entry) in text
        assert count_text(entry["n"]) in text
        for name in ("value", "limit", "q_value", "p_value"):
            assert entry[name] is None or number_text(entry[name]) in text


def test_watches_that_were_not_run_are_one_sentence_that_names_every_family() -> None:
    blocks = signal_blocks(json_of(watches()))
    said = [block.text for block in blocks if isinstance(block, Paragraph) and block.tone == "warn"]
    assert len(said) == 1
    assert all(f"{family} (SEQ{number:03d})" in said[0] for number, family in enumerate(FAMILIES, start=1))
    assert not [block for block in leaves(blocks) if isinstance(block, Table)]


def test_a_watch_that_raised_an_alert_is_a_row_and_never_a_sentence() -> None:
    raised = signal("SEQ001", "input", "sequential", state=SignalState.ALERT, value=0.4)
    blocks = signal_blocks(json_of([raised, *watches()[1:]]))
    tables = [block for block in leaves(blocks) if isinstance(block, Table)]
    assert [table.key for table in tables] == ["signals-input"]


def test_signals_that_share_a_reason_share_a_row_and_others_do_not() -> None:
    why = "not assessed (no unit of the window has an independent outcome)."
    titles = (
        ("PRF001", "performance", "Area under the ROC curve"),
        ("CAL001", "calibration", "Calibration in the large"),
    )
    same = [unassessed(code, name, "auc", NotAssessed.NO_OUTCOMES, n=0) for code, name, _ in titles]
    found = [
        entry | {"explains": f"{title}: {why}"} for entry, (_, _, title) in zip(json_of(same), titles, strict=True)
    ]
    apart = json_of([unassessed("PRF002", "performance", "sensitivity", NotAssessed.TOO_FEW, n=7)])
    rows = next(block for block in leaves(signal_blocks([*found, *apart])) if isinstance(block, Table)).rows
    assert len(rows) == 2
    assert rows[0][0].text == "No unit of the window has an independent outcome."
    assert "PRF001" in rows[0][-1].text
    assert "CAL001" in rows[0][-1].text
    assert [row[1].text for row in rows] == ["0", "7"]


def test_a_sentence_that_signals_share_is_printed_once() -> None:
    shared = "The four cells together are the table."
    rows = [
        signal(
            "OVR002", "override", "override_cell", subject={"cell": cell}, value=0.25, explains=f"Cell {cell}. {shared}"
        )
        for cell in ("ai+read+", "ai+read-", "ai-read+", "ai-read-")
    ]
    text = words_of(signal_blocks(json_of(rows)))
    assert text.count(shared) == 1
    assert f"OVR002: {shared}" in text
    assert all(f"Cell {cell}." in text for cell in ("ai+read+", "ai-read-"))


@given(st.lists(st.tuples(st.sampled_from(["A1", "B2"]), st.lists(st.sampled_from("PQRS"), min_size=1)), max_size=6))
def test_no_sentence_is_lost_by_sharing(said: list[tuple[str, list[str]]]) -> None:
    found = [{"code": code, "explains": " ".join(f"{word}." for word in words)} for code, words in said]
    shared = shared_sentences(found)
    for entry in found:
        kept = own_words(entry, shared)
        for sentence in entry["explains"].split():
            assert sentence in kept.split() or entry["code"] in shared[sentence]


def test_what_all_signals_have_in_common_is_said_once_and_a_difference_on_its_row() -> None:
    found = json_of([*signals(), signal("SCO009", "score", "score_ks", value=0.5, site="harbour")])
    assert not common_of(found).site
    assert "site harbour" in words_of(signal_blocks(found))
    alike = json_of(signals())
    assert common_of(alike).words() == (
        "Unless a row says otherwise: version 3, shadow, site general, 2026-09-03 to 2026-09-30."
    )
    assert "site general" not in words_of([b for b in leaves(signal_blocks(alike)) if isinstance(b, Table)])


def test_a_statistic_without_a_value_in_any_group_is_a_line_and_no_picture() -> None:
    groups = [
        unassessed("SUB001", "subgroup", "auc_gap", NotAssessed.NO_OUTCOMES, subject={"axis:sex": sex}, n=0)
        for sex in ("F", "M")
    ]
    found = json_of(groups)
    assert subgroup_figures(found, synthetic=False) == ()
    line = "AUC of a group against the rest (SUB001): sex F, sex M not assessed: no outcomes yet."
    assert undrawn_subgroups(found) == (line,)
    run = {**monitor(), "signals": found}
    assert Listing((line,)) in monitoring_section(dossier(monitor=run)).blocks


def test_a_signal_with_a_value_is_never_shown_as_silent() -> None:
    assert [entry["code"] for entry in signals_of(dossier()) if is_silent(entry) and entry["value"] is not None] == []
    odd = signal("OVR001", "override", "override_rate", value=0.2, state=SignalState.NOT_ASSESSED)
    assert not is_silent(odd.to_json())
    assert "0.200" in words_of(signal_blocks(json_of([odd])))
