"""What names promise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.leaks.names import MAX_NAME, Promise, promise, promises_plain, words_of


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("DB_PASSWORD", ("db", "password")),
        ("dbPassword", ("db", "password")),
        ("spring.datasource.password", ("spring", "datasource", "password")),
        ("AWSSecretKey", ("aws", "secret", "key")),
        ("token2", ("token", "2")),
    ],
)
def test_a_name_is_split_into_words(name: str, words: tuple[str, ...]) -> None:
    """Separators, camelCase and digits part the words of a name."""
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("name", "promised"),
    [
        ("password", Promise.PASSWORD),
        ("adminPasswd", Promise.PASSWORD),
        ("mysqlrootpassword", Promise.PASSWORD),
        ("password_old", Promise.PASSWORD),
        ("PASSWORD_1", Promise.PASSWORD),
        ("requirepass", Promise.PASSWORD),
        ("github-token", Promise.TOKEN),
        ("authtoken", Promise.TOKEN),
        ("x-api-key", Promise.KEY),
        ("apikey", Promise.KEY),
        ("awsSecretAccessKey", Promise.KEY),
        ("ssh_private_key", Promise.KEY),
        ("clientSecret", Promise.SECRET),
        ("credentials", Promise.CREDENTIAL),
        ("Authorization", Promise.CREDENTIAL),
        ("sentry_dsn", Promise.CONNECTION),
        ("connectionString", Promise.CONNECTION),
    ],
)
def test_a_name_that_ends_in_a_secret_thing_promises_it(name: str, promised: Promise) -> None:
    """The last word that says something decides what a name promises."""
    assert promise(name) is promised


@pytest.mark.parametrize(
    "name",
    [
        "password_file", "PASSWORD_PATH", "secretName", "secretKeyRef", "tokenUrl", "token-ttl", "passwordPolicy",
        "password-min-length", "publicKey", "keyId", "secret_store", "auth_enabled", "sort_key", "primary_key", "cache_key",
        "key_prefix", "authentication", "useToken", "existingSecret", "passwordKey", "tokenSecretName", "checksum/secret",
        "keycloak", "monkey", "compass", "tokenizer", "max_tokens", "secrets", "author", "authority", "", "x" * 300,
        "password_hash", "api_key_id", "keyspace", "hotkey", "turkey", "concatenate", "accredited", "authorization_url",
    ],
)  # fmt: skip
def test_a_name_about_a_secret_promises_none(name: str) -> None:
    """Files, paths, names, durations, switches and look-alikes promise nothing."""
    assert promise(name) is None


@pytest.mark.parametrize("name", ["username", "DB_HOST", "client-id", "accountname", "endpoint", "sslmode"])
def test_a_setting_s_name_is_known(name: str) -> None:
    """Names of users, hosts and identifiers speak of settings."""
    assert promises_plain(name)


@pytest.mark.parametrize("name", ["password", "key", "anything", "token"])
def test_other_names_are_no_settings(name: str) -> None:
    """A name that could hold a secret is no setting's name."""
    assert not promises_plain(name)


@given(st.text(max_size=2 * MAX_NAME))
def test_any_text_may_be_a_name(name: str) -> None:
    """No name makes the reading of names fail."""
    assert promise(name) in (None, *Promise)
    assert promises_plain(name) in (True, False)
