"""Small real proxies: HTTP with CONNECT, and SOCKS5 with and without a password."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Greet = Callable[[socket.socket], tuple[str, int] | None]
"""Talks with a client until it is known where to; None where it is refused."""

_VERSION, _PASSWORD, _CONNECT, _NAME = 5, 2, 1, 3  # RFC 1928
_SUCCEEDED = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00"


@contextmanager
def tunnel() -> Iterator[tuple[str, list[str]]]:
    """Run a proxy that knows CONNECT (RFC 9110 section 9.3.6); give its address and whom it was asked for."""

    def greet(near: socket.socket) -> tuple[str, int]:
        request = near.recv(65536).split(b"\r\n")[0].decode().split()
        host, _, port = request[1].rpartition(":")
        near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        return host, int(port)

    with _proxy(greet) as (port, asked):
        yield f"http://127.0.0.1:{port}", asked


@contextmanager
def socks5(password: bytes | None = None, names: dict[str, str] | None = None) -> Iterator[tuple[int, list[str]]]:
    """Run a SOCKS5 proxy; give its port and whom it was asked for.

    Args:
        password: what users must give (RFC 1929); None where nothing is asked.
        names: the addresses of the names that it knows.
    """

    def greet(near: socket.socket) -> tuple[str, int] | None:
        _, count = _exactly(near, 2)
        offered = _exactly(near, count)
        if password is not None:
            if _PASSWORD not in offered:
                near.sendall(b"\x05\xff")
                return None
            near.sendall(b"\x05\x02")
            _exactly(near, 1)
            _exactly(near, _exactly(near, 1)[0])
            right = _exactly(near, _exactly(near, 1)[0]) == password
            near.sendall(b"\x01\x00" if right else b"\x01\x01")
            if not right:
                return None
        else:
            near.sendall(b"\x05\x00")
        version, command, _, kind = _exactly(near, 4)
        assert (version, command) == (_VERSION, _CONNECT)
        host = _exactly(near, _exactly(near, 1)[0]).decode() if kind == _NAME else socket.inet_ntoa(_exactly(near, 4))
        port = int.from_bytes(_exactly(near, 2), "big")
        near.sendall(_SUCCEEDED)
        return host, port

    with _proxy(greet, names) as found:
        yield found


@contextmanager
def _proxy(greet: Greet, names: dict[str, str] | None = None) -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []
    links: list[threading.Thread] = []

    def link(near: socket.socket) -> None:
        with near:
            wanted = greet(near)
            if wanted is None:
                return
            host, port = wanted
            asked.append(f"{host}:{port}")
            with socket.create_connection(((names or {}).get(host, host), port)) as far:
                back = threading.Thread(target=_pump, args=(far, near), daemon=True)
                back.start()
                _pump(near, far)
                back.join()

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            links.append(threading.Thread(target=link, args=(near,), daemon=True))
            links[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,), daemon=True)
        server.start()
        try:
            yield listener.getsockname()[1], asked
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for thread in (server, *links):
                thread.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise OSError("the client has gone")
        data += piece
    return data
