"""Taking observation files in: accepted, unchanged, refused by row, refused whole, blocked."""

import gzip
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fakes import FakeClock, NoProgress
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipelines.bootstrap import Workspace, init_workspace, open_workspace
from pipelines.usecases.ingest_rows import IngestReport, ingest_rows
from registry.catalogue import StoredInstance, write_instances
from registry.domain.columns import TABLES
from registry.domain.digest import digest_bytes
from registry.domain.errors import ContractBrokenError, ExitCode, UnknownNameError, UnreadableFileError, UsageError
from registry.domain.person import UNAUTHENTICATED
from registry.domain.pseudonym import Identifier
from registry.domain.vocabulary import Site
from registry.registered import known_sites, known_targets, register_site
from registry.schema import LedgerEntry, QuarantineRow
from registry.segments import segment_schema

STUDY, SERIES, IMAGE = "1.2.3.4", "1.2.3.4.1", "1.2.3.4.1.1"
HEADER = "prediction_id,model,version,study_uid,target,predicted_at,score,decision"
Take = Callable[..., IngestReport]


@pytest.fixture
def workspace(tmp_path: Path, clock: FakeClock) -> Workspace:
    """Return a workspace with one study of one image at a site in Vienna."""
    made = init_workspace(tmp_path / "workspace", clock)
    uid = made.pseudonyms.uid
    patient = made.pseudonyms.of(Identifier.PATIENT, "Miller^Anna")
    with made.ledger.transaction() as tx:
        register_site(tx, Site("general", "Europe/Vienna"), UNAUTHENTICATED)
        image = StoredInstance(uid(IMAGE), uid(SERIES), uid(STUDY), patient, "general", b"", "", "1.2", 1, None)
        write_instances(tx, [image])
    row = {
        "series_uid": uid(SERIES), "study_uid": uid(STUDY), "patient": patient, "site": "general",
        "acquired_at": "2026-03-01T08:00:00.000000Z", "modality": "MR",
    }  # fmt: skip
    at = datetime.fromisoformat("2026-03-01T09:00:00Z")
    made.tables.append("acquisitions", [row], source_digest=digest_bytes(b""), actor=UNAUTHENTICATED, taken_in_at=at)
    return made


@pytest.fixture
def take(workspace: Workspace, tmp_path: Path) -> Take:
    """Write a file and take it in."""

    def take(table: str, text: str, name: str = "rows.csv", **options: Any) -> IngestReport:
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return ingest_rows(workspace, table, [file], progress=NoProgress(), **options)

    return take


def predictions(*lines: str) -> str:
    return "\n".join([HEADER, *lines]) + "\n"


def prediction(name: str = "p1", **other: str) -> str:
    cells = {"at": "2026-03-02T09:00", "score": "0.75", "decision": "yes", "study": STUDY} | other
    return f"{name},sarcoma,1,{cells['study']},visible,{cells['at']},{cells['score']},{cells['decision']}"


SERIES_HEADER = "series_uid,study_uid,patient,site,acquired_at,modality"


def acquisitions(*lines: str) -> str:
    return "\n".join([SERIES_HEADER, *lines]) + "\n"


def series(
    name: str, patient: str = "Doe^John", *, site: str = "general", study: str = "9.9", at: str = "2026-03-01T10:00Z"
) -> str:
    return f"9.9.{name},{study},{patient},{site},{at},MR"


def state(workspace: Workspace) -> tuple[Any, ...]:
    """Return what is on record, for comparison before and after."""
    with Session(workspace.engine) as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (LedgerEntry, QuarantineRow)]
    files = sorted(place.name for place in workspace.root.rglob("*") if place.suffix in {".parquet", ".jsonl"})
    return (*counts, files)


def test_good_rows_go_in_under_pseudonyms_with_the_sites_zone(workspace: Workspace, take: Take) -> None:
    report = take("predictions", predictions(prediction()))
    assert (report.accepted, report.unchanged, report.refused) == (1, 0, 0)
    row = workspace.tables.read("predictions").to_pylist()[0]
    assert row["study_uid"] == row["unit_uid"] == workspace.pseudonyms.uid(STUDY)
    assert (row["predicted_at"], row["score"], row["decision"]) == ("2026-03-02T08:00:00.000000Z", 0.75, True)
    assert json.loads(row["attributes"]) == {"predicted_at_zone": "assumed"}
    assert STUDY.encode() not in b"".join(place.read_bytes() for place in workspace.root.rglob("*.parquet"))


