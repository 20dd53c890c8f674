"""One request to a key service: bounds, redirects, proxies, certificates."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.keys.services import Call, Reply, Service

from strongroom.errors import KeyUseError
from strongroom.keys.rest import MOST_BYTES, Request, ask


def _answering(call: Call) -> Reply:
    if call.path == "/away":
        return Reply(302, headers={"Location": "/here"})
    if call.path == "/large":
        return Reply(200, b"x" * (MOST_BYTES + 1))
    return Reply(200, {"path": call.path, "query": call.query, "host": call.headers.get("host")})


@pytest.fixture(scope="module")
def secure() -> Iterator[Service]:
    """A server with https."""
    service = Service(_answering)
    yield service
    service.close()


@pytest.fixture(scope="module")
def plain() -> Iterator[Service]:
    """A server without."""
    service = Service(_answering, tls=False)
    yield service
    service.close()


def _get(url: str, **more: object) -> Request:
    return Request("the server", "GET", url, {"Authorization": "Bearer t0ken"}, **more)  # type: ignore[arg-type]


def test_a_request_and_its_answer(secure: Service, plain: Service) -> None:
    """Path, query and headers arrive; the answer is read as JSON, and is empty where it is none."""
    for service in (secure, plain):
        answer = ask(_get(f"{service.address}/a/b?c=d%20e"), service.environment)
        assert answer.json() == {"path": "/a/b", "query": "c=d%20e", "host": service.address.split("/")[2]}
        assert service.calls[-1].headers["authorization"] == "Bearer t0ken"
        assert answer.headers["content-length"] == str(len(answer.body))
    assert answer._replace(body=b"[1]").json() == answer._replace(body=b"{").json() == {}


def test_a_redirect_is_not_followed(secure: Service) -> None:
    """The token goes to the server that was meant, and nowhere else."""
    before = len(secure.calls)
    assert ask(_get(f"{secure.address}/away"), secure.environment).status == 302
    assert [call.path for call in secure.calls[before:]] == ["/away"]


def test_a_server_that_nobody_vouches_for(secure: Service) -> None:
    """Without its authority it is refused before anything is sent."""
    before = len(secure.calls)
    with pytest.raises(KeyUseError, match="the certificate of the server is not trusted"):
        ask(_get(secure.address), {})
    with pytest.raises(KeyUseError, match=r"not trusted: .*(mismatch|not valid for)"):
        ask(_get(secure.address.replace("127.0.0.1", "localhost")), secure.environment)
    assert len(secure.calls) == before


def test_authorities_that_cannot_be_read(tmp_path: Path) -> None:
    """A file of authorities that is missing or holds none is an error that names it."""
    (tmp_path / "empty.pem").write_text("")
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(KeyUseError, match=f"{name} could not be read as PEM"):
            ask(_get("https://127.0.0.1:1"), {"SSL_CERT_FILE": str(tmp_path / name)})


@pytest.mark.parametrize("url", ["", "ftp://host", "https://", "https://host:99999", "http://[", "/path"])
def test_what_is_no_url(url: str) -> None:
    """It is an error and not a traceback."""
    with pytest.raises(KeyUseError, match="the server has no usable URL"):
        ask(_get(url), {})


@pytest.mark.parametrize(
    ("statuses", "asked"), [([503, 429, 200], 3), ([502, 504, 503, 200], 3), ([500, 200], 1), ([403], 1)]
)
def test_a_busy_server_is_asked_again(statuses: list[int], asked: int) -> None:
    """Twice, where it says to come back; other refusals are final."""
    rest = iter(statuses)
    service = Service(lambda _: Reply(next(rest)), tls=False)
    try:
        assert ask(_get(service.address), {}).status == statuses[asked - 1]
        assert len(service.calls) == asked
    finally:
        service.close()


def test_an_answer_that_is_far_too_long(plain: Service) -> None:
    """Reading stops at a bound."""
    with pytest.raises(KeyUseError, match="answered with more than"):
        ask(_get(f"{plain.address}/large"), {})


class _Raw:
    """A server that says given bytes, slowly where told so, whatever it is asked."""

    def __init__(self, *pieces: bytes, pause: float = 0) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, args=(pieces, pause), daemon=True).start()

    def _serve(self, pieces: tuple[bytes, ...], pause: float) -> None:
        with self._socket, self._socket.accept()[0] as connection:
            connection.recv(65536)
            for piece in pieces:
                try:
                    connection.sendall(piece)
                except OSError:
                    return
                time.sleep(pause)


def test_a_server_that_answers_a_byte_at_a_time() -> None:
    """It is given up when its time is over, although it is never silent for long."""
    server = _Raw(b"HTTP/1.1 200 OK\r\n", *[b"X-A: b\r\n"] * 2000, pause=0.05)
    with pytest.raises(KeyUseError, match="did not answer in time"):
        ask(_get(server.address, seconds=0.4), {})
    body = _Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", *[b"x"] * 9999, pause=0.05)
    with pytest.raises(KeyUseError, match="did not answer in time"):
        ask(_get(body.address, seconds=0.4), {})


def test_a_server_that_is_silent() -> None:
    """It is given up too."""
    with pytest.raises(KeyUseError, match="did not answer in time"):
        ask(_get(_Raw(b"", pause=20).address, seconds=0.4), {})


@pytest.mark.parametrize(
    "said", [b"", b"hello\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"]
)
def test_a_server_that_speaks_something_else(said: bytes) -> None:
    """It is an error that says so, and no part of what it said is repeated."""
    with pytest.raises(KeyUseError, match=r"the server (did not answer as an HTTP server|could not be reached)"):
        ask(_get(_Raw(said).address), {})


def test_a_proxy_is_used(plain: Service) -> None:
    """A plain request goes through the proxy of the environment, with its user and password, but not past NO_PROXY."""
    proxy = Service(_answering, tls=False)
    try:
        url = proxy.address.replace("http://", "http://ann:s%40fe@")
        ask(_get("http://keys.example.com:8200/v1"), {"http_proxy": url})
        call = proxy.calls[-1]
        assert call.path == "http://keys.example.com:8200/v1"
        assert call.headers["host"] == "keys.example.com:8200"
        expected = base64.b64encode(b"ann:s@fe").decode()
        assert call.headers["proxy-authorization"] == f"Basic {expected}"
        for environment in (
            {"http_proxy": url, "NO_PROXY": "127.0.0.1"},
            {"HTTP_PROXY": url, "no_proxy": "*"},
            {"HTTPS_PROXY": url},
        ):
            ask(_get(f"{plain.address}/direct"), environment)
            assert plain.calls[-1].path == "/direct"
        ask(_get(f"{plain.address}/machine", direct=True), {"http_proxy": url})
        assert len(proxy.calls) == 1
    finally:
        proxy.close()


def test_a_secure_request_tunnels_through_a_proxy() -> None:
    """The proxy sees the host and its own password, and no token."""
    proxy = Service(lambda _: Reply(403), tls=False)
    try:
        url = proxy.address.replace("http://", "http://ann:safe@")
        with pytest.raises(KeyUseError, match="could not be reached"):
            ask(_get("https://keys.example.com/v1"), {"HTTPS_PROXY": url})
        call = proxy.calls[-1]
        assert (call.method, call.path) == ("CONNECT", "keys.example.com:443")
        assert "proxy-authorization" in call.headers
        assert "authorization" not in call.headers
    finally:
        proxy.close()


def test_a_proxy_of_another_kind() -> None:
    """It is an error, and not a direct connection that somebody did not want."""
    for url in ("socks5://127.0.0.1:1080", "https://proxy:3128", "http://"):
        with pytest.raises(KeyUseError, match="the proxy of the server is of a kind that is not supported"):
            ask(_get("https://keys.example.com"), {"https_proxy": url})


def test_a_server_whose_time_ends_while_tls_begins() -> None:
    """It is given up as well, although nothing could be shut at that moment and bytes go on coming."""
    service = Service(lambda _: Reply(200, b"x"))
    context, sent = service._tls(), 0
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        nonlocal sent
        connection = listening.accept()[0]
        connection.recv(65536)
        time.sleep(0.7)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")  # of the proxy
        time.sleep(0.6)  # the second that the request has ends here
        try:
            with context.wrap_socket(connection, server_side=True) as stream:
                stream.recv(65536)
                stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
                while sent < 100:
                    stream.sendall(b"x")
                    sent += 1
                    time.sleep(0.05)
        except OSError:
            return

    try:
        server = threading.Thread(target=serve, daemon=True)
        server.start()
        proxy = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(KeyUseError, match="did not answer in time"):
            ask(_get("https://127.0.0.1:1/", seconds=1), {**service.environment, "https_proxy": proxy})
        server.join()
        assert sent < 100
    finally:
        listening.close()
        service.close()


def test_an_answer_that_is_nested_without_end(plain: Service) -> None:
    """It is no object."""
    answer = ask(_get(f"{plain.address}/a"), {})
    assert answer._replace(body=b"[" * 200_000).json() == {}
