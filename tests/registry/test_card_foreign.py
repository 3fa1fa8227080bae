"""A vendor's published card is held to the same rules; a hostile file is refused before it is read."""

import pytest

from registry.cards.foreign import lint_chai
from registry.domain.errors import UnreadableFileError

# The form of published cards: biases denied, race unavailable, shares of the sexes where a test of fairness belongs.
CARD = """<?xml version="1.0" encoding="UTF-8"?>
<!-- a vendor -->
<AppliedModelCard xmlns="https://mc.chai.org/v0.2/schema.xsd">
  <ModelSummary><Summary>{summary}</Summary><Keywords /></ModelSummary>
  <Warnings><KnownBiasesOrEthicalConsiderations>{biases}</KnownBiasesOrEthicalConsiderations></Warnings>
  <KeyMetrics><FairnessEquity><Results>
    <MetricResult><Label>Gender: male</Label>
      <ValueJson>{{"kind":"single","value":50,"unit":"%"}}</ValueJson></MetricResult>
    {result}
  </Results><Interpretation>Race was unavailable.</Interpretation><TestType>{kind}</TestType></FairnessEquity>
  </KeyMetrics>
</AppliedModelCard>
"""
PLAIN = {"summary": "Flags cases.", "biases": "Not compared by race.", "result": "", "kind": "Retrospective"}


def codes(**changed: str) -> list[str]:
    return [one.code for one in lint_chai(CARD.format(**PLAIN | changed).encode())]


def result(label: str, value: str) -> str:
    return f"<MetricResult><Label>{label}</Label><ValueJson>{value}</ValueJson></MetricResult>"


def test_denied_biases_beside_an_unavailable_race_are_found() -> None:
    (found,) = lint_chai(CARD.format(**PLAIN | {"biases": "None"}).encode())
    assert found.code == "CRD001"
    assert "race" in found.what
    assert codes() == []


def test_a_share_of_the_sexes_is_no_assessment_of_sex() -> None:
    (found,) = lint_chai(CARD.format(**PLAIN | {"biases": "None known."}).encode())
    assert "sex" in found.what


def test_a_result_of_a_group_with_an_interval_is_an_assessment() -> None:
    one = result("AUC, female patients", '{"kind":"estimate_ci","estimate":0.9,"ci_low":0.8,"ci_high":0.95,"n":90}')
    (found,) = lint_chai(CARD.format(**PLAIN | {"biases": "None", "result": one}).encode())
    assert "sex" not in found.what


@pytest.mark.parametrize(
    ("value", "lacking"),
    [
        ('{"kind":"single","value":87.1}', "n and an interval"),
        ('{"kind":"estimate_ci","estimate":0.9,"ci_low":0.8,"ci_high":0.95}', "n"),
        ('{"value":0.9,"n":40}', "an interval"),
        ("nothing", "n and an interval"),
    ],
)
def test_a_performance_result_without_n_or_interval_is_found(value: str, lacking: str) -> None:
    (found,) = lint_chai(CARD.format(**PLAIN | {"result": result("Sensitivity", value)}).encode())
    assert (found.code, found.what) == ("CRD002", f"a result without {lacking}")


def test_words_are_held_to_the_same_rules() -> None:
    assert codes(summary="Its sensitivity is 95 %.") == ["CRD002"]
    assert codes(summary="It was externally validated.") == ["CRD003"]
    assert codes(summary="It was externally validated.", kind="External, retrospective") == []


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><AppliedModelCard>&a;</AppliedModelCard>",
        b"<html/>",
        b"not xml",
        b"",
        b"<AppliedModelCard>" + b" " * (1 << 20) + b"</AppliedModelCard>",
        b"\xff\xfe<\x00",
        "<!DOCTYPE x><AppliedModelCard/>".encode("utf-16"),
    ],
)
def test_a_file_that_is_no_card_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableFileError):
        lint_chai(data)
