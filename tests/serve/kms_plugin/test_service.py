"""The three methods, over a real socket, with keys that fail in every way."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.serve.kms_plugin.keys import MemoryKey
from tests.support.controlplane.access import eventually
from tests.support.controlplane.folder import Folder

from strongroom.keys.kek import Version
from strongroom.keys.kmsv2 import api_pb2, method
from strongroom.model.plaintext import Plaintext
from strongroom.serve.kms_plugin.calls import Caller
from strongroom.serve.kms_plugin.health import Health, Intervals
from strongroom.serve.kms_plugin.keyring import Keyring
from strongroom.serve.kms_plugin.metrics import Metrics
from strongroom.serve.kms_plugin.service import Service
from strongroom.serve.log import Log

SEED = b"a seed of a data key, 32 bytes.."
Code = grpc.StatusCode


class Asked:
    """A service on a socket, and the raw calls of a client."""

    def __init__(self, socket: Path, *readers: MemoryKey, timeout: float = 5.0, queue: int = 4) -> None:
        self.key = MemoryKey()
        self.lines = io.StringIO()
        self.metrics = Metrics()
        self.health = Health(Intervals())
        self.health.saw(Version("memory:1"), time.monotonic())
        self.health.looked("")
        keyring = Keyring(self.key, readers)
        self.service = Service(keyring, self.health, Caller(1, queue), self.metrics, Log(self.lines), timeout)
        self.server = grpc.server(ThreadPoolExecutor(16))
        self.server.add_generic_rpc_handlers((self.service.handler(),))
        self.server.add_insecure_port(f"unix:{socket}")
        self.server.start()
        self.channel = grpc.insecure_channel(f"unix:{socket}", [("grpc.use_local_subchannel_pool", 1)])

    def raw(self, name: str, message: bytes, timeout: float = 20.0) -> bytes:
        """Call a method with bytes."""
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self.channel.unary_unary(method.path(name))
        return call(message, timeout=timeout)

    def encrypt(self, plain: bytes = SEED, timeout: float = 20.0) -> api_pb2.EncryptResponse:
        """Encrypt something."""
        request = api_pb2.EncryptRequest(plaintext=plain, uid="u-1\x07").SerializeToString()
        return api_pb2.EncryptResponse.FromString(self.raw("Encrypt", request, timeout))

    def decrypt(self, ciphertext: bytes, key_id: str) -> bytes:
        """Decrypt something."""
        request = api_pb2.DecryptRequest(ciphertext=ciphertext, key_id=key_id, uid="u-2")
        return api_pb2.DecryptResponse.FromString(self.raw("Decrypt", request.SerializeToString())).plaintext

    def refusals(self) -> list[dict[str, Any]]:
        """What the log holds."""
        return [json.loads(line) for line in self.lines.getvalue().splitlines()]

    def close(self) -> None:
        """End it."""
        self.key.hold.set()
        self.channel.close()
        self.server.stop(None).wait()


Start = Callable[..., Asked]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start services that end with the test."""
    made: list[Asked] = []
    with closing(Folder()) as folder:

        def one(*readers: MemoryKey, **settings: Any) -> Asked:
            made.append(Asked(folder.path / f"{len(made)}.sock", *readers, **settings))
            return made[-1]

        yield one
        for asked in made:
            asked.close()


def refused(act: Callable[[], object]) -> tuple[grpc.StatusCode, str]:
    """The code and the reason with which a call is refused."""
    with pytest.raises(grpc.RpcError) as caught:
        act()
    return caught.value.code(), caught.value.details() or ""


def test_status_names_what_encrypted(start: Start) -> None:
    """After a rotation that an encryption meets first, Status names the same version as the answer to it."""
    asked = start()
    added = asked.key.rotate()

    assert asked.encrypt().key_id == added
    status = api_pb2.StatusResponse.FromString(asked.raw("Status", b""))
    assert (status.version, status.healthz, status.key_id) == ("v2", "ok", added)


def test_each_key_decrypts_its_own(start: Start) -> None:
    """A key that only decrypts is used for what it encrypted, and for nothing else."""
    old = MemoryKey("old")
    ciphertext, version = old.encrypt(Plaintext(SEED), time.monotonic() + 5)
    asked = start(old)

    assert asked.decrypt(ciphertext, version.id) == SEED
    assert asked.encrypt().key_id == "memory:1"


