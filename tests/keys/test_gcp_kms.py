"""Google Cloud KMS: what is particular to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.keys.contexts import DATA_KEY, context
from tests.keys.google import Google, reference_crc32c
from tests.keys.services import Reply, Service

from strongroom.errors import DocumentError, KeyUseError, UsageError
from strongroom.keys import gcp_kms

RESOURCE = "projects/shop/locations/global/keyRings/main/cryptoKeys/sops"


def test_keys_of_rules() -> None:
    """Resource ids come in a list, with blanks anywhere, and as entries of key groups."""
    (key,) = gcp_kms.parse(f" projects/shop/ locations/global/keyRings/main/cryptoKeys/sops ")  # noqa: F541
    assert key.name == RESOURCE
    assert gcp_kms.from_rule({"resource_id": RESOURCE}) == (key,)
    for entry in ({}, {"resource_id": 5}, RESOURCE, {"resource_id": RESOURCE + "/cryptoKeyVersions/1"}):
        with pytest.raises(UsageError):
            gcp_kms.from_rule(entry)
    for resource in ("../../secrets", RESOURCE.replace("shop", ".."), RESOURCE + "?x", RESOURCE.replace("sops", ".")):
        with pytest.raises(DocumentError, match="resource_id"):
            gcp_kms.from_entry({"resource_id": resource, "enc": "x", "created_at": "x"})


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ({}, "https://cloudkms.googleapis.com/"),
        ({"SOPS_GCP_KMS_UNIVERSE_DOMAIN": "s3nsapis.fr"}, "https://cloudkms.s3nsapis.fr/"),
        ({"SOPS_GCP_KMS_ENDPOINT": "kms.example.com:443"}, "https://kms.example.com:443"),
        ({"SOPS_GCP_KMS_ENDPOINT": "https://kms.example.com/"}, "https://kms.example.com/"),
        ({"CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS": "https://kms.example.com/"}, "https://kms.example.com/"),
    ],
)
def test_the_endpoint(environment: dict[str, str], endpoint: str) -> None:
    """Google's own, or that of a sovereign cloud."""
    assert gcp_kms._endpoint(environment) == endpoint


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"", 0), (b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43)],
)
def test_the_checksum_of_the_standard(data: bytes, expected: int) -> None:
    """The examples of RFC 3720 appendix B.4, and the check value of the Castagnoli polynomial."""
    assert gcp_kms.crc32c(data) == expected


@given(st.binary(max_size=80))
def test_the_checksum_is_a_division_of_polynomials(data: bytes) -> None:
    """The loop and the definition agree on any bytes."""
    assert gcp_kms.crc32c(data) == reference_crc32c(data)


def test_a_damaged_answer_is_noticed(google: Google) -> None:
    """The checksums of Cloud KMS are asked for and compared: a data key that arrives changed is never used."""
    answers: list[dict[str, object]] = []
    service = Service(lambda _: Reply(200, answers[-1]))
    try:
        environment = {
            **service.environment,
            "GOOGLE_OAUTH_ACCESS_TOKEN": "t",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS": service.address,
        }
        (key,) = gcp_kms.parse(RESOURCE)
        somebody = context(environment)
        answers.append({"ciphertext": "AAAA"})
        with pytest.raises(KeyUseError, match="does not confirm what it encrypted"):
            gcp_kms.wrap(DATA_KEY, key, somebody)
        assert service.calls[-1].json["plaintextCrc32c"] == str(gcp_kms.crc32c(DATA_KEY.reveal()))
        wrapped = gcp_kms.from_entry({"resource_id": RESOURCE, "enc": "AAAA", "created_at": "x"})
        answers.append({"plaintext": "AAAA", "plaintextCrc32c": "1"})
        with pytest.raises(KeyUseError, match="damaged on its way"):
            gcp_kms.unwrap(wrapped, somebody)
        answers.append({"plaintext": ""})
        with pytest.raises(KeyUseError, match="gave no plaintext"):
            gcp_kms.unwrap(wrapped, somebody)
    finally:
        service.close()


@pytest.mark.parametrize(
    ("status", "message"), [(403, "may not use the key"), (404, "no such key"), (429, "too many"), (503, "status 503")]
)
def test_refusals(status: int, message: str) -> None:
    """Each says what is missing, and nothing of the server's own text."""
    service = Service(lambda _: Reply(status, {"error": {"message": "hunter2"}}))
    try:
        environment = {
            **service.environment,
            "GOOGLE_OAUTH_ACCESS_TOKEN": "t",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS": service.address,
        }
        with pytest.raises(KeyUseError) as caught:
            gcp_kms.wrap(DATA_KEY, gcp_kms.parse(RESOURCE)[0], context(environment))
        assert message in caught.value.message
        assert "hunter2" not in caught.value.message + caught.value.hint
    finally:
        service.close()
