"""Keys of Azure Key Vault."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import pytest
from tests.keys.azure import Azure
from tests.keys.contexts import DATA_KEY, context
from tests.keys.kek.cases import VALUE, soon
from tests.keys.services import Reply, Service

from strongroom.errors import KeyUseError, TamperedError, UsageError
from strongroom.keys import azure_key_vault
from strongroom.keys.entries import to_url_safe
from strongroom.keys.kek.kinds import parse


@pytest.fixture
def environment(azure: Azure) -> Mapping[str, str]:
    """Of somebody who may use every key."""
    return {**azure.environment, **azure.client}


@pytest.fixture
def name() -> str:
    """A name that no key has yet."""
    return f"key-{secrets.token_hex(4)}"


def test_the_version_is_the_url(azure: Azure, environment: Mapping[str, str], name: str) -> None:
    """The id names the version as Azure does, and a pinned version is not left for a newer one."""
    first = azure.key(name)
    pinned = parse(f"azure-key-vault:{first}", environment)
    newest = parse(f"azure-key-vault:{azure.address}/keys/{name}", environment)
    second = azure.key(name)
    assert pinned.current(soon()).id == f"azure-key-vault:{first}"
    assert newest.current(soon()).id == f"azure-key-vault:{second}"
    ciphertext, version = pinned.encrypt(VALUE, soon())
    assert newest.decrypt(ciphertext, version.id, soon()) == VALUE


def test_a_disabled_version_is_named(azure: Azure, environment: Mapping[str, str], name: str) -> None:
    """A ciphertext of a version that was disabled is neither said to be changed nor to lack rights."""
    first = azure.key(name)
    key = parse(f"azure-key-vault:{azure.address}/keys/{name}", environment)
    ciphertext, version = key.encrypt(VALUE, soon())
    azure.key(name)
    azure.disable(first)
    assert key.current(soon()) != version
    with pytest.raises(KeyUseError, match="is disabled") as caught:
        key.decrypt(ciphertext, version.id, soon())
    assert caught.value.hint == "it can be enabled again"


def test_a_ciphertext_for_another_purpose_is_refused(azure: Azure, environment: Mapping[str, str], name: str) -> None:
    """What the same key wrapped for a SOPS file cannot be opened through the plugin."""
    url = azure.key(name)
    (sops,) = azure_key_vault.parse(url)
    enc = azure_key_vault.from_url_safe(azure_key_vault.wrap(DATA_KEY, sops, context(environment)).enc)
    assert enc is not None
    with pytest.raises(TamperedError):
        parse(f"azure-key-vault:{url}", environment).decrypt(enc, f"azure-key-vault:{url}", soon())


@pytest.mark.parametrize(
    "facts",
    [
        {"key": {"kty": "EC"}},
        {"attributes": {"enabled": False}},
        {"attributes": {"enabled": True, "exp": 1}},
        {"attributes": {"enabled": True, "nbf": 99_999_999_999}},
        {"attributes": {}},
        {"key": {"kty": "RSA", "kid": "https://elsewhere"}},
    ],
)
def test_a_key_that_cannot_serve_is_refused(facts: dict[str, dict[str, object]]) -> None:
    """Elliptic, disabled, expired, not valid yet, or with an answer that does not say."""
    service = Service(lambda _: Reply(200, {"access_token": "eyJ0.token"}))
    good: dict[str, dict[str, object]] = {
        "key": {"kid": f"{service.address}/keys/k/1", "kty": "RSA"},
        "attributes": {"enabled": True},
    }
    answer = {part: {**good[part], **facts.get(part, {})} for part in good}
    if facts.get("attributes") == {}:
        answer["attributes"] = {}
    service.answering = lambda call: Reply(200, {"access_token": "eyJ0.token"} if call.method == "POST" else answer)
    known = {
        **service.environment,
        "AZURE_AUTHORITY_HOST": service.address,
        "AZURE_TENANT_ID": "t",
        "AZURE_CLIENT_ID": "c",
        "AZURE_CLIENT_SECRET": "s",
        "STRONGROOM_AZURE_KEY_VAULT_HOSTS": "127.0.0.1",
    }
    try:
        with pytest.raises(KeyUseError):
            parse(f"azure-key-vault:{service.address}/keys/k", known).current(soon())
        service.answering = lambda call: Reply(200, {"access_token": "eyJ0.token"} if call.method == "POST" else good)
        assert parse(f"azure-key-vault:{service.address}/keys/k", known).current(soon()).id.endswith("/keys/k/1")
    finally:
        service.close()


def test_a_token_goes_to_no_other_host(environment: Mapping[str, str]) -> None:
    """A host that is none of Key Vault's, and not named as one's own, gets no token."""
    key = parse("azure-key-vault:https://example.com/keys/k", environment)
    with pytest.raises(KeyUseError, match="no token is sent there"):
        key.current(soon())


@pytest.mark.parametrize("uri", ["https://h/keys/a,https://h/keys/b", "http://h/keys/a", "https://h/keys/a?x=y", "h/a"])
def test_what_is_no_url_of_one_key_is_refused(uri: str) -> None:
    """Lists, other schemes and options are no key."""
    with pytest.raises(UsageError):
        parse(f"azure-key-vault:{uri}", {})


def test_changed_text_in_an_answer_is_no_key() -> None:
    """Base64 for URLs is read with and without padding, and nothing else is."""
    assert azure_key_vault.from_url_safe(to_url_safe(b"\xff\xfe")) == b"\xff\xfe"
    assert azure_key_vault.from_url_safe("§") is None
    assert azure_key_vault.from_url_safe(5) is None
