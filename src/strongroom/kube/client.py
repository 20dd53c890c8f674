"""Requests to an API server: bounded, retried where that helps, and every failure in our own words.

What an API server answers may quote values (an admission webhook's message, a field that does not fit); so no text of
an answer is ever repeated, only its status.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import aiohttp
from multidict import CIMultiDict

import strongroom
from strongroom.errors import AnswerError, KubeconfigError, LimitError, StrongroomError, TimedOutError, UnreachableError
from strongroom.kube import proxies
from strongroom.kube.connection import Connection
from strongroom.kube.tls import client_context

JSON = "application/json"

_CLOSING_SECONDS = 0.05
_CONNECTIONS = 8
# A server that takes half a minute to fail, as over a hanging conversion webhook, is not asked five times.
_PATIENCE = 60.0
_SLOW_TRIES = 2
_AGAIN = frozenset({429, 500, 502, 503, 504})
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0
_VERBS = {"GET": "read", "PUT": "update", "PATCH": "change"}
_ASKED_TOO_MUCH, _UNAUTHORIZED, _FORBIDDEN, _FAILED = 429, 401, 403, 500
TRIES = 5
"""So often a request is sent that is met by a failure which may pass."""

MOST_BYTES = 64 << 20
"""The largest answer that is read. The API server bounds no list; its items are at most 1.5 MiB each."""


class Client:
    """A session with one API server; an asynchronous context manager.

    Args:
        connection: which one, and who asks.
        seconds: how long one request may take.
        pause: how long to wait before the first repetition; each further one waits twice as long.
    """

    def __init__(self, connection: Connection, seconds: float = 120, pause: float = _FIRST_PAUSE) -> None:
        self.connection = connection
        self._pause = pause
        self._timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=10, sock_read=60)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Log in and open the session.

        Raises:
            KubeconfigError: the credential or the TLS settings cannot be used.
        """
        connection = self.connection
        identity = await connection.login.identity()
        tls: ssl.SSLContext | bool = True
        if connection.url.startswith("https:"):
            tls = client_context(
                authority=connection.authority,
                insecure=connection.insecure,
                certificate=identity.certificate,
                key=identity.key,
                server_name=connection.server_name,
            )
        self._session = aiohttp.ClientSession(
            connector=proxies.connector(connection.proxy, tls, _CONNECTIONS),
            timeout=self._timeout,
            headers=CIMultiDict([("User-Agent", f"strongroom/{strongroom.__version__}"), *connection.headers]),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            # TLS connections are really closed a little later (aiohttp documentation, "Graceful Shutdown").
            await asyncio.sleep(_CLOSING_SECONDS)

    async def get(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        accept: str = JSON,
        most: int = MOST_BYTES,
        tries: int = TRIES,
    ) -> bytes:
        """Return the body of one answer.

        429 and failures of the server are tried again, after the time that it asks for; ``tries`` counts the first one,
        too. A refused credential is renewed once.

        Raises:
            AnswerError: the status is 400 or above, and stays so.
            TimedOutError: the answer does not come in time.
            UnreachableError: nothing answers, or something else does.
            LimitError: the answer has more than ``most`` bytes.
        """
        return await self._ask("GET", path, query or {}, {"Accept": accept}, None, most, tries)

    async def post(self, path: str, body: bytes, content_type: str = JSON, most: int = MOST_BYTES) -> bytes:
        """Send a body; return that of the answer.

        For what can be sent twice: it is repeated as `get` repeats, except where the server failed at what it was sent.

        Raises:
            AnswerError, TimedOutError, UnreachableError, LimitError: as `get`.
        """
        return await self._ask("POST", path, {}, {"Accept": "*/*", "Content-Type": content_type}, body, most)

    async def change(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: bytes,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> bytes:
        """Send a change, once: repeated after an answer that was lost, it would meet what it did itself.

        Raises:
            AnswerError, TimedOutError, UnreachableError, LimitError: as `get`.
        """
        headers = {"Accept": accept, "Content-Type": content_type}
        return await self._ask(method, path, query, headers, body, MOST_BYTES, tries=1)

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        sent: bytes | None,
        most: int,
        tries: int = TRIES,
    ) -> bytes:
        renewed, began = False, time.monotonic()
        for attempt in range(1, tries + 1):
            last = attempt == tries or time.monotonic() - began > _PATIENCE
            try:
                status, body, pause = await self._once(method, path, query, headers, sent, most)
            except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError) as error:
                raise self._not_trusted(error) from None
            except aiohttp.InvalidURL:
                raise KubeconfigError(f"the server {self.connection.url} is no URL") from None
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                slow = isinstance(error, TimeoutError) and attempt >= _SLOW_TRIES
                if last or slow or isinstance(error, aiohttp.ClientProxyConnectionError):
                    raise self._unreachable(error) from None
                pause = 0.0
            else:
                if status < 400:
                    return body
                if status == _UNAUTHORIZED and not renewed and not last:
                    renewed = True
                    await self.connection.login.identity(refused=True)
                    continue
                if status not in _AGAIN or last or (sent is not None and status == _FAILED):
                    raise self._answer(status, method, path)
            await asyncio.sleep(_pause(self._pause, attempt, pause))
        raise AssertionError("every way out of the last attempt raises or returns")

    async def answers(self) -> bool:
        """Tell whether the server answers at all, whatever it says, to a request that costs it nothing."""
        try:
            await self.get("/version")
        except AnswerError:
            return True
        except StrongroomError:
            return False
        return True

    async def _once(
        self, method: str, path: str, query: Mapping[str, str], asked: Mapping[str, str], sent: bytes | None, most: int
    ) -> tuple[int, bytes, float]:
        """Send one request; return status, body (of a success) and the pause that the server asks for."""
        assert self._session is not None, "used outside of its context"  # noqa: S101
        identity = await self.connection.login.identity()
        headers = dict(asked)
        if identity.authorization is not None:
            headers["Authorization"] = identity.authorization.reveal().decode("latin-1")
        async with self._session.request(
            method,
            self.connection.url + path,
            params=query,
            headers=headers,
            data=sent,
            proxy=None if proxies.is_socks(self.connection.proxy) else self.connection.proxy or None,
            allow_redirects=False,
        ) as response:
            if response.status >= 300:
                return max(response.status, 400), b"", _asked_pause(response.headers.get("Retry-After", ""))
            body = bytearray()
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > most:
                    raise LimitError(f"an answer of {self.connection.context} is larger than {most >> 20} MiB")
            return response.status, bytes(body), 0.0

    def _not_trusted(self, error: aiohttp.ClientConnectorError) -> UnreachableError:
        reason = getattr(getattr(error, "certificate_error", error), "verify_message", "")
        hint = "does the kubeconfig's certificate-authority belong to this cluster?"
        if "hostname" in reason.lower() or "ip address" in reason.lower():
            hint = "tls-server-name in the kubeconfig names the server that its certificate is for"
        return UnreachableError(
            f"the certificate of {self._named()} is not trusted" + (f": {reason.lower()}" if reason else ""), hint=hint
        )

    def _unreachable(self, error: Exception) -> UnreachableError:
        if isinstance(error, aiohttp.ClientProxyConnectionError):
            return UnreachableError(f"the proxy of {self._named()} does not answer")
        if isinstance(error, TimeoutError):
            return TimedOutError(f"{self._named()} does not answer in time")
        system = getattr(error, "os_error", error)
        why = (getattr(system, "strerror", "") or "").lower() if isinstance(system, OSError) else ""
        return UnreachableError(
            f"{self._named()} does not answer", hint=why or "is it running, and is this the right context?"
        )

    def _answer(self, status: int, method: str, path: str) -> AnswerError:
        if status == _UNAUTHORIZED:
            return AnswerError(
                f"{self._named()} does not accept the credential of the kubeconfig",
                status=status,
                hint="has it expired? kubectl auth whoami tells",
            )
        if status == _FORBIDDEN:
            return AnswerError(f"{self._named()} does not permit to {_VERBS.get(method, 'use')} {path}", status=status)
        if status == _ASKED_TOO_MUCH:
            return AnswerError(f"{self._named()} is too busy", status=status, hint="try again later")
        return AnswerError(f"{self._named()} answers {status} to {path}", status=status)

    def _named(self) -> str:
        return f"the API server of {self.connection.context} ({self.connection.url})"


def _asked_pause(text: str) -> float:
    """Read ``Retry-After`` in seconds (RFC 9110 section 10.2.3); API servers never send a date."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0


def _pause(first: float, attempt: int, asked: float) -> float:
    # Some randomness keeps many clients from coming back at the same moment.
    own = first * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - no secret depends on it
    return min(max(own, asked), _LONGEST_PAUSE)
