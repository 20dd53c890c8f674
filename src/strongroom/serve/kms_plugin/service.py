"""The three methods of the API, on keys that may be slow, gone or many."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import PurePath
from typing import cast

import grpc
from google.protobuf.message import DecodeError

from strongroom.errors import KeyUnreachableError, StrongroomError, TamperedError
from strongroom.keys.kmsv2 import api_pb2
from strongroom.keys.kmsv2.method import KEY_ID_BYTES, SERVICE, VERSION
from strongroom.model.plaintext import Plaintext
from strongroom.serve.kms_plugin.calls import Caller, OverloadedError
from strongroom.serve.kms_plugin.health import Health
from strongroom.serve.kms_plugin.keyring import Keyring
from strongroom.serve.kms_plugin.metrics import Metrics, key_id_hash
from strongroom.serve.log import Log

_MARGIN = 0.05
"""Seconds before the API server's deadline at which an answer has to be on its way."""

_UID_CHARACTERS = 64
_LONGEST_HOLD = 1.0

Code = grpc.StatusCode


class Refusal(Exception):  # noqa: N818 - never leaves the room
    """A request is not answered: with which code, and why; what the API server shows holds no value."""

    def __init__(self, code: grpc.StatusCode, reason: str, key_id: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.key_id = key_id


class Service:
    """Answers requests.

    Args:
        keyring: the keys; may be replaced while requests run.
        health: what ``Status`` says.
        caller: calls the keys.
        metrics: what is counted.
        log: where failures go.
        timeout: most seconds for a request; the API server's deadline counts where it is nearer.
    """

    def __init__(
        self, keyring: Keyring, health: Health, caller: Caller, metrics: Metrics, log: Log, timeout: float
    ) -> None:
        self.keyring = keyring
        self.gate = threading.Event()
        """Answers leave while it is set; closed for a moment at the end (`plugin.end`)."""
        self.gate.set()
        self._health = health
        self._caller = caller
        self._log = log
        self._timeout = timeout
        self._metrics = metrics

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the methods as gRPC wants them; messages are taken apart here, where a broken one is a refusal."""
        methods = {"Status": self._status, "Encrypt": self._encrypt, "Decrypt": self._decrypt}
        handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            name: grpc.unary_unary_rpc_method_handler(self._answering(name, method)) for name, method in methods.items()
        }
        return grpc.method_handlers_generic_handler(SERVICE, handlers)

    def _answering(
        self, name: str, method: Callable[[bytes, float], bytes]
    ) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        ok = self._metrics.requests.labels(name, "OK")
        seconds = self._metrics.seconds.labels(name)
        in_flight = self._metrics.in_flight

        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            begin = time.monotonic()
            in_flight.inc()
            try:
                answered = method(request, _deadline(begin + self._timeout, begin, context))
            except Refusal as error:
                refusal = error
            except Exception as error:  # noqa: BLE001 - its text could hold a value; the log says where it came from
                refusal = _internal(error)
            else:
                ok.inc()
                self.gate.wait(_LONGEST_HOLD)
                return answered
            finally:
                in_flight.dec()
                seconds.observe(time.monotonic() - begin)
            self._refused(name, request, refusal, time.monotonic() - begin)
            return context.abort(refusal.code, refusal.reason)

        return answer

    def _refused(self, name: str, request: bytes, refusal: Refusal, seconds: float) -> None:
        self._metrics.requests.labels(name, refusal.code.name).inc()
        self._log.warning(
            "request refused",
            method=name,
            code=refusal.code.name,
            reason=refusal.reason,
            uid=_uid(name, request),
            key_id_hash=key_id_hash(refusal.key_id),
            seconds=round(seconds, 4),
        )
        if refusal.code in {Code.UNAVAILABLE, Code.FAILED_PRECONDITION, Code.INTERNAL}:
            self._health.doubt()

    def _status(self, _request: bytes, _deadline: float) -> bytes:
        healthz, key_id = self._health.status()
        return api_pb2.StatusResponse(version=VERSION, healthz=healthz, key_id=key_id).SerializeToString()

    def _encrypt(self, data: bytes, deadline: float) -> bytes:
        request = api_pb2.EncryptRequest()
        _parse(request, data)
        key, began = self.keyring.writer, time.monotonic()
        plain = Plaintext(request.plaintext)
        try:
            ciphertext, version = self._caller.patiently(key, lambda until: key.encrypt(plain, until), deadline)
        except (StrongroomError, OverloadedError) as error:
            raise _refusal(error) from None
        if len(ciphertext) > KEY_ID_BYTES:
            raise Refusal(Code.INTERNAL, "the key encrypts into more than an API server takes", version.id)
        if key is self.keyring.writer:
            self._health.saw(version, began)
        return api_pb2.EncryptResponse(ciphertext=ciphertext, key_id=version.id).SerializeToString()

    def _decrypt(self, data: bytes, deadline: float) -> bytes:
        request = api_pb2.DecryptRequest()
        _parse(request, data)
        ciphertext, key_id = request.ciphertext, request.key_id
        if not ciphertext or not key_id or max(len(ciphertext), len(key_id)) > KEY_ID_BYTES:
            raise Refusal(Code.INVALID_ARGUMENT, "a ciphertext and a key id have 1 to 1024 bytes")
        try:
            keys = self.keyring.holders(key_id)
        except StrongroomError as error:
            raise Refusal(Code.NOT_FOUND, error.message, key_id) from None
        refusals = []
        for key in keys:
            decrypt = partial(key.decrypt, ciphertext, key_id)
            try:
                value = self._caller.patiently(key, decrypt, deadline)
            except (StrongroomError, OverloadedError) as error:
                refusals.append(_refusal(error, key_id))
            else:
                return api_pb2.DecryptResponse(plaintext=value.reveal()).SerializeToString()
        # To a key of another holder everything looks changed: what the right one says comes first.
        raise next((one for one in refusals if one.code is not Code.INVALID_ARGUMENT), refusals[0])


def _deadline(ours: float, now: float, context: grpc.ServicerContext) -> float:
    left = cast("float | None", context.time_remaining())  # None where the client waits for ever
    return ours if left is None else min(ours, now + left - _MARGIN)


def _parse(message: api_pb2.EncryptRequest | api_pb2.DecryptRequest, data: bytes) -> None:
    try:
        message.ParseFromString(data)
    except DecodeError:
        raise Refusal(Code.INVALID_ARGUMENT, "the request is no message of the KMS v2 API") from None


def _refusal(error: StrongroomError | OverloadedError, key_id: str = "") -> Refusal:
    if isinstance(error, OverloadedError):
        return Refusal(Code.RESOURCE_EXHAUSTED, "too many requests wait for the key", key_id)
    code = Code.FAILED_PRECONDITION
    if isinstance(error, KeyUnreachableError):
        code = Code.UNAVAILABLE
    elif isinstance(error, TamperedError):
        code = Code.INVALID_ARGUMENT
    return Refusal(code, error.message, key_id)


def _internal(error: Exception) -> Refusal:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{PurePath(frame.filename).name}:{frame.lineno}"
    return Refusal(Code.INTERNAL, f"internal error {type(error).__name__} at {where}")


def _uid(name: str, data: bytes) -> str:
    """Return the name that the API server gave a request, as far as it is fit to print."""
    if name == "Status":
        return ""
    message = api_pb2.EncryptRequest() if name == "Encrypt" else api_pb2.DecryptRequest()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return ""
    return "".join(c for c in message.uid[:_UID_CHARACTERS] if c.isprintable())
