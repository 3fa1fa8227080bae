"""Observation files: what is a record, what is a fault, what is no file."""

import gzip
import json
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.intake import files
from pipelines.intake.files import Record, Source, open_source
from registry.domain.digest import digest_bytes
from registry.domain.errors import UnreadableFileError


def opened(folder: Path, name: str, data: bytes) -> Source:
    file = folder / name
    file.write_bytes(data)
    return open_source(file)


def read(folder: Path, name: str, data: bytes) -> list[Record]:
    return list(opened(folder, name, data).records)


def codes(records: list[Record]) -> list[str]:
    return [record.fault.code.value if record.fault else "good" for record in records]


def test_a_csv_is_read_with_its_mark_quotes_and_formulas_as_text(tmp_path: Path) -> None:
    source = opened(tmp_path, "A.CSV", '\ufeffa,b\r\n1,"x, ""y"""\r\n\r\n=1+1,ü\r\n'.encode())
    assert source.columns == ("a", "b")
    records = list(source.records)
    assert [dict(record.values) for record in records] == [{"a": "1", "b": 'x, "y"'}, {"a": "=1+1", "b": "ü"}]
    assert [record.row for record in records] == [1, 2]
    assert source.digest == digest_bytes((tmp_path / "A.CSV").read_bytes())


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"1", "malformed"), (b"1,2,3", "malformed"), (b'"1"x,2', "malformed"), (b"1," + b"x" * 200_000, "malformed"),
        (b"\0,2", "good"), (b"\xff,2", "good"),
    ],
)  # fmt: skip
def test_a_broken_csv_line_is_a_fault_and_the_next_line_is_read(tmp_path: Path, line: bytes, code: str) -> None:
    assert codes(read(tmp_path, "a.csv", b"a,b\n" + line + b"\n3,4\n")) == [code, "good"]


def test_an_open_quote_swallows_the_rest_and_is_a_fault(tmp_path: Path) -> None:
    assert codes(read(tmp_path, "a.csv", b'a,b\n1,"2\n3,4\n')) == ["malformed"]


def test_a_line_beyond_the_limit_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_LINE", 64)
    data = b"a,b\n1,2\n" + b"x" * 1000 + b"\n3,4\n"
    assert codes(read(tmp_path, "a.csv", data)) == ["good", "too_long", "good"]
    data = b'{"a": 1}\n{"a": "' + b"x" * 1000 + b'"}\n{"a": 2}\n'
    assert codes(read(tmp_path, "a.jsonl", data)) == ["good", "too_long", "good"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"a": 1, "b": [0.5, 1]}', "good"), (b"[1]", "malformed"), (b"{", "malformed"), (b'{"a": NaN}', "malformed"),
        (b'{"a": 1, "a": 2}', "malformed"), (b"[" * 100_000, "malformed"), (b'{"a": "\xff"}', "good"),
        (b"null", "malformed"), (b'{"a": ' + b"9" * 5000 + b"}", "malformed"),
    ],
)  # fmt: skip
def test_json_lines_are_judged_one_by_one(tmp_path: Path, line: bytes, code: str) -> None:
    assert codes(read(tmp_path, "a.jsonl", line + b'\n\n{"a": 3}\n')) == [code, "good"]


@given(st.binary(max_size=200))
def test_no_bytes_break_the_readers(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("fuzz.csv", "fuzz.jsonl", "fuzz.csv.gz", "fuzz.parquet"):
        records: list[Record] = []
        with suppress(UnreadableFileError):
            records = read(folder, name, data)
        assert [record.row for record in records] == list(range(1, len(records) + 1))


def test_parquet_keeps_types_and_lists(tmp_path: Path) -> None:
    rows = [{"a": 1, "b": True, "c": [0.5], "d": None, "e": "x"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    source = open_source(tmp_path / "a.parquet")
    assert source.columns == ("a", "b", "c", "d", "e")
    assert [dict(record.values) for record in source.records] == rows


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.txt", b"a,b\n", "ending"),
        ("a.csv", b"", "header"),
        ("a.csv", b"a,a\n1,2\n", "earlier"),
        ("a.csv", b"a;b;c\n1;2;3\n", "commas"),
        ("a.csv.gz", b"a,b\n1,2\n", "broken"),
        ("a.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 9999, mtime=0)[:-20], "broken"),
        ("a.parquet", b"PAR1 no PAR1", "broken"),
    ],
)
def test_files_that_are_not_what_they_say_are_refused_whole(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    with pytest.raises(UnreadableFileError, match=words):
        read(tmp_path, name, data)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name in ("absent.csv", "folder.csv"):
        with pytest.raises(UnreadableFileError, match="no such file"):
            open_source(tmp_path / name)


def test_a_packed_file_that_grows_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 100_000)
    monkeypatch.setattr(files, "MAX_LINE", 1_000)
    for bomb in (b"a,b\n" + b"1,2\n" * 100_000, b"a,b\n" + b"0" * 10_000_000):
        with pytest.raises(UnreadableFileError, match="bytes"):
            read(tmp_path, "bomb.csv.gz", gzip.compress(bomb))


def test_files_of_too_many_rows_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_ROWS", 3)
    with pytest.raises(UnreadableFileError, match="more than 3 rows"):
        read(tmp_path, "a.jsonl", b"".join(json.dumps({"a": n}).encode() + b"\n" for n in range(9)))
    pq.write_table(pa.table({"a": list(range(9))}), tmp_path / "a.parquet")
    with pytest.raises(UnreadableFileError, match="9 rows"):
        open_source(tmp_path / "a.parquet")
