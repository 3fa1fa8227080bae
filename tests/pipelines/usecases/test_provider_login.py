"""Login by an identity provider: against a real one on loopback, with keys that it makes."""

import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes import FakeClock
from identity_providers import CLIENT, SUBJECT, Provider, browse, spelled
from joserfc.jwk import RSAKey
from services import free_port

from pipelines.bootstrap import Workspace, init_workspace, open_workspace
from pipelines.usecases.provider_login import provider_login
from registry.appointments import close_account, open_account
from registry.domain.errors import ExitCode, NotAllowedError, ServiceUnreachableError, UsageError
from registry.domain.person import LOCAL_ADMINISTRATOR, PersonRole
from registry.identity_tokens import subject_digest
from registry.logins import bind_provider

PASSPHRASE = "three horses read the magnet"
MINUTES = 60


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Start a provider whose clock is the workspace's."""
    with Provider(FakeClock().now().timestamp()) as found:
        yield found


@pytest.fixture
def workspace(tmp_path: Path, provider: Provider) -> Workspace:
    """Return a workspace whose settings name the provider, with an account that is bound to its one subject."""
    root = tmp_path / "workspace"
    init_workspace(root, FakeClock()).engine.dispose()
    return configured(root, provider.issuer)


def configured(root: Path, issuer: str) -> Workspace:
    """Open a workspace anew whose settings name a provider."""
    place = root / "overread.toml"
    classes = '["mfa", "hardware"]'
    place.write_text(
        place.read_text() + f'[people]\noidc_issuer = "{issuer}"\noidc_client = "{CLIENT}"\noidc_acr = {classes}\n'
    )
    made = open_workspace(root, FakeClock())
    made.people.add("erin", "Erin", (PersonRole.ENGINEER,), PASSPHRASE, LOCAL_ADMINISTRATOR)
    open_account(made.people, "erin", "erin-sso", "oidc", LOCAL_ADMINISTRATOR)
    bind_provider(made.people, "erin-sso", subject_digest(issuer, SUBJECT), LOCAL_ADMINISTRATOR)
    return made


def test_who_proves_themselves_to_the_provider_is_logged_in_and_signs_nothing_by_it(workspace: Workspace) -> None:
    login = provider_login(workspace, "erin-sso", browse)
    assert (login.person, login.account, login.methods) == ("erin", "erin-sso", "oidc:mfa")
    again = open_workspace(workspace.root, workspace.clock)
    assert (again.actor.person, again.actor.auth) == ("erin", "session")


def test_the_subject_is_kept_as_a_digest_alone(workspace: Workspace) -> None:
    assert all(SUBJECT.encode() not in event.data for event in workspace.ledger.events(50))
    assert SUBJECT.encode() not in (workspace.root / "overread.db").read_bytes()


def forged(provider: Provider) -> None:
    """Sign with a key that is not published."""
    provider.key = RSAKey.generate_key(2048, parameters={"kid": "one"})


def symmetric(provider: Provider) -> None:
    """Sign with the published key's bytes as a shared secret (algorithm confusion)."""
    secret = provider.published.as_pem(private=False)
    provider.sign = by_hand("HS256", lambda data: hmac.digest(secret, data, "sha256"))


def unsigned(provider: Provider) -> None:
    """Sign nothing, and say so."""
    provider.sign = by_hand("none", lambda _: b"")


def by_hand(algorithm: str, sign: Callable[[bytes], bytes]) -> Callable[[dict[str, object]], str]:
    """Return what spells a token whose header names an algorithm, as no library would."""

    def make(claims: dict[str, object]) -> str:
        head = json.dumps({"alg": algorithm, "kid": "one"}).encode()
        body = f"{spelled(head)}.{spelled(json.dumps(claims).encode())}"
        return f"{body}.{spelled(sign(body.encode()))}"

    return make


