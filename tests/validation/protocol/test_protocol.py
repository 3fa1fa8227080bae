"""The validation protocol: read, frozen, digested."""

import tomllib
from typing import Any

import pytest

from registry.domain.canonical import canonical_bytes
from registry.domain.errors import ArtifactChangedError, EvidenceMissingError, UnknownNameError, UsageError
from validation.protocol.protocol import DEFAULT_PROTOCOL, Criterion, Protocol, protocol_from

LEAST = {"name": "strict", "criteria": ["auc>=0.85"], "rationale": "triage needs it"}


def test_the_default_protocol_states_its_reasons_and_has_canonical_bytes() -> None:
    assert DEFAULT_PROTOCOL.criteria == ("auc>=0.70", "sensitivity>=0.60", "specificity>=0.50")
    assert len(DEFAULT_PROTOCOL.rationale) > 100
    assert canonical_bytes(DEFAULT_PROTOCOL.to_json())


def test_a_protocol_is_read_back_from_its_own_record() -> None:
    frozen = DEFAULT_PROTOCOL.frozen_to("sha256:c", "sha256:a")
    for protocol in (DEFAULT_PROTOCOL, frozen):
        again = protocol_from(protocol.to_json())
        assert again == protocol
        assert again.digest == protocol.digest


def test_a_protocol_is_read_from_toml() -> None:
    text = 'name = "ct"\nrationale = "why"\ncriteria = ["auc >= 0.80", "brier<=0.2"]\nbootstrap_seed = 7\n'
    protocol = protocol_from(tomllib.loads(text))
    assert [criterion.text for criterion in protocol.parsed()] == ["auc>=0.80", "brier<=0.2"]
    assert protocol.bootstrap_seed == 7


def test_the_digest_changes_with_every_field() -> None:
    changes: list[dict[str, Any]] = [
        {"criteria": ["auc>=0.86"]},
        {"level": "0.99"},
        {"bootstrap_seed": 1},
        {"cohort_digest": "sha256:x"},
        {"endpoints": ["more"]},
    ]
    digests = {protocol_from(LEAST | change).digest for change in [{}, *changes]}
    assert len(digests) == len(changes) + 1


def test_freezing_binds_to_one_cohort_and_one_artifact() -> None:
    frozen = DEFAULT_PROTOCOL.frozen_to("sha256:c", "sha256:a")
    assert frozen.frozen_to("sha256:c", "sha256:a") == frozen
    with pytest.raises(EvidenceMissingError, match="another cohort"):
        frozen.frozen_to("sha256:d", "sha256:a")
    with pytest.raises(ArtifactChangedError, match="another artifact"):
        frozen.frozen_to("sha256:c", "sha256:b")


def test_an_unknown_key_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'criteria'"):
        protocol_from(LEAST | {"criterias": ["auc>=0.9"]})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"criteria": []}, "lacks criteria"),
        ({"name": ""}, "lacks name"),
        ({"schema": "overread.protocol/2"}, "another schema"),
        ({"criteria": "auc>=0.7"}, "list of texts"),
        ({"criteria": [0.7]}, "list of texts"),
        ({"criteria": None, "name": "x"}, "lacks criteria"),
        ({"criteria": 5}, "list of texts"),
        ({"criteria": ["auc>0.7"]}, "no criterion"),
        ({"criteria": ["auc>=1.2"]}, "no criterion"),
        ({"criteria": ["auc>=0"]}, "would pass every model"),
        ({"criteria": ["brier<=1"]}, "would pass every model"),
        ({"criteria": ["auc<=0.7"]}, "judged by >="),
        ({"criteria": ["ece>=0.1"]}, "judged by <="),
        ({"criteria": ["aux>=0.7"]}, "did you mean 'auc'"),
        ({"criteria": ["auc>=0.7", "auc>=0.8"]}, "two criteria"),
        ({"level": 0.95}, "decimals in quotes"),
        ({"level": "1.0"}, "level"),
        ({"level": "0.4"}, "level"),
        ({"precision": "0.6"}, "precision"),
        ({"bootstrap_repeats": "1000"}, "whole number"),
        ({"bootstrap_repeats": True}, "whole number"),
        ({"bootstrap_repeats": 10}, "100 to 100000 replicates"),
        ({"bootstrap_repeats": 10**9}, "100 to 100000 replicates"),
        ({"calibration_bins": 1}, "2 to 1000 bins"),
        ({"bootstrap_seed": -1}, "0 or more"),
        ({"bootstrap_seed": 2**60}, "integer of 2"),
        ({"rationale": "e\u0301"}, "Unicode NFC"),
        ({"rationale": "\ud800"}, "surrogate"),
        ({"min_patients_per_class": 3}, "10 at least"),
    ],
)
def test_a_protocol_that_says_too_little_or_nonsense_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        protocol_from(LEAST | change)


def test_foreign_text_in_a_protocol_is_shown_without_control_characters() -> None:
    with pytest.raises(UsageError) as caught:
        Criterion.parse("auc\x1b[31m>=evil\u202e" + "x" * 500)
    assert "\x1b" not in str(caught.value)
    assert "\u202e" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_a_criterion_holds_on_its_limit() -> None:
    assert Criterion.parse("auc>=0.70").holds(0.7)
    assert not Criterion.parse("auc>=0.70").holds(0.699999999999)
    assert Criterion.parse("ece<=0.05").holds(0.05)


def test_a_protocol_without_criteria_cannot_be_built() -> None:
    with pytest.raises(UsageError, match="would pass every model"):
        Protocol("empty", (), "none")
