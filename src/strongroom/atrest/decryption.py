"""Prove that stored values can be decrypted: as the API server does it, in memory, and nothing of them is kept.

What encrypts how: k8s.io/apiserver ``pkg/storage/value/encrypt`` (``aes/aes.go``, ``aes/aes_extended_nonce.go``,
``secretbox/secretbox.go``, ``envelope/kmsv2/envelope.go``); KMS v2: KEP-3299
(https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/3299-kms-v2-improvements).
"""

from __future__ import annotations

import base64
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.padding import PKCS7

from strongroom.atrest.configuration import IDENTITY, Configuration, Provider
from strongroom.documents.wire import WireError, fields
from strongroom.errors import KeyUseError
from strongroom.keys.kmsv2.client import Client
from strongroom.model.plaintext import Plaintext
from strongroom.sources.etcd_keys import rules_for

_PREFIX = b"k8s:enc:"
_NONCE, _BLOCK, _INFO = 12, 16, 32  # AES-GCM; AES; aes_extended_nonce.go: infoSizeExtendedNonceGCM
# k8s.io/apimachinery serializer/protobuf; custom resources are JSON, or CBOR (RFC 8949 3.4.6; CBORServingAndStorage).
_OBJECTS = (b"k8s\0", b"{", b"\xd9\xd9\xf7")
_ANNOTATIONS, _KIND = 4, 5
_SEED = 1  # EncryptedDEKSourceType_HKDF_SHA256_XNONCE_AES_GCM_SEED
_MOST_SEEDS = 4096
_DEFAULT_SECONDS = 3.0  # of a KMS provider without a timeout
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_CUT = "it is too short: it was cut off"
_CHANGED = "it was changed, or encrypted under another key of the same name"

Decrypt = Callable[[bytes, bytes], bytes]
"""Takes what stands after the prefix, and the key in etcd; raises `_FailedError` with the reason."""


class _FailedError(Exception):
    """Why a value cannot be decrypted; turned into text at once."""


class _Way(NamedTuple):
    prefix: bytes
    decrypt: Decrypt


