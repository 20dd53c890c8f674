"""Every kind of key-encryption key with its real program or its published protocol, and what its owner can do to it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.keys.azure import Azure
from tests.keys.contexts import NOW
from tests.keys.google import Google
from tests.support.moto import Moto
from tests.support.openbao import OpenBao
from tests.support.softhsm import PIN, SoftHSM

from strongroom.keys.kek import KeyEncryptionKey
from strongroom.keys.kek.kinds import parse
from strongroom.keys.kek.local_file import create
from strongroom.model.plaintext import Plaintext

VALUE = Plaintext(b"canary-of-32-bytes-in-a-data-key")
NETWORKED = ("aws-kms", "gcp-kms", "azure-key-vault", "vault-transit")


def soon(seconds: float = 30) -> float:
    """A deadline that a test does not wait for."""
    return time.monotonic() + seconds


class Case(NamedTuple):
    """A key, another of the same kind, and their owner.

    Attributes:
        key: with one version.
        other: another key.
        rotate: makes a version of the key.
        disable: takes from the key what it needs to encrypt.
        texts: what must not come out besides the value.
        elsewhere: the same kind of key at a server of another address.
    """

    key: KeyEncryptionKey
    other: KeyEncryptionKey
    rotate: Callable[[], None]
    disable: Callable[[], None]
    texts: tuple[str, ...] = ()
    elsewhere: Callable[[str], KeyEncryptionKey] | None = None


def _local_file(request: pytest.FixtureRequest) -> Case:
    folder: Path = request.getfixturevalue("tmp_path")
    one, two = folder / "one", folder / "two"
    for path in (one, two):
        create(path, NOW)

    def rotate() -> None:
        create(one, NOW)

    return Case(parse(f"local-file:{one}", {}), parse(f"local-file:{two}", {}), rotate, lambda: one.chmod(0o644))


def _pkcs11(request: pytest.FixtureRequest) -> Case:
    hsm: SoftHSM = request.getfixturevalue("softhsm")
    one, two = (f"{name}-{secrets.token_hex(4)}" for name in ("one", "two"))
    made = [1]
    for label in (one, two):
        hsm.key(label, 1)

    def rotate() -> None:
        made.append(made[-1] + 1)
        hsm.key(one, made[-1])

    def disable() -> None:
        for number in made:
            hsm.change(one, number, "key[Attribute.ENCRYPT] = False")

    return Case(parse(hsm.uri(one), {}), parse(hsm.uri(two), {}), rotate, disable, (PIN,))


def _aws_kms(request: pytest.FixtureRequest) -> Case:
    aws: Moto = request.getfixturevalue("moto")
    one, two = aws.kms_key(), aws.kms_key()

    def elsewhere(address: str) -> KeyEncryptionKey:
        return parse(f"aws-kms:{one}", {**aws.environment, "AWS_ENDPOINT_URL": address})

    first, second = (parse(f"aws-kms:{arn}", aws.environment) for arn in (one, two))
    return Case(first, second, lambda: aws.rotate(one), lambda: aws.disable(one), (), elsewhere)


def _gcp_kms(request: pytest.FixtureRequest) -> Case:
    cloud: Google = request.getfixturevalue("google")
    token = cloud.token()
    known = {**cloud.environment, "GOOGLE_OAUTH_ACCESS_TOKEN": token}
    one, two = (cloud.key(f"{name}-{secrets.token_hex(4)}") for name in ("one", "two"))
    made = [1]

    def rotate() -> None:
        made.append(made[-1] + 1)
        cloud.rotate(one)

    def elsewhere(address: str) -> KeyEncryptionKey:
        return parse(f"gcp-kms:{one}", {**known, "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS": address})

    first, second = (parse(f"gcp-kms:{resource}", known) for resource in (one, two))
    return Case(first, second, rotate, lambda: cloud.disable(one, made[-1]), (token,), elsewhere)


def _azure_key_vault(request: pytest.FixtureRequest) -> Case:
    cloud: Azure = request.getfixturevalue("azure")
    known = {**cloud.environment, **cloud.client}
    one, two = (f"{name}-{secrets.token_hex(4)}" for name in ("one", "two"))
    made = [cloud.key(one)]
    cloud.key(two)

    def elsewhere(address: str) -> KeyEncryptionKey:
        return parse(f"azure-key-vault:{address.replace('http:', 'https:')}/keys/{one}", known)

    first, second = (parse(f"azure-key-vault:{cloud.address}/keys/{name}", known) for name in (one, two))
    secret = known["AZURE_CLIENT_SECRET"]
    return Case(
        first, second, lambda: made.append(cloud.key(one)), lambda: cloud.disable(made[-1]), (secret,), elsewhere
    )


def _vault_transit(request: pytest.FixtureRequest) -> Case:
    bao: OpenBao = request.getfixturevalue("openbao")
    known: Mapping[str, str] = request.getfixturevalue("vault_environment")
    one, two = (f"{name}-{secrets.token_hex(4)}" for name in ("one", "two"))
    urls = (bao.transit_key(one), bao.transit_key(two))

    def rotate() -> None:
        bao.call("POST", f"transit/keys/{one}/rotate", {})

    def disable() -> None:
        bao.call("POST", f"transit/keys/{one}/config", {"deletion_allowed": True})
        bao.call("DELETE", f"transit/keys/{one}")

    def elsewhere(address: str) -> KeyEncryptionKey:
        return parse(f"vault-transit:{address}/v1/transit/keys/{one}", {**known, "VAULT_ADDR": address})

    first, second = (parse(f"vault-transit:{url}", known) for url in urls)
    return Case(first, second, rotate, disable, (bao.token,), elsewhere)


CASES: Mapping[str, Callable[[pytest.FixtureRequest], Case]] = {
    "local-file": _local_file,
    "pkcs11": _pkcs11,
    "aws-kms": _aws_kms,
    "gcp-kms": _gcp_kms,
    "azure-key-vault": _azure_key_vault,
    "vault-transit": _vault_transit,
}