def test_the_same_file_twice_changes_nothing(workspace: Workspace, take: Take) -> None:
    text = predictions(prediction("p1"), prediction("p2", score="7"))
    take("predictions", text)
    before = state(workspace)
    again = take("predictions", text)
    assert (again.accepted, again.unchanged, again.refused) == (0, 1, 1)
    assert state(workspace) == before


def test_a_file_without_a_required_column_is_refused_whole(workspace: Workspace, take: Take) -> None:
    before = state(workspace)
    with pytest.raises(UnreadableFileError, match=r"target.*rows\.csv.*--map") as caught:
        take("predictions", "prediction_id,model,version,study_uid,predicted_at\np1,m,1,1.2,2026-03-01\n")
    assert caught.value.exit_code == ExitCode.USAGE
    assert state(workspace) == before


def test_a_bad_row_is_refused_and_the_good_rows_go_in(workspace: Workspace, take: Take) -> None:
    report = take(
        "predictions", predictions(prediction("p1"), prediction("p2", decision="Miller^Anna"), prediction("p3"))
    )
    assert (report.accepted, report.by_code) == (2, {"type": 1})
    place = report.quarantine
    assert place is not None
    assert place.parent == workspace.root / "quarantine"
    assert (place.stat().st_mode & 0o777, place.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    kept = json.loads(place.read_text())
    assert (kept["row"], kept["column"], kept["code"]) == (2, "decision", "type")
    assert kept["file"].startswith("sha256:")
    assert "Miller" not in place.read_text() + str(report.to_json()) + "".join(report.lines())
    with Session(workspace.engine) as session:
        recorded = session.scalars(select(QuarantineRow)).all()
    assert [(row.kind, row.code, row.source) for row in recorded] == [("row", "type", f"{kept['file']} row 2")]


def test_a_duplicate_prediction_with_another_score_is_refused(workspace: Workspace, take: Take) -> None:
    take("predictions", predictions(prediction()))
    report = take("predictions", predictions(prediction(score="0.5")), "other.csv")
    assert (report.accepted, report.by_code) == (0, {"conflict": 1})
    assert any("conflict" in line for line in report.lines())
    assert workspace.tables.read("predictions")["score"].to_pylist() == [0.75]


def test_refusals_of_a_second_batch_name_its_own_rows(take: Take) -> None:
    lines = [prediction("p1"), prediction("p2", score="x"), prediction("p1"), prediction("p1", score="0.5")]
    report = take("predictions", predictions(*lines))
    assert (report.accepted, report.unchanged) == (1, 1)
    assert [(one.refusal.row, one.refusal.code.value) for one in report.refusals] == [(2, "type"), (4, "conflict")]


def test_a_correction_is_accepted_and_the_newest_row_is_read(workspace: Workspace, take: Take) -> None:
    take("predictions", predictions(prediction()))
    known = workspace.tables.read("predictions")["row_id"][0].as_py()
    report = take("predictions", f"{HEADER},supersedes\n{prediction(score='0.5')},{known}\n", "mended.csv")
    assert report.accepted == 1
    assert workspace.tables.read("predictions")["score"].to_pylist() == [0.5]


def test_files_that_break_the_contract_together_are_blocked_whole_and_the_block_is_on_record(
    workspace: Workspace, tmp_path: Path
) -> None:
    before = state(workspace)
    files = [tmp_path / "studies.csv", tmp_path / "images.csv"]
    for file, unit in zip(files, ("study", "instance"), strict=True):
        header = "study_uid,target,truth,source,established_at,unit,unit_uid"
        file.write_text(f"{header}\n{STUDY},visible,yes,pathology,2026-03-02T08:00Z,{unit},{STUDY}\n")
    with pytest.raises(ContractBrokenError, match=r"unit.*2 row") as caught:
        ingest_rows(workspace, "outcomes", files, progress=NoProgress())
    assert caught.value.exit_code == ExitCode.ANSWER_IS_NO
    assert state(workspace) == (before[0] + 1, *before[1:])
    newest = workspace.ledger.events(1)[0]
    assert (newest.record["type"], newest.record["outcome"]) == ("intake.blocked", "refused")
    payload = workspace.ledger.payload(newest.seq)
    assert payload is not None
    assert payload["failures"] == [{"expectation": "one value a group", "columns": ["unit", "target"], "count": 2}]


@pytest.mark.parametrize("table", ["predictions", "acquisitions"])
def test_a_row_more_than_a_day_ahead_is_refused_and_the_others_go_in(take: Take, table: str) -> None:
    late = {
        "predictions": predictions(prediction("p1", at="2026-03-03T09:30Z"), prediction("p2", at="2026-03-03T08:30Z")),
        "acquisitions": acquisitions(series("7", at="2027-01-01T00:00Z"), series("8", study="9.8")),
    }
    report = take(table, late[table])
    assert (report.accepted, report.by_code) == (1, {"future_time": 1})


def test_what_is_expected_may_lie_ahead(take: Take) -> None:
    assert take("expected", "site,modality,hour,n\ngeneral,MR,2026-06-01T09:00Z,3\n").accepted == 1


@pytest.mark.parametrize(("other", "column"), [({"patient": "Roe^Jane"}, "patient"), ({"site": "riverside"}, "site")])
def test_a_study_stays_with_its_first_patient_and_site(take: Take, other: dict[str, str], column: str) -> None:
    first = take("acquisitions", acquisitions(series("7"), series("8", **other), series("10")))
    later = take("acquisitions", acquisitions(series("11", **other), series("12"), series("13", study="9.8", **other)))
    assert (first.accepted, first.by_code, later.accepted, later.by_code) == (
        2,
        {"other_study": 1},
        2,
        {"other_study": 1},
    )
    assert {one.refusal.column for one in (*first.refusals, *later.refusals)} == {column}


def test_corrections_that_disagree_about_a_study_are_not_both_taken(workspace: Workspace, take: Take) -> None:
    take("acquisitions", acquisitions(series("7"), series("8")))
    known = {row["series_uid"]: row["row_id"] for row in workspace.tables.read("acquisitions").to_pylist()}
    corrected = [f"{series(name, name)},{known[workspace.pseudonyms.uid(f'9.9.{name}')]}" for name in ("7", "8")]
    report = take("acquisitions", "\n".join([f"{SERIES_HEADER},supersedes", *corrected]) + "\n", "corrected.csv")
    assert (report.accepted, report.by_code) == (1, {"other_study": 1})


def test_a_correction_says_anew_whose_a_study_is(workspace: Workspace, take: Take) -> None:
    take("acquisitions", acquisitions(series("7")))
    rows = workspace.tables.read("acquisitions").to_pylist()
    known = next(row["row_id"] for row in rows if row["series_uid"] == workspace.pseudonyms.uid("9.9.7"))
    text = f"{SERIES_HEADER},supersedes\n{series('7', 'Roe^Jane')},{known}\n"
    assert take("acquisitions", text, "corrected.csv").accepted == 1
    again = take("acquisitions", acquisitions(series("8", "Roe^Jane"), series("10")), "later.csv")
    assert (again.accepted, again.by_code) == (1, {"other_study": 1})


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (prediction(study="9.9.9"), "unknown_study"),
        (prediction(at="yesterday"), "type"),
        (prediction(score="1.5"), "range"),
        (prediction(score=""), "required"),
        (prediction(decision=""), "required"),
        ("p1,sarcoma", "malformed"),
        (prediction("p\0"), "characters"),
        (prediction("x" * 2000), "too_long"),
        (prediction("y" * 200_000), "malformed"),
        (prediction('"p"x'), "malformed"),
        ("\x00", "malformed"),
    ],
)
def test_rows_are_refused_with_a_code(take: Take, row: str, code: str) -> None:
    report = take("predictions", predictions(row, prediction("good")))
    assert (report.accepted, report.by_code) == (1, {code: 1})


