"""`overread people account`, `password`, `totp`, `unlock`, `revoke`, `reset`, `proof`, ...: what accounts prove."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.console import Json, PassphraseFile, Reason, give, passphrase

AccountName = Annotated[str, typer.Argument(help="A person's id, or an account of theirs.")]
NewFile = Annotated[Path | None, typer.Option("--new-file", help="Read the new one from this file (mode 0600).")]
KeyDays = Annotated[int, typer.Option("--key-days", help="For how many days the new key counts.")]
SecondPerson = Annotated[str, typer.Option("--signer", help="Your person id: quality officer or compliance.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command(epilog="Example: overread people account ann ann-at-work")(account)
    app.command(epilog="Example: overread people password ann --new-file new.pass --passphrase-file ann.pass")(password)
    app.command(epilog="Example: overread people totp ann --passphrase-file ann.pass")(totp)
    app.command(epilog="Example: overread people unlock ann")(unlock)
    app.command(epilog="Example: overread people revoke ann --reason 'laptop stolen'")(revoke)
    app.command(epilog="Example: overread people renew ann --passphrase-file ann.pass")(renew)
    app.command(epilog="Example: overread people reset ann --new-file new.pass --reason 'passphrase lost'")(reset)
    app.command(epilog="Example: overread people proof ann --signer quinn --how 'badge seen' --passphrase-file q.pass")(
        proof
    )
    app.command(epilog="Example: overread people review --signer quinn --passphrase-file quinn.pass")(review)


def account(
    person: Annotated[str, typer.Argument(help="Whose account it is.")],
    name: Annotated[str, typer.Argument(help="The account's name; never reused.")],
    reason: Reason = "",
    *,
    end: Annotated[bool, typer.Option("--end", help="Close it for good, instead.")] = False,
    subject: Annotated[
        str,
        typer.Option("--oidc-subject", help="The person's subject (sub) at the identity provider."),
    ] = "",
    as_json: Json = False,
) -> None:
    """Open one more account of a person: whoever uses it is the same person in every count."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.appointments import close_account, open_account  # noqa: PLC0415 - lazy
    from registry.identity_tokens import subject_digest  # noqa: PLC0415 - lazy
    from registry.logins import bind_provider  # noqa: PLC0415 - lazy

    workspace = here()
    if end:
        close_account(workspace.people, name, administrator(workspace), reason)
    else:
        open_account(workspace.people, person, name, "oidc" if subject else "local", administrator(workspace), reason)
        if subject:
            digest = subject_digest(workspace.settings.people.oidc_issuer, subject)
            bind_provider(workspace.people, name, digest, administrator(workspace))
    says = f"{name} is {'closed' if end else f'an account of {person}'}"
    give({"person": person, "account": name, "closed": end}, [says], as_json=as_json)


def password(
    name: AccountName, new_file: NewFile = None, passphrase_file: PassphraseFile = None, *, as_json: Json = False
) -> None:
    """Set the password of your account's login; the passphrase of your key proves that it is yours."""
    from pipelines.cli.opened import here, secrets_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.logins import set_password  # noqa: PLC0415 - lazy

    workspace = here()
    secret, code = secrets_of(workspace, name, passphrase_file, f"passphrase of {name}")
    new = passphrase(new_file, f"new password of {name} (15 characters or more)")
    set_password(workspace.people, name, secret, code, new)
    give({"account": name, "set": "password"}, [f"{name} logs in with a password"], as_json=as_json)


def totp(name: AccountName, passphrase_file: PassphraseFile = None, *, as_json: Json = False) -> None:
    """Enrol an authenticator for your account: from now on logins and signatures take its code too. Shown once."""
    from pipelines.cli.opened import here, secrets_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.codes import enrolment_address  # noqa: PLC0415 - lazy
    from registry.logins import enrol_authenticator  # noqa: PLC0415 - lazy

    workspace = here()
    secret, code = secrets_of(workspace, name, passphrase_file, f"passphrase of {name}")
    made = enrol_authenticator(workspace.people, name, secret, code)
    address = enrolment_address(made, name)
    give({"account": name, "secret": made, "address": address}, [address], as_json=as_json)


