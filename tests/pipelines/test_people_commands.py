"""`overread people`: what it puts on record, what it refuses, how it ends."""

from pathlib import Path

import pyotp
import pytest
from command import PASSPHRASE, Command

from pipelines.bootstrap import init_workspace


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Return the command line in a workspace with an engineer and a quality officer, and nobody trained."""
    root = tmp_path / "workspace"
    init_workspace(root).engine.dispose()
    found = Command(root)
    for person, role in (("erin", "engineer"), ("quinn", "quality officer")):
        place = tmp_path / f"{person}.pass"
        place.write_text(PASSPHRASE)
        words = ("--name", person.title(), "--role", role, "--passphrase-file", str(place))
        found.well("people", "add", person, *words, "--identity", "badge seen")
    return found


def test_vacant_roles_are_shown_and_end_with_one_until_they_are_filled(command: Command) -> None:
    done = command("people", "vacancies", "--json")
    assert (done.code, done.json["vacant"]) == (1, ["engineer", "quality officer", "clinical lead"])
    for person in ("erin", "quinn"):
        command.well("people", "train", person, "--course", "overread", "--valid-days", "365")
    command.well("people", "role", "erin", "--role", "clinical lead", "--until", "2099-12-31")
    done = command.well("people", "vacancies", "--json")
    assert (done.json["vacant"], done.json["blocks"]) == ([], [])
    (clinical,) = [one for one in done.json["roles"] if one["role"] == "clinical lead"]
    assert clinical["filled_by"][0]["until"] == "2100-01-01T00:00:00.000000Z"
    assert "clinical lead" in command.well("people", "list").out
    command.well("people", "role", "erin", "--role", "clinical lead", "--end")
    assert command("people", "vacancies").code == 1
    assert "vacant: clinical lead" in command.well("people", "list").out


def test_a_deputy_is_appointed_for_a_time_listed_and_ended(command: Command) -> None:
    words = ("people", "deputy", "quinn", "--by", "erin", "--role", "quality officer")
    assert command(*words).code == 2
    done = command.well(*words, "--until", "2099-12-31", "--json")
    assert (done.json["person"], done.json["deputy"]) == ("quinn", "erin")
    assert command.well("people", "list", "--json").json["deputies"][0]["until"] == "2100-01-01T00:00:00.000000Z"
    assert command.well(*words, "--end", "--json").json["ended"]
    assert command(*words, "--end").code == 2


def test_accounts_and_ids_of_one_human_are_listed_and_never_given_again(command: Command) -> None:
    command.well("people", "account", "erin", "erin-home")
    (erin, quinn) = command.well("people", "list", "--json").json["people"]
    assert erin["accounts"] == ["erin", "erin-home"]
    assert command("people", "account", "quinn", "erin-home").code == 2
    command.well("people", "account", "erin", "erin-home", "--end")
    assert command("people", "account", "quinn", "erin-home").code == 2
    assert command("people", "same", "quinn", "erin").code == 2
    command.well("people", "same", "quinn", "erin", "--reason", "one staff number")
    (_, quinn) = command.well("people", "list", "--json").json["people"]
    assert quinn["same_as"] == "erin"


@pytest.mark.parametrize(
    "words",
    [
        ("train", "erin", "--course", "overread"),
        ("train", "erin", "--course", "overread", "--valid-until", "soon"),
        ("train", "erin", "--course", "overread", "--valid-until", "2020-01-01"),
        ("train", "erin", "--course", "overread", "--valid-until", "2099-01-01", "--valid-days", "3"),
        ("train", "nobody", "--course", "overread", "--valid-days", "3"),
        ("courses", "engineer"),
        ("courses", "engineer", "--course", "x", "--none"),
        ("role", "erin", "--role", "validator", "--end"),
        ("role", "erin", "--role", "validator", "--until", "2020-01-01"),
    ],
)
def test_what_cannot_be_put_on_record_is_refused(command: Command, words: tuple[str, ...]) -> None:
    assert command("people", *words).code == 2


def test_courses_are_asked_for_and_listed_with_who_recorded_them(command: Command) -> None:
    command.well("people", "courses", "engineer", "--course", "reading@2")
    words = ("--course", "reading", "--version", "2", "--valid-until", "2099-01-01", "--passed", "2026-01-02")
    done = command.well("people", "train", "erin", *words, "--json")
    assert done.json["passed_at"] == "2026-01-02T00:00:00.000000Z"
    (erin, _) = command.well("people", "list", "--json").json["people"]
    assert erin["training"] == [
        {
            "course": "reading",
            "version": "2",
            "valid_until": "2099-01-02T00:00:00.000000Z",
            "recorded_by": "administrator",
        }
    ]


def test_the_policy_is_issued_accepted_and_asked_for_anew_with_its_next_version(command: Command) -> None:
    text, secret = command.root.parent / "policy.md", command.root.parent / "erin.pass"
    text.write_text("Whoever signs answers for it.")
    command.well("people", "train", "erin", "--course", "overread", "--valid-days", "365")
    command.well("people", "policy", text, "--version", "1")
    words = ("people", "accept", "--signer", "erin", "--passphrase-file", secret)
    assert "policy is not accepted" in command("people", "vacancies").out.splitlines()[0]
    command.well(*words)
    assert "policy is not accepted" not in command("people", "vacancies").out.splitlines()[0]
    assert command(*words).code == 2
    assert command("people", "policy", text, "--version", "1").code == 2


def test_wrong_passphrases_lock_and_the_lock_is_listed_and_ended(command: Command, tmp_path: Path) -> None:
    wrong, right = tmp_path / "wrong.pass", tmp_path / "quinn.pass"
    wrong.write_text("not the right passphrase")
    for _ in range(5):
        assert command("login", "quinn", "--passphrase-file", wrong).code == 5
    assert "is locked until" in command("login", "quinn", "--passphrase-file", right).line
    assert "An account was locked" in command.well("audit", "list").out
    command.well("people", "unlock", "quinn")
    assert command.well("login", "quinn", "--passphrase-file", right, "--json").json["methods"] == "passphrase"


def test_the_second_line_of_a_passphrase_file_is_the_code(command: Command, tmp_path: Path) -> None:
    both = tmp_path / "quinn.pass"
    made = command.well("people", "totp", "quinn", "--passphrase-file", both, "--json").json
    assert made["address"].endswith("&digits=6&period=30")
    assert command("login", "quinn", "--passphrase-file", both).code == 5
    both.write_text(f"{PASSPHRASE}\n{pyotp.TOTP(made['secret']).now()}\n")
    done = command.well("login", "quinn", "--passphrase-file", both, "--json")
    assert done.json["methods"] == "passphrase+totp"


def test_a_revoked_key_signs_nothing_and_what_it_signed_stays(command: Command) -> None:
    secret = command.root.parent / "quinn.pass"
    words = ("people", "review", "--signer", "quinn", "--passphrase-file", secret)
    command.well(*words)
    assert command("people", "revoke", "nobody").code == 2
    done = command.well("people", "revoke", "quinn", "--reason", "laptop stolen", "--json")
    assert done.json == {"person": "quinn", "revoked": True}
    refused = command(*words)
    assert (refused.code, "revoked" in refused.line) == (5, True)
    assert "A signing key was revoked" in command.well("audit", "list").out
    assert command("audit", "verify").code == 0


def test_logging_out_ends_a_login_and_needs_none(command: Command) -> None:
    command.well("login", "erin", "--passphrase-file", command.root.parent / "erin.pass")
    known = command.root / "session.json"
    assert known.exists()
    assert command.well("logout", "--json").json["logged_in"] is False
    assert not known.exists()
    command.well("logout")


def test_the_committee_decides_by_quorum(command: Command) -> None:
    text, secret = command.root.parent / "text.md", command.root.parent / "erin.pass"
    text.write_text("Words of the committee.")
    members = ("--member", "erin:engineering", "--member", "quinn:quality")
    done = command.well("people", "committee", "name", text, *members, "--quorum", "2", "--json")
    assert done.json["members"] == {"erin": "engineering", "quinn": "quality"}
    words = (
        "people",
        "committee",
        "decide",
        "pilot",
        "--minutes",
        text,
        "--signer",
        "erin",
        "--passphrase-file",
        secret,
    )
    assert command(*words, "--present", "erin").code == 1
    assert command.well(*words, "--present", "erin", "--present", "quinn", "--json").json["decision"] == "pilot"
