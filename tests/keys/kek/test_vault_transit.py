"""Transit keys, with a real OpenBao."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import pytest
from tests.keys.kek.cases import VALUE, soon
from tests.support.openbao import OpenBao

from strongroom.errors import KeyUseError, TamperedError, UsageError
from strongroom.keys.kek import KeyEncryptionKey
from strongroom.keys.kek.kinds import parse

URL = "vault-transit:https://vault:8200/v1/transit/keys/kek"


@pytest.fixture
def name(openbao: OpenBao) -> str:
    """The name of a key."""
    name = f"key-{secrets.token_hex(4)}"
    openbao.transit_key(name)
    return name


@pytest.fixture
def key(openbao: OpenBao, name: str, vault_environment: Mapping[str, str]) -> KeyEncryptionKey:
    """That key."""
    return parse(f"vault-transit:{openbao.address}/v1/transit/keys/{name}", vault_environment)


def test_a_version_that_may_no_longer_decrypt_is_told_from_a_change(
    openbao: OpenBao, name: str, key: KeyEncryptionKey
) -> None:
    """Raising min_decryption_version makes old ciphertexts unreadable, and the error names it."""
    ciphertext, old = key.encrypt(VALUE, soon())
    openbao.call("POST", f"transit/keys/{name}/rotate", {})
    openbao.call("POST", f"transit/keys/{name}/config", {"min_decryption_version": 2})
    with pytest.raises(KeyUseError, match=r"version 1 of .* may no longer decrypt") as caught:
        key.decrypt(ciphertext, old.id, soon())
    assert caught.value.hint.startswith("min_decryption_version is 2")


def test_a_version_that_may_no_longer_encrypt_is_left(openbao: OpenBao, name: str, key: KeyEncryptionKey) -> None:
    """An encryption goes on with the newest version where the known one was ruled out, and says which it was."""
    old = key.current(soon())
    openbao.call("POST", f"transit/keys/{name}/rotate", {})
    assert key.encrypt(VALUE, soon())[1] == old
    openbao.call("POST", f"transit/keys/{name}/config", {"min_encryption_version": 2})
    ciphertext, new = key.encrypt(VALUE, soon())
    assert new != old
    assert key.current(soon()) == new
    assert key.decrypt(ciphertext, new.id, soon()) == VALUE


def test_a_key_made_anew_is_another_version(openbao: OpenBao, name: str, key: KeyEncryptionKey) -> None:
    """The same name and number do not make it the same key: the id holds when it was made."""
    _, old = key.encrypt(VALUE, soon())
    made = openbao.call("GET", f"transit/keys/{name}")["data"]["keys"]["1"]
    assert old.id == f"vault-transit:transit/{name}:v1:{made}"


def test_a_ciphertext_for_another_purpose_is_refused(openbao: OpenBao, name: str, key: KeyEncryptionKey) -> None:
    """What the same key encrypted for somebody else, a SOPS file for one, cannot be opened through the plugin."""
    other = openbao.call("POST", f"transit/encrypt/{name}", {"plaintext": "c29wcw=="})["data"]["ciphertext"]
    with pytest.raises(TamperedError):
        key.decrypt(other.encode(), key.current(soon()).id, soon())


@pytest.mark.parametrize("parameters", [{"type": "rsa-2048"}, {"derived": True}, {"type": "ed25519"}])
def test_a_key_of_a_type_that_does_not_fit_is_refused(
    openbao: OpenBao, vault_environment: Mapping[str, str], parameters: dict[str, object]
) -> None:
    """Only symmetric keys that notice changes serve, and only such without a context of their own."""
    name = f"key-{secrets.token_hex(4)}"
    openbao.call("POST", f"transit/keys/{name}", parameters)
    key = parse(f"vault-transit:{openbao.address}/v1/transit/keys/{name}", vault_environment)
    with pytest.raises(KeyUseError, match="type that does not fit"):
        key.current(soon())


def test_a_key_that_is_not_there_and_a_token_without_rights_are_named(
    openbao: OpenBao, vault_environment: Mapping[str, str]
) -> None:
    """Each error says what is missing."""
    url = f"vault-transit:{openbao.address}/v1/transit/keys/nothing"
    with pytest.raises(KeyUseError, match="does not exist"):
        parse(url, vault_environment).current(soon())
    with pytest.raises(KeyUseError, match="does not let this token") as caught:
        parse(url, {**vault_environment, "VAULT_TOKEN": "s.nobody"}).current(soon())
    assert "read on transit/keys/nothing" in caught.value.hint


def test_the_namespace_is_part_of_the_id() -> None:
    """Keys of one name in two namespaces are two keys."""
    for key in (parse(f"{URL}?namespace=team/a", {}), parse(URL, {"VAULT_NAMESPACE": "team/a"})):
        assert key.owns("vault-transit:team/a/transit/kek:v1:1")
        assert not key.owns("vault-transit:transit/kek:v1:1")
    assert parse(URL, {}).owns("vault-transit:transit/kek:v1:1")


@pytest.mark.parametrize(
    ("address", "warned"),
    [
        ("http://vault:8200", True),
        ("https://vault:8200", False),
        ("http://127.0.0.1:8200", False),
        ("http://[::1]:8", False),
    ],
)
def test_a_connection_that_is_not_encrypted_is_warned_of(address: str, warned: bool) -> None:
    """Over http a Vault may be on this machine, an agent for one; elsewhere the plugin says what that means."""
    assert bool(parse(f"vault-transit:{address}/v1/transit/keys/kek", {}).warning) is warned


@pytest.mark.parametrize(
    "options",
    [
        "?login=ldap",
        "?login=approle",
        "?login=approle&role-id-file=/a",
        "?login=approle&role-id-file=/a&secret-id-file=/b&token-file=/c",
        "?login=jwt&role=r",
        "?role=r",
        "?mount=m",
        "?token=s.abc",
        "?token-file=",
        "#kek",
        ",https://vault:8200/v1/transit/keys/other",
    ],
)
def test_options_that_do_not_fit_are_refused(options: str) -> None:
    """A login has all of its files and no other's, and a URI names one key."""
    with pytest.raises(UsageError) as caught:
        parse(URL + options, {})
    assert "s.abc" not in caught.value.message + caught.value.hint
