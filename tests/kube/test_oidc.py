"""Id tokens that have expired are renewed at the identity provider, and a real API server takes the new ones."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from tests.kube.front import kubeconfig
from tests.kube.identity_provider import (
    CLIENT,
    REFRESH,
    SECRET,
    Behaviour,
    IdentityProvider,
    auth_provider,
    config_of,
    identity_provider,
)
from tests.support.controlplane.access import Client, eventually
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.fixtures import StartCluster
from tests.support.controlplane.pki import Authority

from strongroom.errors import KubeconfigError
from strongroom.kube.credentials import Identity, Login
from strongroom.kube.kubeconfig import Named, Server, User
from strongroom.sources.cluster_options import ClusterOptions
from strongroom.sources.collect import Options as CollectOptions
from strongroom.sources.collect import collect


def _now() -> datetime:
    return datetime.now(UTC)


def login(server: IdentityProvider, clock: Callable[[], datetime] | None = None, **changes: str | None) -> Login:
    """Return the login of a user whose id token has expired."""
    user = User(auth_provider=auth_provider(config_of(server, **changes)))
    return Login(Named("ann", user, Path()), Server(server="https://example.org"), clock=clock or _now)


def identity(server: IdentityProvider, **changes: str | None) -> Identity:
    """Return what such a user sends."""
    return asyncio.run(login(server, None, **changes).identity())


def test_a_real_api_server_takes_the_new_token(start_cluster: StartCluster, tmp_path: Path) -> None:
    """An expired id token is renewed once for a whole audit, the API server takes it, and the kubeconfig stays as it was."""
    with identity_provider(tmp_path) as provider:
        (tmp_path / "ca.pem").write_bytes(provider.authority)
        flags = {"issuer-url": provider.issuer, "client-id": CLIENT, "ca-file": tmp_path / "ca.pem"}
        more = {"username-claim": "sub", "username-prefix": "oidc:"}
        options = Options(flags=tuple(f"--oidc-{name}={value}" for name, value in {**flags, **more}.items()))
        access = start_cluster(options).access
        access.client().create(
            "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
            {
                "metadata": {"name": "ann"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "oidc:ann"}],
            },
        )
        entry = yaml.safe_load(access.kubeconfig().read_text())["clusters"][0]["cluster"]
        user = {"auth-provider": {"name": "oidc", "config": config_of(provider)}}
        config = kubeconfig(tmp_path, user=user, url=entry.pop("server"), **entry)
        before = config.read_bytes()
        # The API server asks the provider for its keys in the background.
        bearer = {"Authorization": f"Bearer {provider.id_token(600)}"}
        anybody = Client(
            access.url, ssl.create_default_context(cadata=access.authority.credential.certificate.decode())
        )
        eventually(lambda: anybody.request("GET", "/version", headers=bearer)[0] == 200, "the provider is known")

        reading = collect(("cluster",), CollectOptions(cluster=ClusterOptions(str(config))))

        assert reading.skipped == []
        assert any(resource.kind == "Namespace" for resource in reading.resources)
        assert len(provider.asked) == 1
        assert config.read_bytes() == before
        assert not any("refresh token" in note for note in reading.notes)


def test_a_token_that_is_valid_is_not_renewed(tmp_path: Path) -> None:
    """While the kubeconfig's id token is good, the provider is not asked, even after a refusal."""
    with identity_provider(tmp_path) as provider:
        good = provider.id_token(3600)
        one = login(provider, None, id_token=good)

        async def twice() -> list[Identity]:
            return [await one.identity(), await one.identity(refused=True)]

        assert [_sent(given) for given in asyncio.run(twice())] == [f"Bearer {good}"] * 2
        assert provider.asked == []


@pytest.mark.parametrize(
    ("behaviour", "changes", "requests"),
    [
        (Behaviour(), {}, 1),
        (Behaviour(takes_header=False), {}, 2),
        (Behaviour(), {"client_secret": None}, 1),
        (Behaviour(), {"id_token": None}, 1),
    ],
    ids=["secret in the header", "secret in the body", "public client", "no id token yet"],
)
def test_ways_to_be_a_client(
    tmp_path: Path, behaviour: Behaviour, changes: dict[str, str | None], requests: int
) -> None:
    """The secret goes into the header, then into the body; a client without one says its name."""
    with identity_provider(tmp_path, behaviour) as provider:
        assert _sent(identity(provider, **changes)).startswith("Bearer ey")
        assert len(provider.asked) == requests
        assert all(asked.form["refresh_token"] == REFRESH for asked in provider.asked)


