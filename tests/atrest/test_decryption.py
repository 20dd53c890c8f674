"""Values that are decrypted as the API server does it: ciphers written here again, plugins that answer wrongly, any bytes.

That real API servers' values are decrypted is proved in ``tests/survey/at_rest/test_verify.py``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from tests.support.kms_standin import StandIn, masked

from strongroom.atrest.configuration import Configuration, parse
from strongroom.atrest.decryption import Decryption, seconds

_KEY = bytes(range(32))
_WHERE = "/registry/secrets/shop/db"
_OBJECT = b"k8s\0object"


@pytest.fixture
def plugin() -> Iterator[StandIn]:
    """A plugin that answers."""
    with StandIn() as found:
        yield found


def _configuration(*providers: str) -> Configuration:
    listed = "\n".join(f"      - {provider}" for provider in providers)
    return parse(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n  - resources: [secrets]\n"
        f"    providers:\n{listed}\n".encode(),
        "e.yaml",
    )


def _local(kind: str, key: bytes = _KEY, name: str = "k") -> str:
    return f"{kind}: {{keys: [{{name: {name}, secret: {base64.b64encode(key).decode()}}}]}}"


def _kms(socket: Path) -> str:
    return f"kms: {{apiVersion: v2, name: vault, endpoint: 'unix://{socket}', timeout: 2s}}"


def _sealed(plain: bytes, key: bytes = _KEY, where: str = _WHERE) -> bytes:
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, plain, where.encode())


def _envelope(key_id: str, *, derived: bool) -> bytes:
    """Write a value as a KMS v2 provider does: under a key that is derived from a seed, or under the data key itself."""
    seed = os.urandom(32)
    info = os.urandom(32)
    if derived:
        # HKDF-Expand (RFC 5869 section 2.3) of one block.
        data = info + _sealed(_OBJECT, hmac.new(seed, info + b"\x01", hashlib.sha256).digest())
    else:
        data = _sealed(_OBJECT, seed)
    wrapped = masked(seed)
    parts = ((1, data), (2, key_id.encode()), (3, wrapped), (4, b"\x0a\x01a\x12\x011"))
    message = b"".join(bytes([number << 3 | 2]) + _varint(len(part)) + part for number, part in parts)
    return b"k8s:enc:kms:v2:vault:" + message + (b"\x28\x01" if derived else b"")


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80, number >> 7])


def _problem(configuration: Configuration, value: bytes, where: str = _WHERE, resource: str = "secrets") -> str:
    with Decryption(configuration) as decryption:
        return decryption.problem(resource, where, value)


def test_aes_gcm_binds_a_value_to_its_key_in_etcd() -> None:
    """A value is read at its own place only, whatever its key; one that is no object, or too short, is told."""
    configuration = _configuration(_local("aesgcm"), "identity: {}")
    value = b"k8s:enc:aesgcm:v1:k:" + _sealed(_OBJECT)

    assert _problem(configuration, value) == ""
    assert "changed" in _problem(configuration, value, "/registry/secrets/shop/other")
    assert "no object" in _problem(configuration, b"k8s:enc:aesgcm:v1:k:" + _sealed(b"text"))
    assert "too short" in _problem(configuration, b"k8s:enc:aesgcm:v1:k:abc")
    assert "too short" in _problem(_configuration(_local("aescbc")), b"k8s:enc:aescbc:v1:k:abc")
    assert "too short" in _problem(_configuration(_local("secretbox")), b"k8s:enc:secretbox:v1:k:abc")
    assert "no key" in _problem(configuration, b"k8s:enc:aesgcm:v1:other:" + _sealed(_OBJECT))
    assert "no key" in _problem(configuration, value, resource="configmaps")


def test_values_in_plain_text() -> None:
    """An object in protobuf or JSON can be read; anything else in its place cannot."""
    configuration = _configuration("identity: {}")

    assert _problem(configuration, _OBJECT) == ""
    assert _problem(configuration, b'{"kind":"Widget"}') == ""
    assert "no object" in _problem(configuration, b"\0")
    assert "no object" in _problem(configuration, b"")


def test_kms_v2_derives_keys_and_asks_once(plugin: StandIn) -> None:
    """Both forms of KMS v2 values are read, the plugin is asked once for each data key, and a refusal says no more."""
    configuration = _configuration(_kms(plugin.socket), "identity: {}")
    value, plain_key = _envelope("key-1", derived=True), _envelope("key-1", derived=False)

    with Decryption(configuration) as decryption:
        assert decryption.problem("secrets", _WHERE, value) == ""
        assert decryption.problem("secrets", _WHERE, value) == ""
        assert decryption.problem("secrets", _WHERE, plain_key) == ""
        assert plugin.asked == 2
        assert "changed" in decryption.problem("secrets", "/registry/secrets/shop/moved", value)
        refused = decryption.problem("secrets", _WHERE, _envelope("revoked", derived=True))
    assert "does not decrypt" in refused
    assert "canary" not in refused


def test_a_plugin_that_is_gone(tmp_path: Path) -> None:
    """Without its plugin, a value of KMS v2 cannot be decrypted, and that is said; KMS v1 is not asked."""
    configuration = _configuration(_kms(tmp_path / "gone.sock"))
    v1 = _configuration("kms: {apiVersion: v1, name: vault, endpoint: 'unix:///x', cachesize: 5}")

    assert "does not decrypt" in _problem(configuration, _envelope("key-1", derived=True))
    assert "KMS v1" in _problem(v1, b"k8s:enc:kms:v1:vault:abc")


@given(st.sampled_from(["aescbc:v1:k", "aesgcm:v1:k", "secretbox:v1:k", "kms:v2:vault"]), st.binary(max_size=120))
def test_any_bytes(kind: str, data: bytes) -> None:
    """Whatever stands after a prefix, it is a problem that is named, and nothing else happens."""
    configuration = _configuration(
        _local("aescbc"),
        _local("aesgcm"),
        _local("secretbox"),
        "kms: {apiVersion: v2, name: vault, endpoint: 'unix:/'}",
    )
    decryption = Decryption(configuration)
    if kind.startswith("kms") and len(data) > 4:
        data = b"\xff" + data  # what is no message at all, so that no plugin is asked
    assert decryption.problem("secrets", _WHERE, f"k8s:enc:{kind}:".encode() + data)


@pytest.mark.parametrize(
    ("text", "expected"), [("", 3.0), ("3s", 3.0), ("1m30s", 90.0), ("500ms", 0.5), ("1.5s", 1.5), ("2h", 7200.0)]
)
def test_durations(text: str, expected: float) -> None:
    """Timeouts are read as Go writes them; without one the API server's own default counts."""
    assert seconds(text) == expected