def unlock(name: AccountName, *, as_json: Json = False) -> None:
    """End the lock of an account after bad attempts, before its 15 minutes are over."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter

    workspace = here()
    people = workspace.people
    people.guard.unlock(name, people.person_of(name), administrator(workspace))
    give({"account": name, "locked": False}, [f"{name} is unlocked"], as_json=as_json)


def revoke(name: AccountName, reason: Reason = "", *, as_json: Json = False) -> None:
    """Revoke a person's keys at once, as after a loss; what they signed before stays valid, `reset` gives new ones."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter

    workspace = here()
    person = workspace.people.person_of(name)
    workspace.people.revoke(person, administrator(workspace), reason)
    says = f"{person} signs nothing until `overread people reset {person}` and `overread people proof {person}`"
    give({"person": person, "revoked": True}, [says], as_json=as_json)


def renew(
    name: AccountName,
    new_file: NewFile = None,
    key_days: KeyDays = 365,
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Replace your own signing key while it counts, under the same passphrase or a new one."""
    from pipelines.cli.opened import here, secrets_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.reproofing import renew_key  # noqa: PLC0415 - lazy

    people = (workspace := here()).people
    secret, code = secrets_of(workspace, name, passphrase_file, f"passphrase of {name}")
    new = secret if new_file is None else passphrase(new_file, "new passphrase")
    key = renew_key(people, people.unlock(name, secret, code), new, key_days)
    until = key.not_after.isoformat()
    give({"person": key.person, "key_id": key.key_id, "not_after": until}, [f"valid until {until}"], as_json=as_json)


def reset(
    name: AccountName,
    reason: Reason = "",
    new_file: NewFile = None,
    key_days: KeyDays = 365,
    *,
    as_json: Json = False,
) -> None:
    """Give a person who lost theirs new credentials; the new key waits for `proof` by a second person."""
    from pipelines.cli.opened import administrator, here  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.reproofing import reset_credentials  # noqa: PLC0415 - lazy

    workspace = here()
    person = workspace.people.person_of(name)
    new = passphrase(new_file, f"new passphrase of {person} (15 characters or more)")
    key = reset_credentials(workspace.people, person, new, administrator(workspace), reason, key_days)
    says = f"{person} signs again once a second person has proofed who they are: overread people proof {person}"
    give({"person": person, "key_id": key.key_id, "awaits_proof": True}, [says], as_json=as_json)


def proof(
    name: AccountName,
    signer: SecondPerson,
    how: Annotated[str, typer.Option("--how", help="How their identity was proofed.")],
    passphrase_file: PassphraseFile = None,
    *,
    as_json: Json = False,
) -> None:
    """Say, as a second person, that you proofed who holds a key after a reset; it counts from now on."""
    from pipelines.cli.opened import here, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.reproofing import proof_identity  # noqa: PLC0415 - lazy

    workspace = here()
    person = workspace.people.person_of(name)
    event = proof_identity(workspace.people, person, signer_of(workspace, signer, passphrase_file), how)
    give({"person": person, "event": event.seq}, [f"{person} signs again; event {event.seq}"], as_json=as_json)


def review(
    signer: SecondPerson, reason: Reason = "", passphrase_file: PassphraseFile = None, *, as_json: Json = False
) -> None:
    """Put on record that you went through everybody's accounts, roles and keys (at least once a year)."""
    from pipelines.cli.opened import here, signer_of  # noqa: PLC0415 - lazy: --help loads no adapter
    from registry.reproofing import review_credentials  # noqa: PLC0415 - lazy

    workspace = here()
    event = review_credentials(workspace.people, signer_of(workspace, signer, passphrase_file), reason)
    give({"event": event.seq}, [f"reviewed; event {event.seq}"], as_json=as_json)
