"""An etcd that does not answer as etcd does: reading it ends, with an error, and is never taken for whole."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from strongroom.errors import SourceError, UsageError
from strongroom.sources.etcd_client import EtcdClient, Pair
from strongroom.sources.etcd_options import EtcdOptions

_VERSION = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
_A, _B, _Z = b"/registry/secrets/a/a", b"/registry/secrets/a/b", b"/registry/zzz"


def _field(number: int, data: bytes) -> bytes:
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data


def _answer(*keys: bytes, more: bool = False) -> bytes:
    pairs = [_field(2, _field(1, key) + b"\x18\x05" + _field(5, b"k8s\0canary")) for key in keys]
    return b"".join(pairs) + (b"\x18\x01" if more else b"")


class _Standin(grpc.GenericRpcHandler):
    """A server that answers each request with the next of some answers, and from then on with the last one."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = itertools.chain(answers, itertools.repeat(answers[-1]))

    def service(self, _: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        """Answer every method alike."""
        return grpc.unary_unary_rpc_method_handler(lambda _request, _context: next(self._answers))

    @contextlib.contextmanager
    def run(self) -> Iterator[EtcdClient]:
        """Serve it on a port on which its version may be asked for, too; a client of it."""
        server = grpc.server(ThreadPoolExecutor(2), [self])
        behind = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with socket.create_server(("127.0.0.1", 0)) as front:
            accepting = threading.Thread(target=_accept, args=(front, behind))
            accepting.start()
            try:
                with EtcdClient(f"etcd:http://127.0.0.1:{front.getsockname()[1]}", EtcdOptions()) as client:
                    yield client
            finally:
                front.shutdown(socket.SHUT_RDWR)
                accepting.join()
                server.stop(None).wait()


def _accept(front: socket.socket, behind: int) -> None:
    pumps: list[threading.Thread] = []
    with contextlib.suppress(OSError):
        while True:
            connection, _ = front.accept()
            if connection.recv(3, socket.MSG_PEEK) != b"PRI":  # HTTP/2 begins like that
                connection.recv(4096)
                connection.sendall(_VERSION)
                connection.close()
                continue
            other = socket.create_connection(("127.0.0.1", behind))
            for ends in ((connection, other), (other, connection)):
                pumps.append(threading.Thread(target=_pump, args=ends))
                pumps[-1].start()
    for pump in pumps:
        pump.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with source, contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def _read(*answers: bytes) -> list[Pair]:
    with _Standin(*answers).run() as client:
        return [pair for start, end in client.ranges(("secrets",), lambda _: None) for pair in client.pages(start, end)]


def test_pages() -> None:
    """Pages are read until there are no more; what a value is does not show where a pair is written out."""
    found = _read(_answer(_A, more=True), _answer(_B))
    assert [pair.key for pair in found] == [_A.decode(), _B.decode()]
    assert "canary" not in repr(found)


@pytest.mark.parametrize(
    "answers",
    [
        [_answer(_A, more=True)],
        [_answer(_B, _A)],
        [_answer(_A, _A)],
        [_answer(_Z)],
        [_answer(more=True)],
        [_answer(_A, more=True), _answer(more=True)],
        [b"\xff\xff"],
        [b"\x12\xff\xff\xff\xff\x0f"],
    ],
    ids=["again-and-again", "out-of-order", "twice", "of-another-range", "none", "none-more", "no-message", "cut-off"],
)
def test_no_etcd(answers: list[bytes]) -> None:
    """Keys that come again, out of order or of another range, and pages that say of more and hold none, are refused."""
    with pytest.raises(SourceError, match="answers something else than etcd"):
        _read(*answers)


def test_a_search_for_what_is_encrypted_ends() -> None:
    """A server that answers every question for the next resource with the same key is refused."""
    with _Standin(_answer(_A)).run() as client, pytest.raises(SourceError, match="something else"):
        list(client.ranges((), lambda _: None))


def test_a_password_in_the_url() -> None:
    """A user in the URL is refused, and not repeated."""
    with pytest.raises(UsageError, match="names a user") as caught:
        EtcdClient("etcd:https://root:canary@127.0.0.1:2379", EtcdOptions())
    assert "canary" not in str(caught.value)
