"""Vault transit: what is particular to it, with a real OpenBao."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.keys.contexts import DATA_KEY, context
from tests.keys.services import Call, Reply, Service
from tests.support.openbao import OpenBao

from strongroom.errors import DocumentError, KeyUseError, UsageError
from strongroom.keys import hashicorp_vault as vault


@pytest.mark.parametrize(
    ("url", "address", "engine", "name"),
    [
        ("https://vault:8200/v1/transit/keys/shop", "https://vault:8200", "transit", "shop"),
        ("http://vault/v1/team/a/transit/keys/shop", "http://vault", "team/a/transit", "shop"),
        ("https://vault/v1/transit/keys/shop/", "https://vault", "transit", "shop"),
    ],
)
def test_a_key_by_its_url(url: str, address: str, engine: str, name: str) -> None:
    """Address, engine and name are taken out of the URL as SOPS does."""
    (key,) = vault.parse(url)
    assert key.options == (("vault_address", address), ("engine_path", engine), ("key_name", name))
    assert key.name == f"{address}/v1/{engine}/keys/{name}"
    assert vault.from_rule(url) == (key,)


@pytest.mark.parametrize(
    "url",
    [
        "vault:8200/v1/transit/keys/shop",
        "https://vault/transit/keys/shop",
        "https://vault/prefix/v1/transit/keys/shop",
        "https://vault/v1/keys/shop",
        "https://user:password@vault/v1/transit/keys/shop",
        "https://vault/v1/transit/keys/shop?x=y",
        "ftp://vault/v1/transit/keys/shop",
        "https://[/v1/transit/keys/shop",
    ],
)
def test_what_is_no_url_of_a_key(url: str) -> None:
    """It is refused, and a password in it is not repeated."""
    with pytest.raises(UsageError) as caught:
        vault.parse(url)
    assert "password" not in caught.value.message


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc",
        "https://",
        "https://vault/v1/sys/seal?",
        "https://vault/v1/kv/app#",
        "https://vault?",
        "https://ann:safe@vault",
        "https://elsewhere\\@vault",
        "https://vault\n",
        "https://[vault",
    ],
)
def test_an_address_in_a_file_that_is_more_than_a_server(address: str) -> None:
    """The metadata is refused: our token would go to whatever path stands in it."""
    entry = {"vault_address": address, "engine_path": "transit", "key_name": "a", "created_at": "x", "enc": "x"}
    with pytest.raises(DocumentError, match="vault_address"):
        vault.from_entry(entry)


@pytest.mark.parametrize(
    ("engine", "name"), [("..", "a"), ("a/../b", "a"), ("transit", "../a"), ("transit", "a/b"), ("a//b", "a")]
)
def test_a_path_in_a_file_cannot_lead_elsewhere(engine: str, name: str) -> None:
    """Engine and name become parts of a path that our token is sent to: what is none is refused."""
    entry = {"vault_address": "https://vault", "engine_path": engine, "key_name": name, "created_at": "x", "enc": "x"}
    with pytest.raises(DocumentError):
        vault.from_entry(entry)


def test_the_token_is_found_where_the_vault_command_finds_it(openbao: OpenBao, tmp_path: Path) -> None:
    """In VAULT_TOKEN, in BAO_TOKEN before it, in ~/.vault-token; without any, the error says how to log in."""
    (key,) = vault.parse(openbao.transit_key("token"))
    trust = {"VAULT_CACERT": str(openbao.authority)}
    home = {"HOME": str(tmp_path)}
    with pytest.raises(KeyUseError, match="there is no token") as caught:
        vault.wrap(DATA_KEY, key, context({**trust, **home}))
    assert "vault login" in caught.value.hint
    (tmp_path / ".vault-token").write_text(openbao.token + "\n")
    for found in (home, {"VAULT_TOKEN": openbao.token}, {"BAO_TOKEN": openbao.token, "VAULT_TOKEN": "wrong"}):
        assert vault.wrap(DATA_KEY, key, context({**trust, **found})).enc.startswith("vault:v1:")
    with pytest.raises(KeyUseError, match="characters that no token has"):
        vault.wrap(DATA_KEY, key, context({**trust, "VAULT_TOKEN": "a\r\nX-Vault-Token: b"}))


def test_refusals_say_what_is_missing(openbao: OpenBao, vault_environment: Mapping[str, str]) -> None:
    """A token without the right, an engine that is not there and a changed ciphertext are told apart."""
    (key,) = vault.parse(openbao.transit_key("refusals"))
    wrapped = vault.wrap(DATA_KEY, key, context(vault_environment))
    openbao.call(
        "PUT", "sys/policies/acl/only-encrypt", {"policy": 'path "transit/encrypt/*" { capabilities = ["update"] }'}
    )
    limited = openbao.call("POST", "auth/token/create", {"policies": ["only-encrypt"]})["auth"]["client_token"]
    somebody = context({**vault_environment, "VAULT_TOKEN": limited})
    vault.wrap(DATA_KEY, key, somebody)
    with pytest.raises(KeyUseError, match="does not let this token use the key refusals"):
        vault.unwrap(wrapped, somebody)
    (nowhere,) = vault.parse(f"{openbao.address}/v1/nowhere/keys/refusals")
    with pytest.raises(KeyUseError, match="has no transit engine at nowhere"):
        vault.wrap(DATA_KEY, nowhere, context(vault_environment))
    with pytest.raises(KeyUseError, match="could not use the key refusals"):
        vault.unwrap(wrapped._replace(enc="vault:v9:" + wrapped.enc[9:]), context(vault_environment))


def test_a_namespace(openbao: OpenBao, vault_environment: Mapping[str, str]) -> None:
    """VAULT_NAMESPACE leads to the engine of a namespace."""
    openbao.call("POST", "sys/namespaces/team", {})
    openbao.call("POST", "team/sys/mounts/inner", {"type": "transit"})
    openbao.call("POST", "team/inner/keys/a", {})
    (key,) = vault.parse(f"{openbao.address}/v1/inner/keys/a")
    inside = context({**vault_environment, "VAULT_NAMESPACE": "team"})
    assert vault.unwrap(vault.wrap(DATA_KEY, key, inside), inside) == DATA_KEY
    with pytest.raises(KeyUseError, match="has no transit engine at inner"):
        vault.wrap(DATA_KEY, key, context(vault_environment))


def test_a_file_cannot_send_the_token_elsewhere() -> None:
    """Where the environment says which Vault is ours, an address that a file names gets no token unless it is listed."""
    thief = Service(lambda _: Reply(200, {"data": {"ciphertext": "vault:v1:x"}}), tls=False)
    try:
        (key,) = vault.parse(f"{thief.address}/v1/transit/keys/a")
        ours = {"VAULT_TOKEN": "s.ours", "VAULT_ADDR": "https://vault.example.com"}
        with pytest.raises(KeyUseError, match="the environment names another"):
            vault.wrap(DATA_KEY, key, context(ours))
        assert thief.calls == []
        for allowed in (f"https://other.example.com, {thief.address}/", "all"):
            somebody = context({**ours, "SOPS_HC_VAULT_ALLOWLIST": allowed})
            assert vault.wrap(DATA_KEY, key, somebody).enc == "vault:v1:x"
        for allowed in ("none", "https://other.example.com", thief.address[:-1], thief.address + "1"):
            with pytest.raises(KeyUseError, match="the environment names another"):
                vault.wrap(DATA_KEY, key, context({"VAULT_TOKEN": "s.ours", "SOPS_HC_VAULT_ALLOWLIST": allowed}))
        assert len(thief.calls) == 2
    finally:
        thief.close()


def test_a_redirect_gets_no_token(openbao: OpenBao) -> None:
    """A standby that redirects is an error: the token goes to no other server."""
    elsewhere = Service(lambda _: Reply(200, {"data": {"ciphertext": "vault:v1:x"}}), tls=False)
    standby = Service(lambda _: Reply(307, headers={"Location": elsewhere.address}), tls=False)
    try:
        (key,) = vault.parse(f"{standby.address}/v1/transit/keys/a")
        with pytest.raises(KeyUseError, match="redirect"):
            vault.wrap(DATA_KEY, key, context({"VAULT_TOKEN": "s.ours"}))
        assert elsewhere.calls == []
    finally:
        standby.close()
        elsewhere.close()


def test_an_agent_adds_the_token() -> None:
    """With VAULT_AGENT_ADDR requests go to the agent, and need no token of our own."""

    def agent(call: Call) -> Reply:
        assert call.path == "/v1/transit/encrypt/a"
        return Reply(200, {"data": {"ciphertext": "vault:v1:x"}})

    service = Service(agent, tls=False)
    try:
        (key,) = vault.parse("https://vault.example.com/v1/transit/keys/a")
        assert vault.wrap(DATA_KEY, key, context({"VAULT_AGENT_ADDR": service.address})).enc == "vault:v1:x"
    finally:
        service.close()


@pytest.mark.parametrize("answer", [{}, {"data": None}, {"data": {"plaintext": 5}}, {"data": {"plaintext": "§"}}, []])
def test_an_answer_without_a_value(answer: object) -> None:
    """What does not say what was asked for is an error."""
    service = Service(lambda _: Reply(200, answer), tls=False)
    try:
        (key,) = vault.parse(f"{service.address}/v1/transit/keys/a")
        somebody = context({"VAULT_TOKEN": "s.ours"})
        with pytest.raises(KeyUseError, match="gave no ciphertext"):
            vault.wrap(DATA_KEY, key, somebody)
        with pytest.raises(KeyUseError, match="gave no plaintext"):
            vault.unwrap(vault.from_entry({**dict(key.options), "enc": "vault:v1:x", "created_at": "x"}), somebody)
    finally:
        service.close()


def test_certificates_are_checked(openbao: OpenBao) -> None:
    """Without the authority the server is not trusted, and switching the check off is refused."""
    (key,) = vault.parse(openbao.transit_key("trust"))
    with pytest.raises(KeyUseError, match="is not trusted"):
        vault.wrap(DATA_KEY, key, context({"VAULT_TOKEN": openbao.token}))
    with pytest.raises(KeyUseError, match="VAULT_SKIP_VERIFY is not supported"):
        vault.wrap(DATA_KEY, key, context({"VAULT_TOKEN": openbao.token, "VAULT_SKIP_VERIFY": "true"}))
    bad = {"VAULT_CLIENT_CERT": "/nowhere/a.pem", "VAULT_CLIENT_KEY": "/nowhere/b.pem"}
    with pytest.raises(KeyUseError, match="could not be read as a certificate and its key"):
        vault.wrap(DATA_KEY, key, context({"VAULT_TOKEN": openbao.token, **bad}))
