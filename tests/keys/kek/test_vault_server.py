"""A Vault server for a service that runs for months, with a real OpenBao."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.keys.kek.cases import VALUE, soon
from tests.support.openbao import OpenBao

from strongroom.errors import KeyUnreachableError, KeyUseError
from strongroom.keys.kek.kinds import parse
from strongroom.keys.kek.vault_server import Login, Server

DOCUMENTED = Path(__file__).parents[3] / "docs" / "kms-plugin-keys.md"


@pytest.fixture(scope="module")
def bao() -> Iterator[OpenBao]:
    """A server with a key, a policy of least rights, and two ways to log in."""
    server = OpenBao(tls=True)
    server.transit_key("kek")
    server.call("PUT", "sys/policies/acl/kms-plugin", {"policy": _documented_policy()})
    for method in ("approle", "jwt"):
        server.call("POST", f"sys/auth/{method}", {"type": method})
    server.call("POST", "auth/approle/role/plugin", {"token_policies": "kms-plugin", "token_ttl": "10m"})
    yield server
    server.close()


@pytest.fixture
def environment(bao: OpenBao) -> Mapping[str, str]:
    """Of somebody who trusts the server and has no token."""
    return {"VAULT_CACERT": str(bao.authority)}


@pytest.fixture
def approle(bao: OpenBao, tmp_path: Path) -> Login:
    """The files of a role."""
    role = bao.call("GET", "auth/approle/role/plugin/role-id")["data"]["role_id"]
    secret = bao.call("POST", "auth/approle/role/plugin/secret-id", {})["data"]["secret_id"]
    return Login(
        "approle", (), (("role_id", _file(tmp_path, "role", role)), ("secret_id", _file(tmp_path, "id", secret)))
    )


def _documented_policy() -> str:
    return DOCUMENTED.read_text("utf-8").partition("```hcl\n")[2].partition("```")[0]


def _file(folder: Path, name: str, text: str) -> str:
    (folder / name).touch(0o600)
    (folder / name).write_text(text + "\n")
    return str(folder / name)


def _token(bao: OpenBao, **parameters: Any) -> str:
    """A token that may use the key and nothing else."""
    given = {"policies": ["kms-plugin"], "no_default_policy": False, **parameters}
    return str(bao.call("POST", "auth/token/create", given)["auth"]["client_token"])


def _facts(bao: OpenBao, token: str) -> dict[str, Any]:
    data: dict[str, Any] = bao.call("POST", "auth/token/lookup", {"token": token})["data"]
    return data


def _read(server: Server) -> int:
    return server.ask(("transit", "keys", "kek"), None, soon()).status


def _in_use(server: Server) -> str:
    return str(vars(server)["_token"].value.reveal().decode())


def test_the_least_rights_are_enough(bao: OpenBao, environment: Mapping[str, str]) -> None:
    """With the policy of the documentation a token can do all that a plugin asks for."""
    known = {**environment, "VAULT_TOKEN": _token(bao, no_default_policy=True)}
    key = parse(f"vault-transit:{bao.address}/v1/transit/keys/kek", known)
    told = key.current(soon())
    ciphertext, version = key.encrypt(VALUE, soon())
    assert version == told
    assert key.decrypt(ciphertext, version.id, soon()) == VALUE


def test_a_token_is_renewed_in_time(bao: OpenBao, environment: Mapping[str, str]) -> None:
    """When half of its life is over a token is renewed, and not before; one without an end never is."""
    now, token = [0.0], _token(bao, ttl="10m")
    server = Server(bao.address, "", Login(), {**environment, "VAULT_TOKEN": token}, lambda: now[0])
    assert _read(server) == 200
    now[0] = 299
    assert _read(server) == 200
    assert _facts(bao, token).get("last_renewal_time") is None
    now[0] = 301
    assert _read(server) == 200
    assert _facts(bao, token)["last_renewal_time"] > 0
    for_ever = Server(bao.address, "", Login(), {**environment, "VAULT_TOKEN": bao.token}, lambda: now[0])
    assert _read(for_ever) == 200
    now[0] = 1e9
    assert _read(for_ever) == 200


def test_a_role_logs_in_and_again_when_its_token_is_revoked(
    bao: OpenBao, environment: Mapping[str, str], approle: Login
) -> None:
    """AppRole: one login serves until its token is no longer taken; then there is another, and nobody notices."""
    server = Server(bao.address, "", approle, environment)
    assert _read(server) == 200
    first = _in_use(server)
    assert _read(server) == 200
    assert _in_use(server) == first
    bao.call("POST", "auth/token/revoke", {"token": first})
    assert _read(server) == 200
    assert _in_use(server) != first


def test_a_token_that_cannot_be_renewed_any_more_is_replaced(
    bao: OpenBao, environment: Mapping[str, str], approle: Login
) -> None:
    """At the end of the longest life of its token a role logs in anew, before the token ends."""
    now = [0.0]
    server = Server(bao.address, "", approle, environment, lambda: now[0])
    assert _read(server) == 200
    first = _in_use(server)
    bao.call("POST", "auth/token/revoke", {"token": first})  # a renewal is refused, as at the end of the life
    now[0] = 301
    assert _read(server) == 200
    assert _in_use(server) != first


def test_a_token_that_is_still_good_is_used_although_nothing_renews_it(
    bao: OpenBao, environment: Mapping[str, str], approle: Login
) -> None:
    """Where neither a renewal nor a login works, requests go on with the token, and the renewal is tried again."""
    now = [0.0]
    server = Server(bao.address, "", approle, environment, lambda: now[0])
    assert _read(server) == 200
    first = _in_use(server)
    secret = Path(dict(approle.files)["secret_id"])
    kept = secret.read_text()
    vars(server)["_token"] = vars(server)["_token"]._replace(ttl=1e6)  # no lease is long enough: it has to log in
    secret.write_text("gone")
    now[0] = 301
    assert _read(server) == 200
    assert _in_use(server) == first
    secret.write_text(kept)
    assert _read(server) == 200
    assert _in_use(server) == first
    now[0] = 320
    assert _read(server) == 200
    assert _in_use(server) != first


def test_a_refused_login_is_an_error(
    bao: OpenBao, environment: Mapping[str, str], approle: Login, tmp_path: Path
) -> None:
    """A role whose secret is wrong gets no token, and the error repeats none of its files."""
    wrong = approle._replace(files=(approle.files[0], ("secret_id", _file(tmp_path, "wrong", "s3cret-id"))))
    with pytest.raises(KeyUseError, match="refuses the login at auth/approle") as caught:
        _read(Server(bao.address, "", wrong, environment))
    assert "s3cret-id" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("mode", [0o604, 0o602])
def test_a_secret_that_everybody_may_read_is_refused(
    bao: OpenBao, environment: Mapping[str, str], approle: Login, mode: int
) -> None:
    """A secret ID or a JWT in a file that everybody may read logs nobody in; a group's may, and a role ID is no secret."""
    role, secret = (Path(path) for _, path in approle.files)
    role.chmod(0o644)
    secret.chmod(0o640)
    assert _read(Server(bao.address, "", approle, environment)) == 200
    secret.chmod(mode)
    jwt = Login("jwt", (("role", "plugin"),), (("jwt", str(secret)),))
    for login in (approle, jwt):
        with pytest.raises(KeyUseError, match="id may be read or changed by everybody") as caught:
            _read(Server(bao.address, "", login, environment))
        assert caught.value.hint == f"chmod o= {secret}"