def test_a_file_that_mixes_originals_and_pseudonyms_is_refused_whole(workspace: Workspace, take: Take) -> None:
    ours = workspace.pseudonyms.uid(STUDY)
    for identifiers in ("original", "pseudonymised"):
        with pytest.raises(UnreadableFileError, match="mixed"):
            take("predictions", predictions(prediction("p1"), prediction("p2", study=ours)), identifiers=identifiers)
    assert workspace.tables.version("predictions").number == 0


def test_pseudonymised_files_pass_through_and_join_with_originals(workspace: Workspace, take: Take) -> None:
    text = predictions(prediction(study=workspace.pseudonyms.uid(STUDY)))
    assert take("predictions", text, identifiers="pseudonymised").accepted == 1
    assert take("predictions", predictions(prediction()), "original.csv").unchanged == 1


def test_the_first_row_of_an_unknown_target_settles_its_unit(workspace: Workspace, take: Take) -> None:
    head = "study_uid,target,truth,source,established_at,unit,unit_uid"
    first = f"{STUDY},visible,1,consensus,2026-03-02T08:00Z,instance,{IMAGE}"
    other = f"{STUDY},visible,1,report,2026-03-02T08:00Z,study,{STUDY}"
    report = take("outcomes", f"{head}\n{first}\n{other}\n")
    assert (report.accepted, report.by_code) == (1, {"analysis_unit": 1})
    with Session(workspace.engine) as session:
        assert known_targets(session)["visible"].analysis_unit == "instance"
    types = [event.record["type"] for event in workspace.ledger.events(2)]
    assert types == ["intake.batch", "target.registered"]
    assert take("outcomes", f"{head}\n{other}\n", "later.csv").by_code == {"analysis_unit": 1}


