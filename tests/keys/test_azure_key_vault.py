"""Azure Key Vault: what is particular to it."""

from __future__ import annotations

import pytest
from tests.keys.azure import Azure
from tests.keys.contexts import DATA_KEY, context
from tests.keys.services import Reply, Service

from strongroom.errors import DocumentError, KeyUseError, UsageError
from strongroom.files.sops import data_key
from strongroom.keys import azure_key_vault as vault
from strongroom.model.plaintext import Plaintext


def test_keys_of_rules() -> None:
    """A key comes by its URL, with or without a version, or as an entry of key groups."""
    (versioned,) = vault.parse("https://shop.vault.azure.net/keys/sops/abc")
    (newest,) = vault.parse("https://shop.vault.azure.net/keys/sops")
    assert vault.parse("https://shop.vault.azure.net/keys/sops/") == (newest,)
    entry = {"vaultUrl": "https://shop.vault.azure.net", "key": "sops"}
    assert vault.from_rule({**entry, "version": "abc"}) == (versioned,)
    assert vault.from_rule(entry) == (newest,)
    for wrong in ("https://shop.vault.azure.net/keys/sops", {}, {"vaultUrl": 5, "key": "sops"}):
        with pytest.raises(UsageError):
            vault.from_rule(wrong)
    for url in ("http://shop.vault.azure.net/keys/sops", "https://shop.vault.azure.net/secrets/sops", "shop/keys/a"):
        with pytest.raises(UsageError):
            vault.parse(url)


def test_a_key_without_a_version_takes_the_newest(azure: Azure) -> None:
    """The file says which version wrapped it, so that it still opens when there is a newer one."""
    first = azure.key("versions")
    (newest,) = vault.parse(first.rpartition("/")[0])
    holder = context({**azure.environment, **azure.client})
    wrapped = vault.wrap(DATA_KEY, newest, holder)
    assert wrapped.key.name == first
    second = azure.key("versions")
    assert vault.wrap(DATA_KEY, newest, holder).key.name == second
    assert vault.unwrap(wrapped, holder) == DATA_KEY
    assert data_key.same(newest, wrapped.key)
    assert not data_key.same(vault.parse(second)[0], wrapped.key)
    assert not data_key.same(vault.parse(first.rpartition("/")[0] + "-other")[0], wrapped.key)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com",
        "https://vault.azure.net.example.com",
        "https://evilvault.azure.net",
        "https://shop.vault.azure.net:evil",
        "https://shop.vault.azure.net@evil.example.com",
        "https://shop.vault.azure.net/path",
        "http://shop.vault.azure.net",
    ],
)
def test_a_file_cannot_send_the_token_elsewhere(azure: Azure, url: str) -> None:
    """An address that is none of Key Vault's gets no token; not even one is asked for."""
    entry = {"vault_url": url, "name": "sops", "version": "abc", "created_at": "x", "enc": "AAAA"}
    before = len(azure.service.calls)
    somebody = context({**azure.environment, **azure.client, "STRONGROOM_AZURE_KEY_VAULT_HOSTS": ""})
    with pytest.raises(KeyUseError, match="none of Azure Key Vault's"):
        vault.unwrap(vault.from_entry(entry), somebody)
    assert len(azure.service.calls) == before


@pytest.mark.parametrize(("name", "version"), [("..", "abc"), ("a/b", "abc"), ("a", "../x"), ("a?b", ""), ("a", "%2e")])
def test_a_name_in_a_file_cannot_lead_elsewhere(name: str, version: str) -> None:
    """Name and version become parts of a path: what is none is refused."""
    entry = {
        "vault_url": "https://shop.vault.azure.net",
        "name": name,
        "version": version,
        "created_at": "x",
        "enc": "x",
    }
    with pytest.raises(DocumentError):
        vault.from_entry(entry)


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("shop.vault.azure.net", "vault.azure.net"),
        ("SHOP.vault.AZURE.net:443", "vault.azure.net"),
        ("shop.managedhsm.azure.net", "managedhsm.azure.net"),
        ("shop.vault.azure.cn", "vault.azure.cn"),
        ("shop.vault.usgovcloudapi.net", "vault.usgovcloudapi.net"),
    ],
)
def test_the_service_of_a_vault(host: str, service: str) -> None:
    """The token is for the service of the cloud that the vault is in."""
    assert vault._service(f"https://{host}", {}) == service


@pytest.mark.parametrize(
    ("status", "message"), [(401, "not valid"), (403, "may not use the key"), (404, "no such key"), (500, "status 500")]
)
def test_refusals(azure: Azure, status: int, message: str) -> None:
    """Each says what is missing, and nothing of the server's own text."""
    service = Service(lambda _: Reply(status, {"error": {"message": "hunter2"}}))
    try:
        (key,) = vault.parse(f"{service.address}/keys/sops/abc")
        somebody = context({**azure.environment, **azure.client})
        somebody.kept["azure vault.azure.net"] = Plaintext("token")  # type: ignore[index]
        trusting = somebody._replace(environment={**somebody.environment, **service.environment})
        with pytest.raises(KeyUseError) as caught:
            vault.wrap(DATA_KEY, key, trusting)
        assert message in caught.value.message
        assert "hunter2" not in caught.value.message + caught.value.hint
    finally:
        service.close()


@pytest.mark.parametrize("answer", [{}, {"value": 5}, {"value": ""}, {"value": "§"}, {"key": {"kid": "x"}}])
def test_an_answer_without_a_value(azure: Azure, answer: object) -> None:
    """What does not say what was asked for is an error."""
    service = Service(lambda _: Reply(200, answer))
    try:
        somebody = context({**azure.environment, **service.environment})
        somebody.kept["azure vault.azure.net"] = Plaintext("token")  # type: ignore[index]
        with pytest.raises(KeyUseError, match="gave no value"):
            vault.wrap(DATA_KEY, vault.parse(f"{service.address}/keys/sops/abc")[0], somebody)
        with pytest.raises(KeyUseError, match="does not say which version"):
            vault.wrap(DATA_KEY, vault.parse(f"{service.address}/keys/sops")[0], somebody)
    finally:
        service.close()
