"""A simulated year: the same bytes for a seed, plausible people, rhythm, over-dispersion, late and partial proof."""

import hashlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from fakes import FakeClock, NoProgress
from simulated_years import DAYS, FIRST, YEAR, drawn, read_back, small_hospital, truths

from pipelines.bootstrap import init_workspace
from pipelines.simulation.hospital import Examination, Failure, standard_hospital
from pipelines.simulation.hospital_year import GENERATORS, TABLES, Year, write_year
from pipelines.usecases.ingest_rows import ingest_rows
from registry.domain.columns import TABLES as CONTRACT
from registry.domain.errors import OverreadError, UnknownNameError, UsageError
from registry.domain.pseudonym import is_pseudonym

each_generator = pytest.mark.parametrize("generator", GENERATORS)
SHORT = Year(date(2025, 3, 24), 8, modes={"general": "live", "riverside": "shadow"}, volume=0.15)
Frame = pd.DataFrame


def digests(folder: Path) -> dict[str, str]:
    return {place.name: hashlib.sha256(place.read_bytes()).hexdigest() for place in sorted(folder.iterdir())}


def area(score: Any, truth: Any) -> float:
    ranks, positive = pd.Series(score).rank().to_numpy(), int(truth.sum())
    return float((ranks[truth].sum() - positive * (positive + 1) / 2) / (positive * (truth.size - positive)))


@each_generator
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(generator: str, tmp_path: Path) -> None:
    year = replace(SHORT, generator=generator)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_year(tmp_path / name, small_hospital(seed), year)
    first, second, other = (digests(tmp_path / name) for name in "abc")
    assert first == second
    assert set(first) == {*(f"{table}.parquet" for table in TABLES), "year.json"}
    assert not set(first.values()) & (set(other.values()) - {first["expected.parquet"]})


@each_generator
def test_every_file_is_taken_in_whole(generator: str, tmp_path: Path) -> None:
    files = write_year(tmp_path / "year", small_hospital(), replace(SHORT, generator=generator, embedding=4))
    workspace = init_workspace(tmp_path / "workspace", FakeClock())
    for table in TABLES:
        report = ingest_rows(workspace, table, [getattr(files, table)], progress=NoProgress())
        assert (report.accepted, report.refused) == (files.rows[table], 0), report.lines()
        assert workspace.tables.version(table).synthetic, table
    again = ingest_rows(workspace, "reads", [files.reads], progress=NoProgress())
    assert (again.accepted, again.unchanged) == (0, files.rows["reads"])


@each_generator
def test_columns_are_those_of_the_contract_and_the_mark(generator: str, tmp_path: Path) -> None:
    files = write_year(tmp_path, small_hospital(), replace(SHORT, generator=generator))
    for table in TABLES:
        rows = pq.read_table(getattr(files, table))
        assert set(rows.column_names) - {"synthetic"} <= set(CONTRACT[table].by_name)
        assert set(CONTRACT[table].required) <= set(rows.column_names)
        assert set(rows["synthetic"].to_pylist()) == {"true"}
        assert rows.num_rows == files.rows[table] > 0


@each_generator
def test_identifiers_are_invented_unique_and_no_pseudonyms(generator: str) -> None:
    year = drawn(generator)
    uids = pd.concat([year.acquisitions.study_uid, year.acquisitions.series_uid])
    assert uids.str.fullmatch(r"2\.25\.[1-9][0-9]{18}").all()
    assert not uids.map(is_pseudonym).any()
    assert not set(year.acquisitions.study_uid) & set(year.acquisitions.series_uid)
    for table, key in (("acquisitions", "series_uid"), ("predictions", "prediction_id"), ("reads", "read_id")):
        assert getattr(year, table)[key].is_unique
    assert not year.outcomes.duplicated(["study_uid", "source", "established_at"]).any()


@each_generator
def test_weekends_are_low_and_volumes_are_over_dispersed(generator: str) -> None:
    counts = drawn(generator).studies.groupby(["site", "day"]).size().reset_index(name="n")
    weekday = counts.day.map(lambda day: day.weekday())
    assert counts[weekday >= 5].n.mean() < 0.65 * counts[weekday < 5].n.mean()
    for _, mine in counts[weekday < 5].groupby("site"):
        assert mine.n.var() / mine.n.mean() > 1.3


@each_generator
def test_most_studies_are_made_by_day_and_some_at_night(generator: str) -> None:
    at = drawn(generator).acquisitions.query("site == 'general'").acquired_at.dt.tz_convert("Europe/Vienna").dt.hour
    assert at.between(8, 16).mean() > 0.6
    assert 0.01 < at.between(0, 5).mean() < 0.15