class Decryption:
    """The keys of a configuration at work; a context manager, which closes the connections to KMS plugins.

    Args:
        configuration: whose keys; KMS v2 plugins are asked on their sockets, which must be on this host.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._rules = configuration.rules
        self._names = [rule.resources for rule in configuration.rules]
        self._ways: dict[str, tuple[_Way, ...]] = {}
        self._plugins: dict[str, _Plugin] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for plugin in self._plugins.values():
            plugin.close()

    def problem(self, resource: str, key: str, value: bytes) -> str:
        """Return why an API server with this configuration could not read a value; empty where it can.

        Args:
            resource: as `strongroom.sources.etcd_keys.resource_of` names it.
            key: the value's key in etcd, which encryption ties it to.
            value: all its bytes.
        """
        if not value.startswith(_PREFIX):
            if not value.startswith(_OBJECTS):
                return "it is no object of Kubernetes"
            return "" if self._plain(resource) else "it lies in plain text, which the configuration does not read"
        reason = "the configuration has no key for it"
        for way in self._of(resource):
            if value.startswith(way.prefix):
                # A later provider may have a key of the same name: the API server tries every one, too.
                try:
                    plain = way.decrypt(value[len(way.prefix) :], key.encode())
                except _FailedError as failed:
                    reason = str(failed)
                else:
                    if plain.startswith(_OBJECTS):
                        return ""
                    reason = "what comes out is no object of Kubernetes"
        return reason

    def _plain(self, resource: str) -> bool:
        found = rules_for(self._names, resource)
        return not found or any(one.kind == IDENTITY for index in found for one in self._rules[index].providers)

    def _of(self, resource: str) -> tuple[_Way, ...]:
        ways = self._ways.get(resource)
        if ways is None:
            found = rules_for(self._names, resource)
            providers = [provider for index in found for provider in self._rules[index].providers]
            ways = self._ways[resource] = tuple(way for provider in providers for way in self._by(provider))
        return ways

    def _by(self, provider: Provider) -> Iterator[_Way]:
        for key in provider.keys:
            prefix = f"k8s:enc:{provider.kind}:v1:{key.name}:".encode()
            yield _Way(prefix, partial(_LOCAL[provider.kind], Plaintext(base64.b64decode(key.secret.reveal()))))
        if provider.kind == "kms" and provider.api_version == "v2":
            plugin = self._plugins.setdefault(provider.name, _Plugin(provider))
            yield _Way(f"k8s:enc:kms:v2:{provider.name}:".encode(), plugin.decrypt)
        elif provider.kind == "kms":
            yield _Way(f"k8s:enc:kms:v1:{provider.name}:".encode(), _not_v1)


def _gcm(key: Plaintext, data: bytes, where: bytes) -> bytes:
    if len(data) < _NONCE:
        raise _FailedError(_CUT)
    try:
        return AESGCM(key.reveal()).decrypt(data[:_NONCE], data[_NONCE:], where)
    except (InvalidTag, ValueError):  # the latter where a plugin's key is of no length of AES
        raise _FailedError(_CHANGED) from None


def _cbc(key: Plaintext, data: bytes, _where: bytes) -> bytes:
    if len(data) < 2 * _BLOCK or len(data) % _BLOCK:
        raise _FailedError(_CUT)
    cipher = Cipher(algorithms.AES(key.reveal()), modes.CBC(data[:_BLOCK])).decryptor()
    padding = PKCS7(8 * _BLOCK).unpadder()
    try:
        return padding.update(cipher.update(data[_BLOCK:]) + cipher.finalize()) + padding.finalize()
    except ValueError:
        raise _FailedError(_CHANGED) from None


def _secretbox(key: Plaintext, data: bytes, _where: bytes) -> bytes:
    from nacl.exceptions import CryptoError
    from nacl.secret import SecretBox

    if len(data) < SecretBox.NONCE_SIZE + SecretBox.MACBYTES:
        raise _FailedError(_CUT)
    try:
        return SecretBox(key.reveal()).decrypt(data)
    except CryptoError:
        raise _FailedError(_CHANGED) from None


_LOCAL = {"aescbc": _cbc, "aesgcm": _gcm, "secretbox": _secretbox}


def _not_v1(_data: bytes, _where: bytes) -> bytes:
    raise _FailedError("KMS v1 plugins are not asked: migrate to v2")


class _Envelope(NamedTuple):
    """``EncryptedObject`` of k8s.io/apiserver ``envelope/kmsv2/v2/api.proto``."""

    data: bytes
    key_id: str
    seed: bytes
    annotations: dict[str, bytes]
    kind: int


class _Plugin:
    """A KMS v2 plugin, and the data keys that it decrypted."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._client: Client | None = None
        self._seeds: OrderedDict[tuple[bytes, str], Plaintext | str] = OrderedDict()

    def close(self) -> None:
        self._seeds.clear()
        if self._client is not None:
            self._client.close()

    def decrypt(self, data: bytes, where: bytes) -> bytes:
        try:
            envelope = _envelope(data)
        except (WireError, UnicodeDecodeError):
            raise _FailedError("it is cut off, or was changed") from None
        seed = self._seed(envelope)
        if envelope.kind != _SEED:
            return _gcm(seed, envelope.data, where)
        if len(envelope.data) < _INFO:
            raise _FailedError(_CUT)
        derived = HKDFExpand(SHA256(), _INFO, envelope.data[:_INFO]).derive(seed.reveal())
        return _gcm(Plaintext(derived), envelope.data[_INFO:], where)

    def _seed(self, envelope: _Envelope) -> Plaintext:
        """Return the data key of a value; a plugin that refused one is not asked again for each of its values."""
        which = envelope.seed, envelope.key_id
        found = self._seeds.get(which)
        if found is None:
            found = self._asked(envelope)
            self._seeds[which] = found
            if len(self._seeds) > _MOST_SEEDS:
                self._seeds.popitem(last=False)
        if isinstance(found, str):
            raise _FailedError(found)
        return found

    def _asked(self, envelope: _Envelope) -> Plaintext | str:
        if self._client is None:
            self._client = Client(self._provider.endpoint, seconds(self._provider.timeout))
        try:
            return self._client.decrypt(envelope.seed, envelope.key_id, envelope.annotations)
        except KeyUseError as error:
            return error.message


def _envelope(message: bytes) -> _Envelope:
    texts: dict[int, bytes] = {}
    annotations: dict[str, bytes] = {}
    kind = 0
    for number, value in fields(message):
        if isinstance(value, int):
            kind = value if number == _KIND else kind
        elif number == _ANNOTATIONS:
            entry = {which: part for which, part in fields(value) if isinstance(part, bytes)}
            annotations[entry.get(1, b"").decode()] = entry.get(2, b"")
        else:
            texts[number] = value
    return _Envelope(texts.get(1, b""), texts.get(2, b"").decode(), texts.get(3, b""), annotations, kind)


def seconds(duration: str) -> float:
    """Read a duration as Go writes it (``3s``, ``1m30s``, ``500ms``); the API server's default where it is empty."""
    parts = _DURATION.findall(duration)
    return sum(float(number) * _UNITS[unit] for number, unit in parts) or _DEFAULT_SECONDS
