"""Credentials: tokens, files, passwords, plugins."""

from __future__ import annotations

import asyncio
import base64
import json
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from strongroom.errors import KubeconfigError
from strongroom.kube import execplugin
from strongroom.kube.credentials import Identity, Login
from strongroom.kube.kubeconfig import AuthProvider, Exec, Named, Server, User, Variable
from strongroom.model.plaintext import Plaintext

V1 = "client.authentication.k8s.io/v1"
SERVER = Server(server="https://example.org", certificate_authority_data="Y2E=")


def identity(user: User, folder: Path) -> Identity:
    """Return what a user sends."""
    return asyncio.run(Login(Named("u", user, folder), SERVER).identity())


def header(given: Identity) -> str:
    """Return the header that goes over the wire."""
    assert given.authorization is not None
    return given.authorization.reveal().decode()


def plugin(folder: Path, script: str, **more: Any) -> Exec:
    """Write a plugin as a shell script."""
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Exec("./plugin", V1, **more)


def credential(**status: str) -> str:
    """Return what a plugin should print."""
    return json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": status})


def test_tokens_and_passwords(tmp_path: Path) -> None:
    """A token file counts before a token; a name and password become basic authentication; nothing sends nothing."""
    (tmp_path / "token").write_text("from-file\n")

    assert header(identity(User(token=Plaintext("t")), tmp_path)) == "Bearer t"
    assert header(identity(User(token=Plaintext("t"), token_file="token"), tmp_path)) == "Bearer from-file"
    basic = "Basic " + base64.b64encode(b"joe:pw").decode()
    assert header(identity(User(username="joe", password=Plaintext("pw")), tmp_path)) == basic
    assert identity(User(), tmp_path).authorization is None


def test_a_token_file_is_read_again_when_it_was_refused(tmp_path: Path) -> None:
    """Tokens of ServiceAccounts change under a running program: a refused one is replaced by what the file holds now."""
    file = tmp_path / "token"
    file.write_text("first")
    login = Login(Named("u", User(token_file="token"), tmp_path), SERVER)

    async def both() -> tuple[Identity, Identity, Identity]:
        first = await login.identity()
        file.write_text("second")
        return first, await login.identity(), await login.identity(refused=True)

    assert [header(one) for one in asyncio.run(both())] == ["Bearer first", "Bearer first", "Bearer second"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A token file that is not there is an error that says which."""
    with pytest.raises(KubeconfigError, match="token file of user u cannot be read"):
        identity(User(token_file="nowhere"), tmp_path)


def test_a_plugin_gives_a_token_and_is_told_what_it_may_know(tmp_path: Path) -> None:
    """A plugin gets its arguments, its variables and, where it wants it, the cluster; its token is used until it expires."""
    script = (
        f"echo run >> '{tmp_path}/runs'; printf %s \"$KUBERNETES_EXEC_INFO\" > '{tmp_path}/info'\n"
        f"cat <<EOF\n{credential(token='$1-$WHO', expirationTimestamp='2099-01-01T00:00:00Z')}\nEOF"
    )
    run = plugin(tmp_path, script, args=["get"], env=[Variable("WHO", Plaintext("joe"))], provide_cluster_info=True)
    login = Login(Named("u", User(exec=run), tmp_path), SERVER)

    async def twice() -> list[Identity]:
        return [await login.identity(), await login.identity()]

    assert [header(one) for one in asyncio.run(twice())] == ["Bearer get-joe"] * 2
    assert (tmp_path / "runs").read_text() == "run\n"
    told = json.loads((tmp_path / "info").read_text())
    assert told["apiVersion"] == V1
    assert told["spec"]["cluster"] == {"server": "https://example.org", "certificate-authority-data": "Y2E="}


def test_a_plugin_that_has_expired_is_run_again(tmp_path: Path) -> None:
    """A token past its expiry is not used again."""
    script = (
        f"echo run >> '{tmp_path}/runs'; echo '{credential(token='t', expirationTimestamp='2020-01-01T00:00:00Z')}'"
    )
    login = Login(Named("u", User(exec=plugin(tmp_path, script)), tmp_path), SERVER)

    async def twice() -> None:
        await login.identity()
        await login.identity()

    asyncio.run(twice())
    assert (tmp_path / "runs").read_text() == "run\nrun\n"


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo hunter2; echo hunter2 >&2; exit 3", "failed with exit code 3"),
        ("echo hunter2", "printed no ExecCredential"),
        ("printf '\\377\\376hunter2'", "printed no ExecCredential"),
        ('echo \'{"status": {"token": ["hunter2"]}}\'', "printed no ExecCredential"),
        (f"echo '{credential()}'", "gave neither a token nor a certificate"),
        (f"echo '{credential(clientCertificateData='hunter2')}'", "gave neither a token nor a certificate"),
        (f"echo '{credential(token='hunter2').replace('/v1', '/v1beta1')}'", "answered in another protocol"),
    ],
)
def test_a_plugin_that_fails_is_named_and_not_quoted(
    tmp_path: Path, script: str, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A plugin that fails or prints rubbish is an error with its name, which repeats nothing that it printed."""
    with pytest.raises(KubeconfigError, match=says) as raised:
        identity(User(exec=plugin(tmp_path, script)), tmp_path)
    assert "hunter2" not in raised.value.message + raised.value.hint
    assert "hunter2" not in capfd.readouterr().out


def test_a_plugin_that_hangs_is_ended(tmp_path: Path) -> None:
    """A plugin that prints nothing is given up after its time, and does not go on running."""
    run = plugin(tmp_path, f"echo $$ > '{tmp_path}/pid'; exec sleep 600")

    with pytest.raises(KubeconfigError, match="took longer than 1 s"):
        asyncio.run(execplugin.run(run, SERVER, tmp_path, seconds=1))
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_a_plugin_that_is_not_installed_says_how_to_get_it(tmp_path: Path) -> None:
    """The hint of the kubeconfig on how to install a plugin is passed on."""
    missing = Exec("strongroom-no-such-plugin", V1, install_hint="ask the\nplatform team")

    with pytest.raises(KubeconfigError, match="is not installed") as raised:
        identity(User(exec=missing), tmp_path)
    assert raised.value.hint == "ask the platform team"


def token(claims: dict[str, object]) -> Plaintext:
    """Make a JSON Web Token without a signature."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "x"}, claims)
    ]
    return Plaintext(".".join([*parts, "c2ln"]))


def test_the_token_of_an_auth_provider_is_used_while_it_is_valid(tmp_path: Path) -> None:
    """The token of an auth provider is sent while it is valid; of another provider than oidc none is renewed."""
    user = User(auth_provider=AuthProvider("oidc"))
    with pytest.raises(KubeconfigError, match="id-token of user u is missing"):
        identity(user, tmp_path)

    good = token({"exp": int(time.time()) + 3600})
    assert header(identity(User(auth_provider=_provider({"id-token": good})), tmp_path)).startswith("Bearer ey")

    old = AuthProvider("gcp", {"access-token": token({"exp": 1600000000}), "refresh-token": Plaintext("r")})
    with pytest.raises(
        KubeconfigError, match="auth provider gcp of user u has no access-token that is valid"
    ) as raised:
        identity(User(auth_provider=old), tmp_path)
    assert "exec plugin" in raised.value.hint


def _provider(config: dict[str, Plaintext]) -> AuthProvider:
    return AuthProvider("oidc", config)