@each_generator
def test_ages_and_sexes_are_those_of_the_site(generator: str) -> None:
    for site in small_hospital().sites:
        mine = drawn(generator).studies.query(f"site == '{site.site}'")
        assert mine.age_years.between(0, 100).all()
        assert mine.age_years.mean() == pytest.approx(site.age[0], abs=3.5)
        assert mine.age_years.std() == pytest.approx(site.age[1], abs=2.5)
        assert (mine.sex == "F").mean() == pytest.approx(site.women, abs=0.04)


@each_generator
def test_patients_come_again_with_the_same_sex_and_like_results(generator: str) -> None:
    studies = drawn(generator).studies
    count = studies.groupby("patient").size()
    assert 0.05 < 1 - len(count) / len(studies) < 0.25
    again = studies[studies.patient.isin(count[count > 1].index)]
    assert not again.sex.fillna("?").ne(again.sex.fillna("?").groupby(again.patient).transform("first")).any()
    assert (again.groupby("patient").age_years.agg(np.ptp) <= 1).all()
    odds = np.log(again.score / (1 - again.score))
    pairs = (
        pd.DataFrame({"patient": again.patient, "odds": odds}).dropna().groupby("patient").odds.agg(["first", "last"])
    )
    assert pairs["first"].corr(pairs["last"]) > 0.25


@each_generator
@pytest.mark.parametrize("skill", [0.80, 0.88, 0.94])
def test_the_model_is_as_skilled_as_asked(generator: str, skill: float) -> None:
    drawn_year = truths(generator, skill=skill, days=60, volume=3.0)
    for place in range(2):
        mine = drawn_year.site == place
        truth = drawn_year.truth[mine]
        assert area(drawn_year.score[mine], truth) == pytest.approx(skill, abs=0.03)
        assert drawn_year.decision[mine][truth].mean() == pytest.approx(YEAR.sensitivity, abs=0.04)
        assert truth.mean() == pytest.approx(small_hospital().sites[place].prevalence, abs=0.03)


@each_generator
def test_scores_and_decisions_agree_at_the_threshold_and_ties_are_rare(generator: str) -> None:
    scored = drawn(generator).predictions.dropna(subset=["score"])
    q = np.minimum(65535, np.floor(scored.score * 65536))
    assert (scored.decision == (q >= YEAR.threshold * 65536)).all()
    assert scored.score.between(0, 1).all()
    assert pd.Series(q).value_counts(normalize=True).max() < 0.01
    rest = drawn(generator).predictions.query("status != 'scored'")
    assert 0.005 < len(rest) / len(drawn(generator).predictions) < 0.03
    assert rest.reason.notna().all()


@each_generator
def test_what_is_known_comes_after_what_happened_and_before_the_end(generator: str) -> None:
    year = drawn(generator)
    end = pd.Timestamp(FIRST, tz=ZoneInfo("Europe/London")) + pd.Timedelta(days=DAYS, hours=1)
    for table, event in (("acquisitions", "acquired_at"), ("predictions", "predicted_at"), ("reads", "read_at")):
        rows = getattr(year, table)
        assert (rows.available_at >= rows[event]).all()
        assert rows.available_at.max() < end
    at = year.acquisitions.set_index("series_uid")
    made = year.predictions.set_index("series_uid")
    wait = made.predicted_at - at.received_at.reindex(made.index)
    assert wait.min() > pd.Timedelta(0)
    assert wait.median() < pd.Timedelta(minutes=10)
    assert (at.ordered_at < at.acquired_at).all()
    assert (at.acquired_at < at.received_at).all()
    named = year.reads.dropna(subset=["prediction_id"]).set_index("prediction_id")
    answered = year.predictions.set_index("prediction_id").predicted_at
    assert (named.read_at > answered.reindex(named.index)).all()


@each_generator
def test_proof_is_late_partial_and_follows_the_decision(generator: str) -> None:
    year = drawn(generator)
    proof = year.outcomes[year.outcomes.source != "report"]
    read = year.reads[year.reads.stage == "final"].set_index("study_uid")
    wait = (proof.set_index("study_uid").available_at - read.read_at.reindex(proof.study_uid)).dt.days
    assert wait.median() > 5
    assert wait.max() > 40
    assert set(proof.source) == {"pathology", "follow-up", "consensus"}
    sampled = proof[proof.verification == "sampled"]
    assert (sampled.sampling_fraction == YEAR.sampling).all()
    assert proof[proof.verification == "by_decision"].sampling_fraction.isna().all()
    early = read[read.read_at < pd.Timestamp("2025-01-20", tz="UTC")]
    verified = early.index.isin(proof.study_uid)
    assert verified[early.decision].mean() > 1.4 * verified[~early.decision].mean() > 0.1
    assert 0.005 < proof.indeterminate.mean() < 0.04
    reports = year.outcomes[year.outcomes.source == "report"]
    assert len(reports) > 0.99 * len(early)
    assert reports.study_uid.is_unique


