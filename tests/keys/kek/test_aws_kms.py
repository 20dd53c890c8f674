"""AWS KMS keys: with the server of moto, and with answers of the documented form where moto has none."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from tests.keys.kek.cases import VALUE, soon
from tests.keys.services import Call, Reply, Service
from tests.support.moto import Moto

from strongroom.errors import KeyUnreachableError, KeyUseError, TamperedError, UsageError
from strongroom.keys.kek import KeyEncryptionKey
from strongroom.keys.kek.kinds import parse

ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
FACTS = {"Arn": ARN, "KeyState": "Enabled", "KeySpec": "SYMMETRIC_DEFAULT"}

Answers = dict[str, Callable[[Any], Reply]]


@pytest.fixture
def answers() -> Answers:
    """What each act of KMS answers; a test fills it."""
    return {"DescribeKey": lambda _: Reply(200, {"KeyMetadata": FACTS})}


@pytest.fixture
def kms(answers: Answers) -> Iterator[Service]:
    """A KMS that answers so."""

    def answer(call: Call) -> Reply:
        return answers[call.headers["x-amz-target"].rpartition(".")[2]](call.json)

    service = Service(answer, tls=False)
    yield service
    service.close()


@pytest.fixture
def key(kms: Service) -> KeyEncryptionKey:
    """A key there."""
    return parse(f"aws-kms:{ARN}", _environment(kms))


def _environment(kms: Service) -> Mapping[str, str]:
    known = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    return {**known, "AWS_ENDPOINT_URL": kms.address, "AWS_EC2_METADATA_DISABLED": "true"}


def test_the_id_of_the_material_is_the_version(answers: Answers, kms: Service, key: KeyEncryptionKey) -> None:
    """Where KMS tells the id of the material, nothing else is asked, and another material is another version."""
    answers["DescribeKey"] = lambda _: Reply(200, {"KeyMetadata": {**FACTS, "CurrentKeyMaterialId": "a1" * 32}})
    assert key.current(soon()).id == f"aws-kms:{ARN}#{'a1' * 32}"
    assert len(kms.calls) == 1
    answers["DescribeKey"] = lambda _: Reply(200, {"KeyMetadata": {**FACTS, "CurrentKeyMaterialId": "b2" * 32}})
    assert key.current(soon()).id == f"aws-kms:{ARN}#{'b2' * 32}"


def test_every_page_of_rotations_counts(answers: Answers, key: KeyEncryptionKey) -> None:
    """The newest of all rotations is the version, also where KMS lists them in pages; an import is none."""

    def rotations(given: Any) -> Reply:
        if "Marker" not in given:
            return Reply(200, {"Rotations": [{"RotationDate": 300}], "Truncated": True, "NextMarker": "more"})
        assert given["Marker"] == "more"
        return Reply(200, {"Rotations": [{"RotationDate": 100}, {"KeyMaterialState": "PENDING"}], "Truncated": False})

    answers["ListKeyRotations"] = rotations
    assert key.current(soon()).id == f"aws-kms:{ARN}#rotation-2-300"


@pytest.mark.parametrize(
    "facts",
    [
        {"KeyState": "Disabled"},
        {"KeyState": "PendingDeletion"},
        {"KeySpec": "RSA_2048"},
        {"CurrentKeyMaterialId": "\n"},
    ],
)
def test_a_key_that_cannot_serve_is_refused(answers: Answers, key: KeyEncryptionKey, facts: Mapping[str, str]) -> None:
    """Disabled, about to be deleted, asymmetric, or with an answer that names no material."""
    answers["DescribeKey"] = lambda _: Reply(200, {"KeyMetadata": {**FACTS, **facts}})
    with pytest.raises(KeyUseError) as caught:
        key.current(soon())
    assert not isinstance(caught.value, KeyUnreachableError)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ThrottlingException", KeyUnreachableError),
        ("KMSInternalException", KeyUnreachableError),
        ("DependencyTimeoutException", KeyUnreachableError),
        ("InvalidCiphertextException", TamperedError),
        ("IncorrectKeyException", TamperedError),
        ("AccessDeniedException", KeyUseError),
        ("DisabledException", KeyUseError),
        ("KMSInvalidStateException", KeyUseError),
    ],
)
def test_refusals_are_told_apart(answers: Answers, key: KeyEncryptionKey, code: str, expected: type[Exception]) -> None:
    """What may be tried again, what was changed, and what is forbidden are three kinds of errors."""
    answers["Decrypt"] = lambda _: Reply(400, {"__type": code})
    with pytest.raises((KeyUseError, TamperedError)) as caught:
        key.decrypt(b"blob", f"aws-kms:{ARN}#rotation-0-0", soon())
    assert isinstance(caught.value, expected)
    assert isinstance(caught.value, KeyUnreachableError) is (expected is KeyUnreachableError)
    if code == "AccessDeniedException":
        assert "kms:DescribeKey" in caught.value.hint


def test_refused_credentials_are_looked_for_again(answers: Answers, kms: Service, key: KeyEncryptionKey) -> None:
    """Expired credentials are read anew once, and a second refusal is an error."""
    answers["DescribeKey"] = lambda _: Reply(400, {"__type": "ExpiredTokenException"})
    lasting = vars(key)["_lasting"]
    before = lasting.context()
    with pytest.raises(KeyUseError, match="expired"):
        key.current(soon())
    assert len(kms.calls) == 2
    assert lasting.context() is not before


def test_the_encryption_context_names_purpose_and_version(answers: Answers, kms: Service) -> None:
    """What is encrypted is bound, in the log of KMS as well, to what it is for, beside a context of the operator."""
    answers["DescribeKey"] = lambda _: Reply(200, {"KeyMetadata": {**FACTS, "CurrentKeyMaterialId": "a1"}})
    answers["Encrypt"] = lambda _: Reply(200, {"CiphertextBlob": base64.b64encode(b"blob").decode(), "KeyId": ARN})
    key = parse(f"aws-kms:{ARN}?context.cluster=prod", _environment(kms))
    assert key.encrypt(VALUE, soon())[0] == b"blob"
    assert kms.calls[-1].json["EncryptionContext"] == {
        "cluster": "prod",
        "strongroom:purpose": "strongroom kms-plugin v2",
        "strongroom:version": f"aws-kms:{ARN}#a1",
    }


def test_a_role_is_taken(moto: Moto) -> None:
    """With a role the key is used under its credentials."""
    key = parse(f"aws-kms:{moto.kms_key()}?role={moto.role('kms-plugin')}", moto.environment)
    ciphertext, version = key.encrypt(VALUE, soon())
    assert key.decrypt(ciphertext, version.id, soon()) == VALUE


@pytest.mark.parametrize(
    "uri",
    [
        "aws-kms:alias/kek",
        "aws-kms:arn:aws:kms:eu-central-1:111122223333:alias/kek",
        f"aws-kms:{ARN},{ARN}",
        f"aws-kms:{ARN}?region=x",
        f"aws-kms:{ARN}?context.strongroom:purpose=x",
    ],
)
def test_what_is_no_arn_of_one_key_is_refused(uri: str) -> None:
    """An alias can be moved to another key, with which nothing from before could be read."""
    with pytest.raises(UsageError):
        parse(uri, {})