MAP = """
[columns]
unit_uid = "sop"
truth = "gtv"
[constants]
target = "sarcoma-visible"
unit = "instance"
source = "consensus"
established_at = 2026-03-01T00:00:00Z
[lookup]
study_uid = "unit_uid"
[values.truth]
"1" = true
"0" = false
"""


def test_a_map_renames_fills_translates_and_looks_up(workspace: Workspace, take: Take, tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(MAP)
    text = f"patient,sop,z,gtv\nSTS_003,{IMAGE},-839.5,1\nSTS_003,9.9.9,-836.2,0\n"
    report = take("outcomes", text, mapping=tmp_path / "map.toml")
    assert (report.accepted, report.by_code) == (1, {"unknown_unit": 1})
    row = workspace.tables.read("outcomes").to_pylist()[0]
    assert row["study_uid"] == workspace.pseudonyms.uid(STUDY)
    assert row["unit_uid"] == workspace.pseudonyms.uid(IMAGE)
    assert row["truth"] is True
    attributes = json.loads(row["attributes"])
    assert attributes["z"] == "-839.5"
    assert attributes["patient"].startswith("p:")


def test_a_map_that_names_columns_the_file_lacks_is_refused(take: Take, tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(MAP)
    with pytest.raises(UnreadableFileError, match="'gtv'"):
        take("outcomes", f"sop,label\n{IMAGE},1\n", mapping=tmp_path / "map.toml")


def test_acquisitions_register_their_sites_with_the_zone_of_the_settings_and_a_new_one_is_told(
    workspace: Workspace, tmp_path: Path, clock: FakeClock
) -> None:
    settings = workspace.root / "overread.toml"
    settings.write_text(settings.read_text() + '\n[sites.coast]\ntime_zone = "Asia/Tokyo"\n')
    opened = open_workspace(workspace.root, clock)
    lines = [f"1.2.{n},1.3.{n},pat{n},{site},2026-03-01T08:00,MR" for n, site in enumerate(("coast", "nowhere"))]
    (tmp_path / "a.csv").write_text("series_uid,study_uid,patient,site,acquired_at,modality\n" + "\n".join(lines))
    report = ingest_rows(opened, "acquisitions", [tmp_path / "a.csv"], progress=NoProgress())
    assert report.accepted == 2
    assert [message.split(" (")[0] for message in report.messages] == ["new site 'nowhere', time zone UTC"]
    assert "2026-02-28T23:00:00.000000Z" in opened.tables.read("acquisitions")["acquired_at"].to_pylist()
    with Session(opened.engine) as session:
        zones = {name: site.time_zone for name, site in known_sites(session).items()}
    assert (zones["coast"], zones["nowhere"]) == ("Asia/Tokyo", "UTC")


def test_rows_about_a_synthetic_study_are_synthetic(workspace: Workspace, take: Take) -> None:
    uid = workspace.pseudonyms.uid
    row = {
        "series_uid": uid("5.1"), "study_uid": uid("5"), "patient": "p:" + "0" * 32, "site": "general",
        "acquired_at": "2026-03-01T08:00:00.000000Z", "modality": "MR",
    }  # fmt: skip
    at = workspace.clock.now()
    workspace.tables.append(
        "acquisitions", [row], source_digest=digest_bytes(b"s"), actor=UNAUTHENTICATED, taken_in_at=at, synthetic=True
    )
    take("predictions", predictions(prediction("p1")))
    assert not workspace.tables.version("predictions").synthetic
    take("predictions", predictions(prediction("p2", study="5")), "synthetic.csv")
    assert workspace.tables.version("predictions").synthetic


def test_scoring_an_old_study_is_retrospective_unless_stated(
    workspace: Workspace, take: Take, clock: FakeClock
) -> None:
    clock.advance(days=60)
    take("predictions", predictions(prediction("p1", at="2026-04-15T08:00Z")))
    take("predictions", f"{HEADER},mode\n{prediction('p2', at='2026-04-15T08:00Z')},live\n", "stated.csv")
    assert workspace.tables.read("predictions")["mode"].to_pylist() == ["retrospective", "live"]


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl", "parquet"])
def test_every_format_gives_the_same_rows(workspace: Workspace, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"rows.{ending}"
    record = dict(zip(HEADER.split(","), prediction(at="2026-03-02T08:00:00Z").split(","), strict=True))
    typed = {**record, "score": 0.75, "decision": True}
    if ending == "jsonl":
        file.write_text(json.dumps(typed) + "\n\n")
    elif ending == "parquet":
        pq.write_table(pa.Table.from_pylist([typed]), file)
    else:
        data = ("\ufeff" + predictions(",".join(record.values()))).encode()
        file.write_bytes(gzip.compress(data) if ending == "csv.gz" else data)
    assert ingest_rows(workspace, "predictions", [file], progress=NoProgress()).accepted == 1
    stored = workspace.tables.read("predictions").to_pylist()[0]
    assert (stored["score"], stored["decision"]) == (0.75, True)
    assert stored["attributes"] is None


def test_unknown_words_and_no_files_are_usage_errors(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="predictions"):
        ingest_rows(workspace, "prediction", [tmp_path], progress=NoProgress())
    with pytest.raises(UnknownNameError, match="pseudonymised"):
        ingest_rows(workspace, "reads", [tmp_path], identifiers="pseudonymized", progress=NoProgress())
    with pytest.raises(UsageError, match="at least one"):
        ingest_rows(workspace, "reads", [], progress=NoProgress())


def test_several_files_are_one_batch_with_one_event(workspace: Workspace, tmp_path: Path) -> None:
    for n in (1, 2):
        (tmp_path / f"{n}.csv").write_text(predictions(prediction(f"p{n}")))
    size = workspace.ledger.head().size
    report = ingest_rows(workspace, "predictions", [tmp_path / "1.csv", tmp_path / "2.csv"], progress=NoProgress())
    assert report.accepted == 2
    assert workspace.ledger.head().size == size + 2, "the batch and the new target"
    payload = workspace.ledger.payload(size + 1)
    assert payload is not None
    assert len(payload["files"]) == 2


def test_all_tables_take_a_minimal_row(workspace: Workspace, take: Take) -> None:
    rows = {
        "reads": (
            "read_id,study_uid,target,reader,read_at,decision",
            f"r1,{STUDY},visible,Dr House,2026-03-02T08:00Z,no",
        ),
        "findings": ("finding_id,prediction_id,label,x_mm", "f1,p1,nodule,-3.5"),
        "measurements": ("subject_id,name,value,unit", "p1,dice,0.9,1"),
        "expected": ("site,modality,hour,n", "general,MR,2026-03-02T08:00,4"),
    }
    for table, (header, row) in rows.items():
        assert take(table, f"{header}\n{row}\n", f"{table}.csv").accepted == 1
        assert workspace.tables.read(table).schema.names == segment_schema_names(table)
    assert workspace.tables.read("reads")["reader"][0].as_py().startswith("p:")


def segment_schema_names(table: str) -> list[str]:
    return list(segment_schema(TABLES[table]).names)


@pytest.mark.shared
def test_the_labels_of_the_shared_sarcoma_set_are_read_row_by_row(
    workspace: Workspace, shared: Path, tmp_path: Path
) -> None:
    (tmp_path / "map.toml").write_text(MAP)
    labels = shared / "data" / "sarcoma_mr_site_a" / "labels.csv"
    report = ingest_rows(workspace, "outcomes", [labels], mapping=tmp_path / "map.toml", progress=NoProgress())
    assert (report.accepted, report.by_code) == (0, {"unknown_unit": 2056}), "no image of it was taken in"