@each_generator
def test_readers_are_as_good_as_their_plan_and_follow_a_shown_model(generator: str) -> None:
    year = truths(generator, skill=0.88, days=60, volume=3.0)
    alone = year.shown != 1
    readers = [reader for site in small_hospital().sites for reader in site.readers]
    for place, reader in enumerate(readers):
        mine = (year.reader == place) & year.truth
        followed = year.read[mine & ~alone].mean()
        assert followed == pytest.approx(reader.sensitivity, abs=0.09)
    assert year.read[~year.truth & alone].mean() < 0.1
    agreement = (year.read == year.decision)[~alone].mean()
    assert agreement > (year.read == year.decision)[alone].mean() + 0.03


@each_generator
def test_shadow_is_never_shown_and_an_unnamed_site_has_no_predictions(generator: str) -> None:
    year = drawn(generator, modes=(("general", "shadow"),), days=21)
    assert set(year.predictions["mode"]) == {"shadow"}
    sites = year.acquisitions.set_index("study_uid").site
    assert set(sites[year.predictions.study_uid]) == {"general"}
    assert not year.reads.ai_shown.astype(bool).any()
    assert set(year.reads.action) == {"not_viewed"}
    assert year.reads.prediction_id.isna().all()


@each_generator
def test_in_live_use_most_reads_name_their_prediction_and_clicks_agree(generator: str) -> None:
    year = drawn(generator)
    final = year.reads[year.reads.stage == "final"]
    assert final.prediction_id.notna().mean() > 0.9
    joined = final.dropna(subset=["prediction_id"]).set_index("prediction_id")
    said = year.predictions.set_index("prediction_id").decision.reindex(joined.index)
    assert (joined[joined.action == "accepted"].decision == said[joined.action == "accepted"]).all()
    assert (joined[joined.action == "rejected"].decision != said[joined.action == "rejected"]).all()
    assert 0.05 < joined.opened_before_ai.astype(bool).mean() < 0.3
    assert set(year.reads.stage) == {"preliminary", "final", "addendum"}


@each_generator
def test_repeats_name_the_series_they_repeat(generator: str) -> None:
    rows = drawn(generator).acquisitions
    repeats = rows.dropna(subset=["repeat_of"]).set_index("repeat_of")
    first = rows.set_index("series_uid").loc[repeats.index]
    assert 0.002 < len(repeats) / len(rows) < 0.03
    assert (first.study_uid == repeats.study_uid).all()
    assert (first.motion > repeats.motion).all()


@each_generator
def test_expected_arrivals_foretell_what_arrives(generator: str) -> None:
    year = drawn(generator)
    assert not year.expected.duplicated(["site", "modality", "hour"]).any()
    received = year.studies.groupby("site").size()
    for site, n in year.expected.groupby("site").n.sum().items():
        assert received[site] == pytest.approx(n, rel=0.15)


@each_generator
def test_quality_is_that_of_the_scanners_look(generator: str) -> None:
    studies = drawn(generator).studies
    for site in small_hospital().sites:
        for scanner in site.scanners:
            mine = studies[studies.scanner == scanner.serial]
            assert mine.noise.median() == pytest.approx(scanner.look.noise, rel=0.05)
            assert (mine.snr * mine.noise).median() == pytest.approx(1, rel=0.02)
            assert (mine.motion >= 0.3).mean() == pytest.approx(scanner.look.motion, abs=0.02)
            assert set(mine.software_versions) == {scanner.software}
            assert set(mine.magnetic_field_strength) == {scanner.field_strength_t}


def test_a_harmless_update_changes_the_version_and_nothing_else(tmp_path: Path) -> None:
    hospital = small_hospital()
    site = hospital.sites[0]
    updated = replace(site.scanners[0], history=(("2025-03-27", "syngo MR E12"),))
    changed = replace(hospital, sites=(replace(site, scanners=(updated, *site.scanners[1:])), *hospital.sites[1:]))
    for name, one in (("old", hospital), ("new", changed)):
        write_year(tmp_path / name, one, SHORT)
    old, new = (read_back(tmp_path / name) for name in ("old", "new"))
    late = (old.studies.day >= date(2025, 3, 27)) & (old.studies.scanner == updated.serial)
    assert set(new.studies[late].software_versions) == {"syngo MR E12"}
    assert new.studies.drop(columns="software_versions").equals(old.studies.drop(columns="software_versions"))
    assert new.studies[~late].software_versions.equals(old.studies[~late].software_versions)


