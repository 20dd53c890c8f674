"""AWS KMS: what is particular to it, with moto's server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.keys.contexts import DATA_KEY, context
from tests.keys.services import Reply, Service
from tests.support.moto import Moto

from strongroom.errors import DocumentError, KeyUseError, UsageError
from strongroom.keys import aws_kms
from strongroom.keys.aws_session import client

ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE = "arn:aws:iam::111122223333:role/sops"


@pytest.mark.parametrize(
    ("text", "arn", "role"),
    [
        (ARN, ARN, ""),
        (f"{ARN}+{ROLE}", ARN, ROLE),
        (f" {ARN} + {ROLE} ", ARN, ROLE),
        ("arn:aws-us-gov:kms:us-gov-west-1:1:alias/a/b", "arn:aws-us-gov:kms:us-gov-west-1:1:alias/a/b", ""),
        (f"{ARN}+{ROLE.replace('aws', 'aws-cn')}", ARN, ROLE.replace("aws", "aws-cn")),
    ],
)
def test_a_key_by_its_arn(text: str, arn: str, role: str) -> None:
    """An ARN, perhaps with a role behind a plus sign, in any partition."""
    (key,) = aws_kms.parse(text)
    assert (key.name, dict(key.options)) == (arn, {"role": role} if role else {})


def test_entries_of_key_groups() -> None:
    """Role, encryption context and profile are parts of the key; the context's order does not matter."""
    entry = {"arn": ARN, "role": ROLE, "context": {"b": "2", "a": "1"}, "aws_profile": "ops"}
    (key,) = aws_kms.from_rule(entry)
    assert aws_kms.from_rule({**entry, "context": {"a": "1", "b": "2", "none": None}}) == (key,)
    assert aws_kms.with_options(aws_kms.parse(f"{ARN}+{ROLE}"), {"a": "1", "b": "2"}, "ops") == (key,)
    assert aws_kms.encryption_context(key) == {"a": "1", "b": "2"}
    assert aws_kms.from_rule({"arn": ARN, "context": None}) == aws_kms.parse(ARN)
    for wrong in (ARN, {}, {"arn": "x"}, {"arn": ARN, "context": "a:1"}, {"arn": ARN, "context": {"a": ["1"]}}):
        with pytest.raises(UsageError):
            aws_kms.from_rule(wrong)


def test_names_and_values_of_the_context_are_free() -> None:
    """Colons, commas, dots and other scripts in an encryption context come back as they were."""
    context_of_it = {"a:b,c": "d:e,f", "context.x": "", "über": "ß", "arn": "role"}
    entry = {"arn": ARN, "context": context_of_it, "created_at": "x", "enc": "AAAA", "aws_profile": ""}
    wrapped = aws_kms.from_entry(entry)
    assert aws_kms.to_entry(wrapped)["context"] == context_of_it


def test_an_entry_that_cannot_be() -> None:
    """Metadata with something that is no ARN, or an odd context, is refused."""
    entry = {"arn": ARN, "created_at": "x", "enc": "AAAA"}
    for wrong in ({"arn": "arn:aws:kms:../..:1:key/x"}, {"context": ["a"]}, {"context": {"a": 5}}, {"role": 5}):
        with pytest.raises(DocumentError):
            aws_kms.from_entry({**entry, **wrong})


def test_refusals(moto: Moto) -> None:
    """A missing key, a missing profile and missing credentials are told apart."""
    arn = moto.kms_key()
    somebody = context(moto.environment)
    with pytest.raises(KeyUseError, match="there is no such key"):
        aws_kms.wrap(DATA_KEY, aws_kms.parse(arn[:-6] + "000000")[0], somebody)
    (of_nobody,) = aws_kms.with_options(aws_kms.parse(arn), {}, "nobody")
    with pytest.raises(KeyUseError, match="profile that it names does not exist"):
        aws_kms.wrap(DATA_KEY, of_nobody, somebody)
    nothing = {
        "AWS_ENDPOINT_URL": moto.address,
        "AWS_CONFIG_FILE": "/nowhere",
        "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
    }
    with pytest.raises(KeyUseError, match="there are no AWS credentials") as caught:
        aws_kms.wrap(DATA_KEY, aws_kms.parse(arn)[0], context(nothing))
    assert "aws sso login" in caught.value.hint


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AccessDeniedException", "may not use it"),
        ("DisabledException", "the key is disabled"),
        ("KMSInvalidStateException", "about to be deleted"),
        ("IncorrectKeyException", "belongs to another key"),
        ("ExpiredTokenException", "have expired"),
        ("SomethingNewException", "AWS refuses: SomethingNewException"),
        ("", "AWS refuses: an error"),
    ],
)
def test_codes_of_aws(moto: Moto, code: str, message: str) -> None:
    """What moto never says: each code of the KMS API is put into words, and the server's own text is not repeated."""
    service = Service(lambda _: Reply(400, {"__type": code, "message": "hunter2"}), tls=False)
    try:
        with pytest.raises(KeyUseError) as caught:
            aws_kms.wrap(
                DATA_KEY, aws_kms.parse(ARN)[0], context({**moto.environment, "AWS_ENDPOINT_URL": service.address})
            )
        assert message in caught.value.message
        assert "hunter2" not in caught.value.message + caught.value.hint
    finally:
        service.close()


def test_the_region_is_that_of_the_key(moto: Moto) -> None:
    """Whatever region the environment has, and a client is made once."""
    (key,) = aws_kms.parse(ARN.replace("eu-central-1", "ap-southeast-2"))
    somebody = context({**moto.environment, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"})
    made = client("kms", key, somebody)
    assert made.meta.region_name == "ap-southeast-2"
    assert made.meta.endpoint_url == moto.address
    assert client("kms", key, somebody) is made


def test_the_process_environment_is_enough(moto: Moto, tmp_path: Path) -> None:
    """A command line, whose environment is the process's own, finds what the AWS libraries find."""
    arn = moto.kms_key()
    code = (
        "from strongroom.keys import aws_kms, process\n"
        "from strongroom.model.plaintext import Plaintext\n"
        "context, value = process.context(), Plaintext(b'k' * 32)\n"
        f"wrapped = aws_kms.wrap(value, aws_kms.parse({arn!r})[0], context)\n"
        "assert aws_kms.unwrap(wrapped, context) == value\n"
    )
    environment = {**moto.environment, "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run((sys.executable, "-c", code), env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_without_boto3() -> None:
    """Where the extra is not installed, the error says what to install."""
    code = (
        "import sys\n"
        "sys.modules['boto3'] = sys.modules['botocore'] = None\n"
        "from strongroom.errors import KeyUseError\n"
        "from strongroom.keys import aws_kms, process\n"
        "from strongroom.model.plaintext import Plaintext\n"
        "try:\n"
        f"    aws_kms.wrap(Plaintext(b'k' * 32), aws_kms.parse({ARN!r})[0], process.context())\n"
        "except KeyUseError as error:\n"
        "    print(error.message, '|', error.hint)\n"
    )
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "AWS KMS needs boto3 | install strongroom with the extra aws"
