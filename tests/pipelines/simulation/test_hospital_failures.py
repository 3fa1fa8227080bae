"""Planted failures: each does what its table says, from its day on, where it is planted, and nowhere else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from simulated_years import FIRST, SINCE, YEAR, Drawn, drawn, small_hospital

from pipelines.simulation.hospital import Failure
from pipelines.simulation.hospital_failures import FAILURES, Plants, Who
from pipelines.simulation.hospital_year import GENERATORS
from registry.domain.errors import UnknownNameError, UsageError

CAUSES = {
    "scanner", "software", "protocol", "site", "subgroup", "reader", "input", "model", "threshold", "prevalence",
    "routing", "label",
}  # fmt: skip
DAY = pd.Timestamp(SINCE).date()
SITE, SCANNER, READER = "general", "SN4000", "general-reader-2"
PLANTED = {
    "scanner-upgrade": Failure("scanner-upgrade", SINCE, SITE, SCANNER),
    "new-scanner": Failure("new-scanner", SINCE, SITE, "SN4999"),
    "scanner-degradation": Failure("scanner-degradation", SINCE, who=SCANNER),
    "protocol-change": Failure("protocol-change", SINCE, SITE, SCANNER),
    "subgroup-decline": Failure("subgroup-decline", SINCE, who="sex=F"),
    "prevalence-change": Failure("prevalence-change", SINCE, SITE),
    "preprocessing-shift": Failure("preprocessing-shift", SINCE, SITE),
    "model-swap": Failure("model-swap", SINCE),
    "operating-point": Failure("operating-point", SINCE, SITE),
    "motion-wave": Failure("motion-wave", SINCE, SITE),
    "slow-decline": Failure("slow-decline", SINCE, SITE),
    "reader-accepts": Failure("reader-accepts", SINCE, SITE, READER),
    "reader-rejects": Failure("reader-rejects", SINCE, SITE, READER),
    "routing-stop": Failure("routing-stop", SINCE, SITE, SCANNER),
    "unusual-population": Failure("unusual-population", SINCE, SITE),
}
Frame = pd.DataFrame
each_generator = pytest.mark.parametrize("generator", GENERATORS)


def late(studies: Frame) -> Any:
    return studies.day >= DAY


def struck(failure: Failure, base: Frame) -> Any:
    """Say which studies a failure may touch, from the year without it."""
    found = late(base)
    if failure.site:
        found &= base.site == failure.site
    if failure.who == SCANNER:
        found &= base.scanner == SCANNER
    if failure.who == READER:
        found &= base.reader == READER
    if failure.who == "sex=F":
        found &= base.sex == "F"
    if failure.kind == "unusual-population":
        found &= base.groupby("patient").day.transform("min") >= DAY
    return found


def both(kind: str, generator: str) -> tuple[Frame, Frame]:
    """Return the struck studies without and with a failure."""
    base, planted = drawn(generator).studies, drawn(generator, PLANTED[kind]).studies
    mask = struck(PLANTED[kind], base)
    return base[mask], planted.loc[base.index[mask]]


def area(studies: Frame) -> float:
    known = studies.dropna(subset=["score", "truth"])
    ranks, truth = known.score.rank().to_numpy(), known.truth.to_numpy(bool)
    positive = truth.sum()
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * (len(known) - positive)))


def sensitivity(studies: Frame) -> float:
    return float(studies[studies.truth == True].decision.astype(float).mean())  # noqa: E712 - missing truths are no lesions


def median_shift(base: Frame, planted: Frame) -> float:
    odds = [np.log(frame.score / (1 - frame.score)) for frame in (base, planted)]
    return float((odds[1] - odds[0]).median())


def software(base: Frame, planted: Frame) -> None:
    assert set(planted.software_versions) == {base.software_versions.iloc[0] + " SP1"}
    assert median_shift(base, planted) > 0.2


def new_scanner(base: Frame, planted: Frame) -> None:
    moved = planted.scanner == "SN4999"
    assert moved.mean() == pytest.approx(0.5, abs=0.05)
    assert set(planted[moved].manufacturer) == {"UIH"}
    assert median_shift(base[moved], planted[moved]) > 0.1


def degraded(base: Frame, planted: Frame) -> None:
    assert (planted.snr / base.snr).median() == pytest.approx(0.6, abs=0.01)
    assert set(planted.software_versions) == set(base.software_versions)
    assert median_shift(base, planted) < -0.1


def protocol(base: Frame, planted: Frame) -> None:
    assert set(planted.protocol_name) == {f"{name} V2" for name in set(base.protocol_name)}
    assert (planted.slice_thickness_mm / base.slice_thickness_mm).median() == pytest.approx(1.6)
    assert (planted.echo_time_ms / base.echo_time_ms).median() == pytest.approx(1.25, abs=0.01)


def subgroup(base: Frame, planted: Frame) -> None:
    assert sensitivity(base) == pytest.approx(0.9, abs=0.06)
    assert sensitivity(planted) == pytest.approx(0.55, abs=0.12)
    without = base.truth == False  # noqa: E712 - proved to be free
    assert (base[without].score == planted[without].score)[base[without].score.notna()].all()


def prevalence(base: Frame, planted: Frame) -> None:
    assert planted.decision.mean() > base.decision.mean() + 0.03
    assert area(planted) == pytest.approx(area(base), abs=0.08)


def shifted(base: Frame, planted: Frame) -> None:
    assert median_shift(base, planted) > 0.3
    assert (planted.sharpness / base.sharpness).median() == pytest.approx(0.75, abs=0.01)


def swapped(base: Frame, planted: Frame) -> None:
    assert area(planted) < area(base) - 0.06
    assert np.log(planted.score / (1 - planted.score)).std() > np.log(base.score / (1 - base.score)).std()


def threshold(base: Frame, planted: Frame) -> None:
    assert (base.score == planted.score)[base.score.notna()].all()
    scored = planted[planted.score.notna()]
    assert scored.threshold.min() == scored.threshold.max() > base.threshold.max()
    assert ((scored.score >= scored.threshold) == scored.decision).all()


def motion(base: Frame, planted: Frame) -> None:
    assert ((planted.motion >= 0.3).mean() - (base.motion >= 0.3).mean()) == pytest.approx(0.35, abs=0.05)


def declined(base: Frame, planted: Frame) -> None:
    worse = (base.score - planted.score).abs()
    first, last = base.day < pd.Timestamp("2025-02-20").date(), base.day > pd.Timestamp("2025-03-20").date()
    assert 0 < worse[first].mean() < 0.5 * worse[last].mean()


def accepting(base: Frame, planted: Frame) -> None:
    scored = planted.score.notna()
    assert (planted.read == planted.decision)[scored].all()
    assert (base.read != base.decision)[scored].mean() > 0.05
    assert planted.ai_shown[scored].all()
    assert planted.read_seconds.median() < 0.4 * base.read_seconds.median()


def rejecting(base: Frame, planted: Frame) -> None:
    positive = (planted.decision == True) & (planted.ai_shown == True)  # noqa: E712 - missing ones are not
    assert planted[positive].read.astype(float).mean() < 0.15 < base[positive].read.astype(float).mean()
    rest = ~positive
    assert (planted.read == base.read)[rest].all()


def silent(base: Frame, planted: Frame) -> None:
    assert planted.status.isna().all()
    assert base.status.notna().mean() > 0.95
    assert not planted.ai_shown.astype(bool).any()


def younger(base: Frame, planted: Frame) -> None:
    assert base.age_years.mean() - planted.age_years.mean() > 20


EFFECTS: dict[str, Callable[[Frame, Frame], None]] = {
    "scanner-upgrade": software, "new-scanner": new_scanner, "scanner-degradation": degraded,
    "protocol-change": protocol, "subgroup-decline": subgroup, "prevalence-change": prevalence,
    "preprocessing-shift": shifted, "model-swap": swapped, "operating-point": threshold, "motion-wave": motion,
    "slow-decline": declined, "reader-accepts": accepting, "reader-rejects": rejecting, "routing-stop": silent,
    "unusual-population": younger,
}  # fmt: skip


@each_generator
@pytest.mark.parametrize("kind", sorted(FAILURES))
def test_each_failure_has_the_effect_that_its_table_names(kind: str, generator: str) -> None:
    EFFECTS[kind](*both(kind, generator))


@each_generator
@pytest.mark.parametrize("kind", sorted(FAILURES))
def test_each_failure_changes_no_row_elsewhere_or_earlier(kind: str, generator: str) -> None:
    base, planted = drawn(generator), drawn(generator, PLANTED[kind])
    outside = set(base.studies.index[~struck(PLANTED[kind], base.studies)])
    changed = False
    for table in ("acquisitions", "predictions", "reads", "outcomes"):
        rows = [rows_of(year, table) for year in (base, planted)]
        kept = [frame[frame.study_uid.isin(outside)].reset_index(drop=True) for frame in rows]
        pd.testing.assert_frame_equal(*kept)
        changed |= not rows[0].equals(rows[1])
    assert changed
    pd.testing.assert_frame_equal(base.expected, planted.expected)


def rows_of(year: Drawn, table: str) -> Frame:
    frame: Frame = getattr(year, table)
    key = {"acquisitions": "series_uid", "predictions": "prediction_id", "reads": "read_id"}
    by = [key[table]] if table in key else ["study_uid", "source"]
    return frame.sort_values(by).reset_index(drop=True)


def test_every_kind_names_causes_of_the_contract_and_has_a_test() -> None:
    assert set(FAILURES) == set(EFFECTS) == set(PLANTED)
    for kind in FAILURES.values():
        assert kind.causes
        assert set(kind.causes) <= CAUSES
        assert kind.meaning
        assert kind.size


@each_generator
def test_failures_add_up(generator: str) -> None:
    accepts, upgrade = PLANTED["reader-accepts"], PLANTED["scanner-upgrade"]
    studies = drawn(generator, accepts, upgrade).studies
    chosen = late(studies) & (studies.scanner == SCANNER)
    assert set(studies[chosen].software_versions) == {"syngo MR E11 SP1"}
    accepted = studies[late(studies) & (studies.reader == READER) & studies.score.notna()]
    assert (accepted.read == accepted.decision).all()


def test_an_age_band_is_a_group() -> None:
    base, planted = (
        drawn("steady", *f).studies for f in ((), (replace(PLANTED["subgroup-decline"], who="age_band=65-79"),))
    )
    differs = (base.score != planted.score) & base.score.notna()
    assert differs.sum() > 20
    assert base[differs].age_years.between(65, 79.99).all()
    assert late(base[differs]).all()


@pytest.mark.parametrize(
    ("failure", "error", "words"),
    [
        (Failure("rust", SINCE), UnknownNameError, "unknown failure 'rust'"),
        (Failure("scanner-upgrade", SINCE, who="SN9"), UnknownNameError, "unknown scanner 'SN9'"),
        (Failure("scanner-upgrade", SINCE), UnknownNameError, "unknown scanner ''"),
        (Failure("reader-accepts", SINCE, who="x"), UnknownNameError, "unknown reader"),
        (Failure("subgroup-decline", SINCE, who="sex=X"), UnknownNameError, "unknown group"),
        (Failure("model-swap", SINCE, site="nowhere"), UnknownNameError, "unknown site"),
        (Failure("model-swap", "soon"), UsageError, "'soon' is no day"),
        (Failure("model-swap", SINCE, who="SN4000"), UsageError, "strikes whole sites"),
        (Failure("new-scanner", SINCE), UsageError, "needs a site and a serial"),
        (Failure("operating-point", SINCE, size=0.5), UsageError, "is no threshold"),
        (Failure("subgroup-decline", SINCE, who="sex=F", size=1.5), UsageError, "from 0.01 to 0.99"),
    ],
)
def test_a_failure_that_cannot_be_planted_is_refused(failure: Failure, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Plants(small_hospital(), [failure], FIRST, YEAR.threshold)


def test_who_is_named_in_words() -> None:
    assert {kind.who for kind in FAILURES.values()} == set(Who)
