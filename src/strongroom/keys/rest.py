"""One HTTPS request to a key service, with nothing that could carry a token elsewhere.

Redirects are not followed, server certificates are checked, proxies are those of the environment, and every request
ends in bounded time, also where a server answers a byte at a time.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from strongroom.errors import KeyUnreachableError, KeyUseError

CONNECT_SECONDS = 10
"""How long connecting, and each silence of a server, may take."""

SECONDS = 30
"""How long a request may take altogether."""

MOST_BYTES = 1 << 20
"""Longest answer that is read."""


PAUSES = (0.3, 1.0)
"""Seconds before a request is sent again that a server was too busy for; all of them can be sent twice."""

_PASSING = (429, 502, 503, 504)  # RFC 6585 section 4, RFC 9110 section 15.6


def passing(status: int) -> bool:
    """Tell whether an answer says that the same request may succeed later."""
    return status in _PASSING or status == 500


class Answer(NamedTuple):
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the object that the body is; empty where it is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


class Request(NamedTuple):
    """What is asked.

    Attributes:
        what: the server for people, in errors: ``Vault at https://vault:8200``.
        tls: the settings of an https URL; those of the environment where None.
        direct: through no proxy: for servers of the machine itself.
        seconds: how long it may take.
    """

    what: str
    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes | None = None
    tls: ssl.SSLContext | None = None
    direct: bool = False
    seconds: float = SECONDS


def ask(request: Request, environment: Mapping[str, str]) -> Answer:
    """Send a request and read its answer, whatever its status; one that says to come back is asked again, twice.

    Raises:
        KeyUnreachableError: the server could not be reached, or did not answer in time.
        KeyUseError: it is another, or its address is none.
    """
    end = time.monotonic() + request.seconds
    answer = _ask(request, environment)
    for pause in PAUSES:
        left = end - time.monotonic() - pause
        if answer.status not in _PASSING or left <= 0:
            break
        time.sleep(pause)
        answer = _ask(request._replace(seconds=left), environment)
    return answer


def _ask(request: Request, environment: Mapping[str, str]) -> Answer:
    parts = _parts(request)
    connection, target = _connection(parts, request, environment)
    expired = threading.Event()
    timer = threading.Timer(request.seconds, _stop, (connection, expired))
    timer.daemon = True
    timer.start()
    try:
        connection.connect()
        if expired.is_set():  # while there was no socket yet that could be shut
            raise TimeoutError
        connection.request(request.method, target[0], request.body, {**target[1], **request.headers})
        answer = connection.getresponse()
        body = answer.read(MOST_BYTES + 1)
        headers = {name.lower(): value for name, value in answer.getheaders()}
        if answer.length and len(body) <= MOST_BYTES:
            raise http.client.IncompleteRead(b"", answer.length)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failure(request, error, expired.is_set()) from None
    finally:
        timer.cancel()
        connection.close()
    if expired.is_set():
        raise _failure(request, TimeoutError(), expired=True)
    if len(body) > MOST_BYTES:
        raise KeyUseError(f"{request.what} answered with more than {MOST_BYTES} bytes")
    return Answer(answer.status, headers, body)


def _stop(connection: http.client.HTTPConnection, expired: threading.Event) -> None:
    import contextlib
    import socket

    expired.set()
    stream = connection.sock
    if stream is not None:
        with contextlib.suppress(OSError):
            stream.shutdown(socket.SHUT_RDWR)


def _parts(request: Request) -> SplitResult:
    try:
        parts = urlsplit(request.url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise KeyUseError(f"{request.what} has no usable URL", hint="such as https://HOST:PORT")
    return parts


def _connection(
    parts: SplitResult, request: Request, environment: Mapping[str, str]
) -> tuple[http.client.HTTPConnection, tuple[str, dict[str, str]]]:
    """Return a connection that was not opened yet, and the target and headers of its request."""
    host = parts.hostname or ""
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    seconds = min(CONNECT_SECONDS, request.seconds)
    proxy = None if request.direct else _proxy(parts, environment, request.what)
    via_host, via_port = (proxy.hostname or "", proxy.port or 80) if proxy else (host, parts.port)
    headers: dict[str, str] = {}
    if parts.scheme == "https":
        tls = request.tls or context_of(environment)
        secure = http.client.HTTPSConnection(via_host, via_port, timeout=seconds, context=tls)
        if proxy:
            secure.set_tunnel(host, parts.port or 443, _authorization(proxy))
        return secure, (path, headers)
    plain = http.client.HTTPConnection(via_host, via_port, timeout=seconds)
    if proxy:
        headers = {"Host": parts.netloc.rpartition("@")[2], **_authorization(proxy)}
        path = f"http://{parts.netloc.rpartition('@')[2]}{path}"
    return plain, (path, headers)


def _proxy(parts: SplitResult, environment: Mapping[str, str], what: str) -> SplitResult | None:
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # not in typeshed

    def value(name: str) -> str:
        return environment.get(name.lower()) or environment.get(name.upper()) or ""

    url = value(f"{parts.scheme}_proxy")
    if not url or proxy_bypass_environment(parts.netloc.rpartition("@")[2], {"no": value("no_proxy")}):
        return None
    try:
        proxy = urlsplit(url if "//" in url else f"http://{url}")
        usable = proxy.scheme == "http" and bool(proxy.hostname) and (proxy.port or 80) > 0
    except ValueError:
        usable = False
    if not usable:
        raise KeyUseError(f"the proxy of {what} is of a kind that is not supported", hint="such as http://HOST:PORT")
    return proxy


def _authorization(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
    return {"Proxy-Authorization": "Basic " + base64.b64encode(pair).decode("ascii")}


def context_of(environment: Mapping[str, str], authorities: str = "", folder: str = "") -> ssl.SSLContext:
    """Return TLS settings that check servers.

    Args:
        environment: its ``SSL_CERT_FILE`` counts where nothing else is given.
        authorities: a file of PEM certificates that servers' must lead to; the system's where empty.
        folder: a folder of such.

    Raises:
        KeyUseError: they could not be read.
    """
    file = authorities or ("" if folder else environment.get("SSL_CERT_FILE", ""))
    try:
        tls = ssl.create_default_context(cafile=file or None, capath=folder or None)
    except (OSError, ssl.SSLError):
        raise KeyUseError(f"{file or folder} could not be read as PEM certificates") from None
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    # Authorities made by older tools lack fields that Python 3.13 asks for, and Go, curl and SOPS do not.
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return tls


def _failure(request: Request, error: Exception, expired: bool) -> KeyUseError:
    if expired or isinstance(error, TimeoutError):
        return KeyUnreachableError(f"{request.what} did not answer in time")
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message or "it does not lead to a known authority"
        return KeyUseError(f"the certificate of {request.what} is not trusted: {reason}")
    if isinstance(error, OSError):
        return KeyUnreachableError(f"{request.what} could not be reached: {error.strerror or type(error).__name__}")
    return KeyUnreachableError(f"{request.what} did not answer as an HTTP server")
