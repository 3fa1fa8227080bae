"""The command line as such: words, help, exit codes."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from pipelines.cli import main as command_line
from pipelines.cli.main import arranged, run

REPOSITORY = Path(__file__).parents[2]


def commands() -> dict[str, Any]:
    """Return every command by its words."""
    found: dict[str, Any] = {}

    def walk(command: Any, words: tuple[str, ...]) -> None:
        children = getattr(command, "commands", {})
        for name, child in children.items():
            walk(child, (*words, name))
        if not children:
            found[" ".join(words)] = command

    walk(typer.main.get_command(command_line.app), ())
    return found


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_has_help_with_an_example(name: str) -> None:
    command = commands()[name]
    assert command.help
    assert command.epilog
    assert command.epilog.startswith(f"Example: overread {name}")


@pytest.mark.parametrize("name", sorted(set(commands()) - {"serve", "orchestrate", "audit witness serve"}))
def test_every_command_gives_json(name: str) -> None:
    assert "--json" in {option for parameter in commands()[name].params for option in parameter.opts}


def test_every_command_named_in_the_documentation_exists() -> None:
    known = commands()
    pages = [REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")]
    named = {match for page in pages for match in re.findall(r"overread ([a-z]+(?: [a-z-]+)?)", page.read_text())}
    unknown = {
        words
        for words in named
        if words not in known and words.split()[0] not in known and words.split()[0] not in known_groups()
    }
    assert unknown == set()


def known_groups() -> set[str]:
    """Return the names of command groups."""
    return {words.split()[0] for words in commands() if " " in words}


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["cohort", "list", "--workspace", "w"], ["--workspace", "w", "cohort", "list"]),
        (["cohort", "list", "--workspace=w", "--debug"], ["--workspace=w", "--debug", "cohort", "list"]),
        (["monitor", "run", "--json"], ["monitor", "run", "--json", "-"]),
        (["monitor", "run", "--json", "--model", "m"], ["monitor", "run", "--json", "-", "--model", "m"]),
        (["monitor", "run", "--json", "f.json"], ["monitor", "run", "--json", "f.json"]),
        (["cohort", "list", "--json"], ["cohort", "list", "--json"]),
    ],
)
def test_words_are_arranged(words: list[str], out: list[str]) -> None:
    assert arranged(words) == out


def test_an_unknown_command_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cohrot"]) == 2
    assert "cohrot" in capsys.readouterr().err


def test_a_missing_option_with_choices_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["people", "role", "erin"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("overread: Missing option '--role'")
    assert told.count("\n") == 1


def test_a_folder_without_a_workspace_ends_with_2_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OVERREAD_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert run(["cohort", "list"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "overread init DIR" in captured.err


def test_an_internal_error_ends_with_70_one_line_and_a_private_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(start: Path | None) -> Path:
        raise ZeroDivisionError(str(start))

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("pipelines.cli.opened.find_workspace", broken)
    assert run(["cohort", "list"]) == 70
    assert capsys.readouterr().err.count("\n") == 1
    (log,) = tmp_path.glob("overread-*.log")
    assert log.stat().st_mode & 0o077 == 0
    assert "ZeroDivisionError" in log.read_text()


def test_a_place_that_cannot_be_used_ends_with_2_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no folder")
    assert run(["init", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("key", ["pseudonym.key", "ledger.pem"])
def test_a_workspace_without_one_of_its_keys_ends_with_5(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], key: str
) -> None:
    assert run(["init", str(tmp_path / "w")]) == 0
    (tmp_path / "w" / "keys" / key).unlink()
    assert run(["--workspace", str(tmp_path / "w"), "cohort", "list"]) == 5
    assert "key is missing" in capsys.readouterr().err


def test_a_public_key_that_is_none_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", str(tmp_path / "w")]) == 0
    assert run(["--workspace", str(tmp_path / "w"), "audit", "verify", "--key", "nonsense"]) == 2
    assert "--key" in capsys.readouterr().err