def own_key(provider: Provider) -> None:
    """Carry the key that signed in the token's own header (CVE-2026-27962)."""
    provider.key = RSAKey.generate_key(2048)
    provider.header = {"alg": "RS256", "jwk": provider.key.as_dict(private=False)}


def saying(**claims: object) -> Callable[[Provider], None]:
    """Say other claims; None leaves one out."""

    def change(provider: Provider) -> None:
        provider.says = {
            name: int(provider.now) + value if isinstance(value, int) else value for name, value in claims.items()
        }

    return change


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (forged, "not signed"),
        (symmetric, "not signed"),
        (unsigned, "not signed"),
        (own_key, "not signed"),
        (saying(iss="http://127.0.0.1:1"), "another issuer"),
        (saying(aud="somebody"), "another client"),
        (saying(aud=[CLIENT, "somebody"]), "another client"),
        (saying(nonce="of yesterday"), "another login"),
        (saying(exp=-2 * MINUTES), "is over"),
        (saying(iat=5 * MINUTES), "from the future"),
        (saying(auth_time=-7 * MINUTES), "too long ago"),
        (saying(auth_time=None), "does not say 'auth_time'"),
        (saying(acr="password"), "authentication class"),
        (saying(acr=None), "authentication class"),
        (saying(sub="subject-of-vera"), "somebody else"),
        (saying(sub=None), "names nobody"),
    ],
)
def test_a_token_that_does_not_hold_logs_nobody_in(
    workspace: Workspace, provider: Provider, change: Callable[[Provider], None], line: str
) -> None:
    change(provider)
    with pytest.raises(NotAllowedError, match=line):
        provider_login(workspace, "erin-sso", browse)
    assert not open_workspace(workspace.root, workspace.clock).actor.authenticated


@pytest.mark.parametrize("broken", ["/.well-known/openid-configuration", "/keys", "/token"])
def test_a_provider_that_is_away_is_unavailable_and_never_a_wrong_password(
    workspace: Workspace, provider: Provider, broken: str
) -> None:
    provider.broken = broken
    with pytest.raises(ServiceUnreachableError, match="unavailable") as away:
        provider_login(workspace, "erin-sso", browse)
    assert away.value.exit_code == ExitCode.SERVICE_UNREACHABLE


def test_a_provider_that_nobody_runs_is_unavailable(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    init_workspace(root, FakeClock()).engine.dispose()
    workspace = configured(root, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ServiceUnreachableError, match="unavailable"):
        provider_login(workspace, "erin-sso", browse)


def test_whoever_does_not_come_back_is_not_logged_in(workspace: Workspace) -> None:
    with pytest.raises(ServiceUnreachableError, match="nobody came back"):
        provider_login(workspace, "erin-sso", lambda _: None, wait_s=0.05)


def test_an_answer_of_another_login_is_refused(workspace: Workspace) -> None:
    def hijack(page: str) -> None:
        browse(page.replace("&state=", "&state=other"))

    with pytest.raises(NotAllowedError, match="another login"):
        provider_login(workspace, "erin-sso", hijack)


def test_a_closed_account_an_unbound_one_and_a_person_who_left_are_refused(workspace: Workspace) -> None:
    with pytest.raises(NotAllowedError, match="somebody else"):
        provider_login(workspace, "erin", browse)
    close_account(workspace.people, "erin-sso", LOCAL_ADMINISTRATOR)
    with pytest.raises(NotAllowedError, match="is closed"):
        provider_login(workspace, "erin-sso", browse)


@pytest.mark.parametrize("issuer", ["http://login.example.org", "ftp://127.0.0.1", ""])
def test_a_provider_is_asked_by_https_or_on_this_machine_alone(tmp_path: Path, issuer: str) -> None:
    root = tmp_path / "workspace"
    init_workspace(root, FakeClock()).engine.dispose()
    with pytest.raises(UsageError):
        provider_login(configured(root, issuer), "erin-sso", browse)
