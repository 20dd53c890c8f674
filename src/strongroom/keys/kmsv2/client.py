"""A client of a KMS v2 plugin, for everything that asks one as the API server would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import grpc

from strongroom.errors import KeyUseError
from strongroom.keys.kmsv2 import api_pb2, method
from strongroom.model.plaintext import Plaintext


class Status(NamedTuple):
    """What a plugin says about itself.

    Attributes:
        version: of the API, ``v2``.
        healthz: ``ok``, or why its key cannot be used.
        key_id: the key that encrypts now.
    """

    version: str
    healthz: str
    key_id: str


class Encrypted(NamedTuple):
    """What a plugin makes of a value; all of it is needed to decrypt.

    Attributes:
        ciphertext: the encrypted value.
        key_id: the key that encrypted it.
        annotations: what else the plugin wants back.
    """

    ciphertext: bytes
    key_id: str
    annotations: Mapping[str, bytes]


class Client:
    """A connection to the plugin that listens on a Unix socket; threads may share it.

    Args:
        socket: the path of the socket; ``unix:///path``, as in an EncryptionConfiguration, is one too.
        timeout: seconds for each call, within which the plugin may also start.
    """

    def __init__(self, socket: str | Path, timeout: float = 3.0) -> None:
        self._timeout = timeout
        self._socket = str(socket).removeprefix("unix://")
        # A proxy of the environment means nothing here, and one plugin must not be mistaken for another of the process.
        options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.insecure_channel(f"unix:{self._socket}", options)
        self._status = self._channel.unary_unary(
            method.path("Status"), api_pb2.StatusRequest.SerializeToString, api_pb2.StatusResponse.FromString
        )
        self._encrypt = self._channel.unary_unary(
            method.path("Encrypt"), api_pb2.EncryptRequest.SerializeToString, api_pb2.EncryptResponse.FromString
        )
        self._decrypt = self._channel.unary_unary(
            method.path("Decrypt"), api_pb2.DecryptRequest.SerializeToString, api_pb2.DecryptResponse.FromString
        )

    def status(self) -> Status:
        """Ask how the plugin is.

        Raises:
            KeyUseError: it cannot be reached, or fails.
        """
        try:
            answer = self._status(api_pb2.StatusRequest(), timeout=self._timeout, wait_for_ready=True)
        except grpc.RpcError as error:
            raise self._failed("says nothing about itself", error) from None
        return Status(answer.version, answer.healthz, answer.key_id)

    def encrypt(self, value: Plaintext, uid: str = "") -> Encrypted:
        """Have a value encrypted; ``uid`` names the request in the plugin's log.

        Raises:
            KeyUseError: the plugin cannot be reached, or refuses.
        """
        request = api_pb2.EncryptRequest(plaintext=value.reveal(), uid=uid)
        try:
            answer = self._encrypt(request, timeout=self._timeout, wait_for_ready=True)
        except grpc.RpcError as error:
            raise self._failed("does not encrypt", error) from None
        return Encrypted(answer.ciphertext, answer.key_id, dict(answer.annotations))

    def decrypt(
        self, ciphertext: bytes, key_id: str, annotations: Mapping[str, bytes] | None = None, uid: str = ""
    ) -> Plaintext:
        """Have a value decrypted, with everything that the answer to its encryption said.

        Raises:
            KeyUseError: the plugin cannot be reached, or refuses: another key, or something was changed.
        """
        request = api_pb2.DecryptRequest(ciphertext=ciphertext, uid=uid, key_id=key_id, annotations=annotations or {})
        try:
            answer = self._decrypt(request, timeout=self._timeout, wait_for_ready=True)
        except grpc.RpcError as error:
            raise self._failed("does not decrypt", error) from None
        return Plaintext(answer.plaintext)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _failed(self, what: str, error: grpc.RpcError) -> KeyUseError:
        """Say what failed; what a foreign plugin adds in words is not repeated, for it may hold anything."""
        code = error.code().name
        unreachable = code in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
        hint = f"does a plugin listen on {self._socket}, and may this user write to it?" if unreachable else ""
        return KeyUseError(f"the KMS plugin {what}: {code.lower().replace('_', ' ')}", hint=hint)
