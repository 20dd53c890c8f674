"""Google Cloud KMS keys."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

import pytest
from tests.keys.google import Google
from tests.keys.kek.cases import VALUE, soon
from tests.keys.services import Call, Reply, Service

from strongroom.errors import KeyUnreachableError, KeyUseError, UsageError
from strongroom.keys.kek import KeyEncryptionKey
from strongroom.keys.kek.kinds import parse

RESOURCE = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
PRIMARY = {"name": f"{RESOURCE}/cryptoKeyVersions/3", "state": "ENABLED"}
KEY = {"purpose": "ENCRYPT_DECRYPT", "primary": PRIMARY}


@pytest.fixture
def resource(google: Google) -> str:
    """A key."""
    return google.key(f"key-{secrets.token_hex(4)}")


@pytest.fixture
def key(google: Google, resource: str) -> KeyEncryptionKey:
    """That key."""
    return parse(f"gcp-kms:{resource}", {**google.environment, "GOOGLE_OAUTH_ACCESS_TOKEN": google.token()})


def test_the_version_is_the_resource_name(key: KeyEncryptionKey, resource: str) -> None:
    """The id names the version as Google does."""
    assert key.current(soon()).id == f"gcp-kms:{resource}/cryptoKeyVersions/1"


def test_a_disabled_version_is_told_from_a_change(google: Google, key: KeyEncryptionKey, resource: str) -> None:
    """A ciphertext of a version that was disabled is not said to have been tampered with."""
    ciphertext, version = key.encrypt(VALUE, soon())
    google.rotate(resource)
    google.disable(resource, 1)
    with pytest.raises(KeyUseError, match=r"version 1 of .* is disabled or destroyed") as caught:
        key.decrypt(ciphertext, version.id, soon())
    assert caught.value.hint == "it can be enabled again"


def test_an_encryption_goes_on_with_the_new_primary(google: Google, key: KeyEncryptionKey, resource: str) -> None:
    """Where the known version was disabled since, the primary one is taken, and the answer says so."""
    old = key.current(soon())
    google.rotate(resource)
    assert key.encrypt(VALUE, soon())[1] == old
    google.disable(resource, 1)
    ciphertext, new = key.encrypt(VALUE, soon())
    assert new.id.endswith("/2")
    assert key.decrypt(ciphertext, new.id, soon()) == VALUE


def test_a_token_that_expired_is_got_again(google: Google, resource: str) -> None:
    """A refused access token is asked for anew, and the caller does not notice."""
    metadata = {"GCE_METADATA_HOST": google.metadata.address.removeprefix("http://"), "HOME": "/nowhere"}
    key = parse(f"gcp-kms:{resource}", {**google.environment, **metadata})
    key.current(soon())
    vars(google)["_tokens"].clear()
    assert key.current(soon()).id.endswith("/1")


def _answered(answer: Callable[[Call], Reply]) -> tuple[Service, Mapping[str, str]]:
    service = Service(answer)
    place = {"CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS": service.address, "GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.token"}
    return service, {**service.environment, **place}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {**KEY, "purpose": "ASYMMETRIC_DECRYPT"}),
        (200, {**KEY, "primary": {**PRIMARY, "state": "DESTROY_SCHEDULED"}}),
        (
            200,
            {
                **KEY,
                "primary": {
                    **PRIMARY,
                    "name": "projects/other/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
                },
            },
        ),
        (200, {"purpose": "ENCRYPT_DECRYPT"}),
        (200, []),
        (403, {}),
        (404, {}),
    ],
)
def test_a_key_that_cannot_serve_is_refused(status: int, body: object) -> None:
    """Another purpose, a primary version that is not enabled or of another key, no right to read it, or no key."""
    service, environment = _answered(lambda _: Reply(status, body))
    try:
        with pytest.raises(KeyUseError) as caught:
            parse(f"gcp-kms:{RESOURCE}", environment).current(soon())
        assert not isinstance(caught.value, KeyUnreachableError)
    finally:
        service.close()


def test_an_answer_that_confirms_nothing_is_not_used() -> None:
    """Cloud KMS says that it got what was sent, text and additional data; without that, a ciphertext may be of junk."""
    confirmed = {"verifiedPlaintextCrc32c": True, "verifiedAdditionalAuthenticatedDataCrc32c": True}
    good = {"name": PRIMARY["name"], "ciphertext": "QUFBQQ==", **confirmed}
    answer: list[dict[str, object]] = [good]
    service, environment = _answered(lambda call: Reply(200, KEY if call.method == "GET" else answer[0]))
    try:
        key = parse(f"gcp-kms:{RESOURCE}", environment)
        assert key.encrypt(VALUE, soon())[0] == b"AAAA"
        for wrong in (
            *({**good, name: False} for name in confirmed),
            {**good, "name": RESOURCE},
            {**good, "ciphertext": "§"},
        ):
            answer[0] = wrong
            with pytest.raises(KeyUseError):
                key.encrypt(VALUE, soon())
    finally:
        service.close()


@pytest.mark.parametrize("rest", ["", "/cryptoKeyVersions/1", f",{RESOURCE}", "?a=b", "/.."])
def test_what_is_no_resource_id_of_one_key_is_refused(rest: str) -> None:
    """A version is not a key: which one encrypts is the primary's matter."""
    with pytest.raises(UsageError):
        parse(f"gcp-kms:{RESOURCE if rest else ''}{rest}", {})