@each_generator
@pytest.mark.parametrize("examination", [Examination.CHEST_CT, Examination.HEAD_CT])
def test_ct_has_kernels_doses_and_no_field(generator: str, examination: Examination, tmp_path: Path) -> None:
    write_year(tmp_path, standard_hospital(examination), replace(SHORT, generator=generator, days=3))
    rows = read_back(tmp_path).acquisitions
    assert set(rows.modality) == {"CT"}
    assert rows[["kvp", "convolution_kernel", "ctdi_vol_mgy", "dlp_mgy_cm", "exposure_mas"]].notna().all(axis=None)
    assert rows[["magnetic_field_strength", "echo_time_ms", "repetition_time_ms"]].isna().all(axis=None)


def test_year_json_tells_the_truth(tmp_path: Path) -> None:
    failure = Failure("reader-accepts", "2025-03-26", "general", "general-reader-1")
    files = write_year(tmp_path, small_hospital(), replace(SHORT, failures=(failure,)))
    truth = json.loads(files.truth.read_text())
    assert truth["failures"] == [
        {
            "kind": "reader-accepts", "since": "2025-03-26", "site": "general", "who": "general-reader-1", "size": 0.3,
            "meaning": truth["failures"][0]["meaning"], "causes": ["reader"], "without_labels": True,
        }
    ]  # fmt: skip
    assert truth["synthetic"] is True
    assert truth["rows"] == files.rows
    assert [site["mode"] for site in truth["sites"]] == ["live", "shadow"]


def test_days_of_regimes_hang_together_and_steady_days_do_not() -> None:
    def memory(generator: str) -> float:
        counts = drawn(generator, volume=2.0, days=80).studies.query("site == 'general'").groupby("day").size()
        counts = counts[[day.weekday() < 5 for day in counts.index]]
        level = np.log(counts) - np.log(counts).groupby([day.weekday() for day in counts.index]).transform("mean")
        return float(level.autocorr(1))

    assert memory("regimes") > 0.25 > memory("steady")


def test_scores_of_regimes_are_heavier_tailed() -> None:
    def tails(generator: str) -> float:
        studies = drawn(generator).studies
        free = studies[(studies.truth == False) & (studies.verification == "sampled")]  # noqa: E712 - proved to be free
        odds = np.log(free.score / (1 - free.score)).dropna()
        return float((odds.quantile(0.99) - odds.quantile(0.5)) / (odds.quantile(0.75) - odds.quantile(0.5)))

    assert tails("regimes") > tails("steady")


def test_rosters_of_regimes_change_by_the_week() -> None:
    reads = drawn("regimes").reads.query("stage == 'final'")
    mine = reads[reads.reader.str.startswith("general")]
    week = (mine.read_at.dt.tz_localize(None) - pd.Timestamp(FIRST)).dt.days // 7
    shares = pd.crosstab(week, mine.reader, normalize="index").iloc[:-1]
    assert (shares.min(axis=1) < 0.08).all()
    assert len(set(shares.idxmax(axis=1))) > 1


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"modes": {"nowhere": "live"}}, UnknownNameError, "unknown site 'nowhere'"),
        ({"modes": {"general": "on"}}, UnknownNameError, "unknown mode 'on'"),
        ({"generator": "calm"}, UnknownNameError, "unknown generator 'calm'"),
        ({"threshold": 0.1}, UsageError, "is no k/65536"),
        ({"threshold": float("nan")}, UsageError, "threshold nan lies outside"),
        ({"days": 0}, UsageError, "days 0 lies outside"),
        ({"skill": 0.4}, UsageError, "skill 0.4 lies outside"),
        ({"volume": 1e6}, UsageError, "studies are too many"),
        ({"volume": 1e4}, UsageError, "studies a day are too many"),
        ({"model": "No Name"}, UsageError, "needs a model"),
    ],
)
def test_a_year_that_cannot_be_drawn_is_refused_and_leaves_nothing(
    change: dict[str, Any], error: type[OverreadError], words: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=words):
        write_year(tmp_path / "year", small_hospital(), replace(SHORT, **change))
    assert not (tmp_path / "year").exists()


def test_a_standard_year_has_its_size(tmp_path: Path) -> None:
    files = write_year(tmp_path, standard_hospital(), Year(date(2025, 1, 1), modes={"general": "live"}))
    assert 35_000 < files.studies < 50_000
    assert files.rows["acquisitions"] > 0.98 * files.studies
