"""A KMS v2 plugin that says of itself what a test wants: unhealthy, another key, a refusal. Its cipher is an XOR.

For what no real plugin does on request; ``tests.support.controlplane.kms`` runs one that behaves.
"""

from __future__ import annotations

from concurrent import futures
from types import TracebackType
from typing import Any, Self

import grpc
from tests.support.controlplane.folder import Folder

from strongroom.keys.kmsv2 import api_pb2, method

_MASK = 7


class StandIn:
    """A plugin on a socket of its own; a context manager.

    Attributes:
        key_id: what it calls its key.
        healthz: how it says it is; ``ok`` for well.
        asked: how often it was asked to decrypt.
    """

    def __init__(self, key_id: str = "key-1") -> None:
        self.key_id, self.healthz, self.asked = key_id, method.HEALTHY, 0
        self._folder = Folder()
        self.socket = self._folder.path / "kms.sock"
        self._server = grpc.server(futures.ThreadPoolExecutor(2))
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
            "Status": grpc.unary_unary_rpc_method_handler(
                self._status, api_pb2.StatusRequest.FromString, api_pb2.StatusResponse.SerializeToString
            ),
            "Encrypt": grpc.unary_unary_rpc_method_handler(
                self._encrypt, api_pb2.EncryptRequest.FromString, api_pb2.EncryptResponse.SerializeToString
            ),
            "Decrypt": grpc.unary_unary_rpc_method_handler(
                self._decrypt, api_pb2.DecryptRequest.FromString, api_pb2.DecryptResponse.SerializeToString
            ),
        }
        self._server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(method.SERVICE, handlers)])
        self._server.add_insecure_port(f"unix:{self.socket}")
        self._server.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.stop(None).wait()
        self._folder.close()

    @property
    def provider(self) -> dict[str, object]:
        """The provider of an EncryptionConfiguration that means this plugin."""
        return {"kms": {"apiVersion": "v2", "name": "vault", "endpoint": f"unix://{self.socket}", "timeout": "5s"}}

    def _status(self, _request: api_pb2.StatusRequest, _context: grpc.ServicerContext) -> api_pb2.StatusResponse:
        return api_pb2.StatusResponse(version=method.VERSION, healthz=self.healthz, key_id=self.key_id)

    def _encrypt(self, request: api_pb2.EncryptRequest, _context: grpc.ServicerContext) -> api_pb2.EncryptResponse:
        return api_pb2.EncryptResponse(ciphertext=masked(request.plaintext), key_id=self.key_id)

    def _decrypt(self, request: api_pb2.DecryptRequest, context: grpc.ServicerContext) -> api_pb2.DecryptResponse:
        self.asked += 1
        if request.key_id == "revoked":
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "canary in a message")
        return api_pb2.DecryptResponse(plaintext=masked(request.ciphertext))


def masked(data: bytes) -> bytes:
    """Encrypt, or decrypt."""
    return bytes(byte ^ _MASK for byte in data)