def test_codes_tell_what_was_wrong(start: Start) -> None:
    """Each kind of failure has its own code; the log names the request, and neither holds a value."""
    asked = start(timeout=1.0)
    made = asked.encrypt()
    key = asked.key
    assert refused(lambda: asked.decrypt(made.ciphertext, "nobody:1"))[0] is Code.NOT_FOUND
    assert refused(lambda: asked.decrypt(made.ciphertext[:-1], made.key_id))[0] is Code.INVALID_ARGUMENT
    assert refused(lambda: asked.decrypt(b"x" * 1025, made.key_id))[0] is Code.INVALID_ARGUMENT
    assert refused(lambda: asked.decrypt(made.ciphertext, ""))[0] is Code.INVALID_ARGUMENT
    assert refused(lambda: asked.raw("Encrypt", b"\xff\xff\xff"))[0] is Code.INVALID_ARGUMENT
    assert refused(lambda: asked.raw("Nothing", b""))[0] is Code.UNIMPLEMENTED
    key.refuses = "the key is disabled"
    assert refused(asked.encrypt) == (Code.FAILED_PRECONDITION, "the key is disabled")
    key.refuses = ""
    key.unreachable = 10**6
    assert refused(asked.encrypt) == (Code.UNAVAILABLE, "the holder could not be reached")

    lines = asked.refusals()
    assert [line["code"] for line in lines][-2:] == ["FAILED_PRECONDITION", "UNAVAILABLE"]
    assert lines[-1]["uid"] == "u-1"
    assert SEED.decode() not in asked.lines.getvalue()
    count = asked.metrics.registry.get_sample_value(
        "strongroom_kms_requests_total", {"method": "Encrypt", "code": "UNAVAILABLE"}
    )
    assert count == 1


def test_a_defect_is_not_told_in_detail(start: Start) -> None:
    """An exception that nobody expected becomes its kind and its place, without its text."""
    asked = start()
    asked.key.encrypt = lambda *_: 1 / len(b"")  # type: ignore[method-assign, assignment]

    code, reason = refused(asked.encrypt)

    assert code is Code.INTERNAL
    assert reason.startswith("internal error ZeroDivisionError at test_service.py:")


def test_the_client_s_deadline_counts(start: Start) -> None:
    """A call that the API server gives half a second does not hold the key's turn for longer."""
    asked = start(timeout=30.0)
    asked.key.hold.clear()

    code, _ = refused(lambda: asked.encrypt(timeout=0.5))

    assert code in {Code.DEADLINE_EXCEEDED, Code.UNAVAILABLE}
    eventually(lambda: asked.key.inside == 0, "the key is not waited for any more", 10)


def test_too_many_are_refused_and_status_still_answers(start: Start) -> None:
    """With a key that hangs, requests beyond the queue are refused at once, and Status answers."""
    asked = start(timeout=30.0, queue=2)
    asked.key.hold.clear()
    outcomes: list[grpc.StatusCode] = []

    def one() -> None:
        try:
            asked.encrypt()
        except grpc.RpcError as error:
            outcomes.append(error.code())

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(outcomes) == 3, "three of six were refused")
    status = api_pb2.StatusResponse.FromString(asked.raw("Status", b""))
    asked.key.hold.set()
    for thread in threads:
        thread.join()

    assert status.healthz == "ok"
    assert outcomes == [Code.RESOURCE_EXHAUSTED] * 3


def test_the_key_of_the_same_name_elsewhere(start: Start) -> None:
    """What a key of the same name in another place encrypted is decrypted by that one, not taken for changed."""
    old = MemoryKey()
    ciphertext, version = old.encrypt(Plaintext(SEED), time.monotonic() + 10)
    asked = start(old)

    assert asked.decrypt(ciphertext, version.id) == SEED
    assert refused(lambda: asked.decrypt(ciphertext[:-1], version.id))[0] is Code.INVALID_ARGUMENT
    old.refuses = "the key is disabled"
    assert refused(lambda: asked.decrypt(ciphertext, version.id)) == (Code.FAILED_PRECONDITION, old.refuses)
