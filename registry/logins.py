"""Logging in: by the account's password where it has one, else by the passphrase of the person's key; and its code.

A login says who starts something, for 15 minutes; it never signs.
"""

from pathlib import Path

from registry.authentication import ENROL, Attempt
from registry.codes import new_secret
from registry.credentials import AUTHENTICATOR, PASSWORD, PROVIDER
from registry.domain.errors import NotAllowedError, UsageError
from registry.domain.person import Actor, PersonRole
from registry.identity_tokens import Vouched
from registry.ledger.log_key import LogKey
from registry.passwords import check_password, hashed
from registry.people import People, require_administrator
from registry.sessions import Login, open_session, open_vouched_session


def log_in(people: People, root: Path, account: str, secret: str, code: str, key: LogKey) -> Login:
    """Log somebody in.

    Args:
        people: the register.
        root: the workspace, where the token lies.
        account: a person, or an account of theirs.
        secret: the account's password where it has one, else the passphrase of the person's key.
        code: of the authenticator, where one is enrolled.
        key: the workspace's log key.

    Raises:
        UnknownNameError: when nobody bears the name.
        WrongSecretError: for a wrong password, passphrase or code; five in a row lock the account.
        NotAllowedError: when the person left, or the account is locked or closed.
    """
    person = people.person_of(account)
    stored = people.guard.credentials.secret(account, PASSWORD)
    if stored is None:
        signer = people.unlock(account, secret, code, purpose="login")
        return open_session(root, signer, people.ledger, people.clock)
    found = people.get(person)
    if not found.active or PersonRole.SERVICE in found.roles:
        raise NotAllowedError(f"{person} is deactivated, or a service, and logs in no more")
    attempt = Attempt(account, person, "login", "password")
    _, proof = people.guard.passed(attempt, lambda: check_password(stored, secret, account), code)
    return open_vouched_session(root, (found, account, proof["methods"]), people.ledger, people.clock, key)


def log_in_vouched(people: People, root: Path, account: str, vouched: Vouched, key: LogKey) -> Login:
    """Log somebody in whom an identity provider vouched for just now.

    Raises:
        UnknownNameError: when nobody bears the name.
        NotAllowedError: when it vouches for somebody else, or the account is locked or closed, or the person left.
    """
    person = people.person_of(account)
    found, bound = people.get(person), people.guard.credentials.secret(account, PROVIDER)
    if not found.active or PersonRole.SERVICE in found.roles:
        raise NotAllowedError(f"{person} is deactivated, or a service, and logs in no more")
    if bound != vouched.subject.encode():
        raise NotAllowedError(f"the identity provider vouches for somebody else than '{account}'")
    attempt = Attempt(account, person, "login", f"oidc:{vouched.authentication_class}".rstrip(":"))
    _, proof = people.guard.passed(attempt, lambda: None)
    return open_vouched_session(root, (found, account, proof["methods"]), people.ledger, people.clock, key)


def bind_provider(people: People, account: str, subject: str, actor: Actor) -> None:
    """Bind an account to a subject of the identity provider, by its digest.

    Raises:
        UnknownNameError: when nobody bears the name.
        NotAllowedError: when the actor is not an administrator.
    """
    require_administrator(actor)
    person = people.person_of(account)
    with people.ledger.transaction() as tx:
        people.guard.credentials.set(tx, account, person, PROVIDER, subject.encode(), actor)


def set_password(people: People, account: str, passphrase: str, code: str, password: str) -> None:
    """Let a person set an account's password; the passphrase of their key proves that it is theirs.

    Raises:
        UsageError: for a password that is short, or is the passphrase.
        WrongSecretError: for a wrong passphrase or code.
    """
    person = people.person_of(account)
    signer = people.unlock(account, passphrase, code, purpose=ENROL)
    if password == passphrase:
        raise UsageError("a password is another than the passphrase", mend="choose two different sentences")
    stored = hashed(password)
    with people.ledger.transaction() as tx:
        people.guard.credentials.set(tx, account, person, PASSWORD, stored, _actor(signer.person.person))


def enrol_authenticator(people: People, account: str, passphrase: str, code: str = "") -> str:
    """Let a person enrol an authenticator and return its secret, once; a new one takes the old one's code too.

    Raises:
        WrongSecretError: for a wrong passphrase or code.
        NotAllowedError: when the code of the old one is missing.
    """
    person = people.person_of(account)
    signer = people.unlock(account, passphrase, code, purpose=ENROL)
    secret = new_secret()
    sealed = people.guard.credentials.sealed(secret)
    with people.ledger.transaction() as tx:
        people.guard.credentials.set(tx, account, person, AUTHENTICATOR, sealed, _actor(signer.person.person))
    return secret


def _actor(person: str) -> Actor:
    return Actor(person, "none", "signature")