def test_a_token_file_that_changes_is_read_again(bao: OpenBao, environment: Mapping[str, str], tmp_path: Path) -> None:
    """An agent puts a new token into its file: it is taken at once, and one that was revoked is not asked with twice."""
    first, second = _token(bao), _token(bao)
    file = _file(tmp_path, "sink", first)
    server = Server(bao.address, "", Login(token_file=file), environment)
    assert _read(server) == 200
    Path(file).write_text(second)
    assert _read(server) == 200
    assert _in_use(server) == second
    bao.call("POST", "auth/token/revoke", {"token": second})
    assert _read(server) == 403
    Path(file).write_text("no\x07token")
    with pytest.raises(KeyUseError, match="holds no token"):
        _read(server)


def test_a_signed_token_logs_in(bao: OpenBao, environment: Mapping[str, str], tmp_path: Path) -> None:
    """JWT: a token of another issuer is exchanged, read from its file at each login."""
    private = rsa.generate_private_key(65537, 2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    bao.call("POST", "auth/jwt/config", {"jwt_validation_pubkeys": [public.decode()]})
    role = {"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"], "token_policies": ["kms-plugin"]}
    bao.call("POST", "auth/jwt/role/plugin", role)
    file = _file(tmp_path, "jwt", _jwt(private))
    uri = f"vault-transit:{bao.address}/v1/transit/keys/kek?login=jwt&role=plugin&jwt-file={file}"
    key = parse(uri, environment)
    ciphertext, version = key.encrypt(VALUE, soon())
    assert key.decrypt(ciphertext, version.id, soon()) == VALUE
    Path(file).write_text("expired")
    with pytest.raises(KeyUseError, match="refuses the login at auth/jwt"):
        parse(uri, environment).current(soon())


def _jwt(private: rsa.RSAPrivateKey) -> str:
    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    claims = {"sub": "plugin", "aud": "vault", "exp": int(time.time()) + 600, "iat": int(time.time())}
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    return f"{text}.{encoded(private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def test_a_sealed_server_is_worth_another_try(environment: Mapping[str, str]) -> None:
    """A server that is sealed, and one that has died, are out of reach and not refusals."""
    server = OpenBao(tls=True)
    try:
        url = server.transit_key("kek")
        known = {"VAULT_CACERT": str(server.authority), "VAULT_TOKEN": server.token}
        key = parse(f"vault-transit:{url}", known)
        key.current(soon())
        server.call("PUT", "sys/seal", {})
        with pytest.raises(KeyUnreachableError, match="cannot answer now: status 503"):
            key.current(soon())
    finally:
        server.close()
    with pytest.raises(KeyUnreachableError, match="could not be reached"):
        key.encrypt(VALUE, soon())


def test_a_server_shows_no_token(bao: OpenBao, environment: Mapping[str, str]) -> None:
    """What a debugger prints of a server in use holds neither its token nor the environment."""
    token = _token(bao, display_name=secrets.token_hex(4))
    server = Server(bao.address, "", Login(), {**environment, "VAULT_TOKEN": token})
    assert _read(server) == 200
    assert token not in repr(server)
    assert token not in repr(vars(server)["_token"])