def test_a_refresh_token_that_is_replaced(tmp_path: Path) -> None:
    """A provider that replaces the refresh token gets the new one next time; nobody asks twice at once; the user is told."""
    clock = [datetime.now(UTC)]
    with identity_provider(tmp_path, Behaviour(rotates=True)) as provider:
        one = login(provider, clock=lambda: clock[0])

        async def several() -> None:
            await asyncio.gather(*(one.identity() for _ in range(5)))
            clock[0] += timedelta(hours=1)
            provider.behaviour.lifetime = 7200
            await asyncio.gather(*(one.identity() for _ in range(5)))

        asyncio.run(several())
        assert [asked.form["refresh_token"] for asked in provider.asked] == [REFRESH, f"{REFRESH}+"]
        (note,) = one.notes
        assert "user ann replaced the refresh token" in note
        assert REFRESH not in note


_FAILURES: dict[str, tuple[Behaviour, dict[str, str | None], str]] = {
    "refresh token": (Behaviour(grants="another"), {}, "gives no new token: it answers 400"),
    "client": (Behaviour(takes_header=False, takes_body=False), {}, "gives no new token: it answers 401"),
    "failure": (Behaviour(answer=(500, b"canary-body")), {}, "gives no new token: it answers 500"),
    "redirect": (Behaviour(answer=(302, b"canary-body")), {}, "gives no new token: it answers 302"),
    "rubbish": (Behaviour(answer=(200, b'{"id_token": ["canary-body"]}')), {}, "something else than JSON"),
    "nothing": (Behaviour(answer=(200, b'{"access_token": "canary-body"}')), {}, "gave no id_token"),
    "expired": (Behaviour(lifetime=-1), {}, "gave an id-token that has expired"),
    "clear text": (Behaviour(discovery={"token_endpoint": "http://127.0.0.1/token"}), {}, "no https token endpoint"),
    "no refresh token": (Behaviour(), {"refresh_token": None}, "has expired, and there is no refresh-token"),
    "no tokens": (Behaviour(), {"refresh_token": None, "id_token": None}, "is missing, and there is no refresh-token"),
    "no issuer": (Behaviour(), {"idp_issuer_url": None}, "has no idp-issuer-url"),
    "no client": (Behaviour(), {"client_id": None}, "has no client-id"),
    "issuer in clear text": (Behaviour(), {"idp_issuer_url": "http://127.0.0.1"}, "is no https URL"),
    "authority": (Behaviour(), {"idp_certificate_authority_data": "?"}, "idp-certificate-authority of user ann"),
    "another authority": (Behaviour(), {"idp_certificate_authority_data": None}, "is not trusted"),
}


@pytest.mark.parametrize("case", _FAILURES)
def test_failures_are_named_and_nothing_of_them_is_quoted(tmp_path: Path, case: str) -> None:
    """Whatever goes wrong is an error that names the user, and repeats neither a token nor what the provider said."""
    behaviour, changes, says = _FAILURES[case]
    with identity_provider(tmp_path, behaviour) as provider, pytest.raises(KubeconfigError, match=says) as raised:
        identity(provider, **changes)
    said = raised.value.message + raised.value.hint
    assert "user ann" in said
    assert not [word for word in ("canary", REFRESH, SECRET, "eyJ") if word in said]
    assert len(provider.asked) <= 2


def test_an_authority_in_a_file(tmp_path: Path) -> None:
    """The provider's authority may stand in a file; where nobody listens, that is said."""
    (tmp_path / "ca.pem").write_bytes((authority := Authority.new("idp-ca")).credential.certificate)
    named = {"idp_certificate_authority_data": None, "idp_certificate_authority": str(tmp_path / "ca.pem")}
    with identity_provider(tmp_path, authority=authority) as provider:
        assert identity(provider, **named).expires is not None
    with pytest.raises(KubeconfigError, match="does not answer"):
        identity(provider, **named)


def _sent(given: Identity) -> str:
    assert given.authorization is not None
    return given.authorization.reveal().decode()
