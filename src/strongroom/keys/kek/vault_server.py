"""A Vault or OpenBao server for a service that runs for months: it logs in, renews its token, and logs in again.

Tokens: https://openbao.org/api-docs/auth/token/ (``lookup-self``, ``renew-self``); logins:
https://openbao.org/api-docs/auth/approle/#login-with-approle and https://openbao.org/api-docs/auth/jwt/#jwt-login,
whose form the method ``kubernetes`` shares.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from strongroom.errors import KeyUnreachableError, KeyUseError
from strongroom.keys.hashicorp_vault import namespace_header, request_to, setting, tls_of, token_header, token_of
from strongroom.keys.kek import seconds_left
from strongroom.keys.kek.lasting import Lasting
from strongroom.keys.rest import Answer, ask, passing
from strongroom.model.plaintext import Plaintext

_RENEW_AFTER = 0.5
"""Part of a token's life after which it is renewed."""

_TRY_AGAIN = 15.0
"""Seconds until a renewal that failed is tried again."""


_PUBLIC = ("role_id",)
"""Parameters of a login that say who logs in and prove nothing."""


class Login(NamedTuple):
    """How a token is got.

    Attributes:
        mount: path of the auth method; empty where a token is given.
        names: parameters of the login as they are: ``role``.
        files: parameters that stand in files: ``secret_id``, ``jwt``; read at each login, for they may be renewed. One
            that proves who logs in is refused where everybody may read or change the file.
        token_file: the file of a token that another program renews; empty for the environment's token.
    """

    mount: str = ""
    names: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    token_file: str = ""


class _Token(NamedTuple):
    """A token, and when it is to be renewed (by the clock; never where None)."""

    value: Plaintext
    ttl: float = 0
    renew_at: float | None = None


class Server:
    """A server, and who asks it.

    Args:
        address: ``https://HOST:PORT``.
        namespace: of the engine and the login; empty for the root's.
        login: how a token is got.
        environment: of the process.
        clock: tells the seconds since some time, for when a token is to be renewed.
    """

    def __init__(
        self,
        address: str,
        namespace: str,
        login: Login,
        environment: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.what = f"Vault at {address}"
        self._address = address
        self._namespace = namespace
        self._login = login
        self._environment = dict(environment)
        self._lasting = Lasting(environment)
        self._clock = clock
        self._lock = threading.Lock()
        self._token: _Token | None = None

    def __repr__(self) -> str:
        return f"Server({self._address})"

    def ask(self, path: Iterable[str], given: Mapping[str, Any] | None, deadline: float) -> Answer:
        """Return an answer, whatever its status; where a token is refused, one more login is tried.

        Args:
            path: after ``/v1/``, in parts.
            given: parameters; None to read.
            deadline: of ``time.monotonic()``.

        Raises:
            KeyUnreachableError: the server does not answer in time, or says that it cannot now.
            KeyUseError: there is no token.
        """
        parts = tuple(path)
        token = self._valid(deadline)
        answer = self._sent(parts, given, token, deadline)
        if answer.status in (401, 403) and (another := self._another(token, deadline)) is not None:
            answer = self._sent(parts, given, another, deadline)
        return answer

    def _sent(self, path: Iterable[str], given: Mapping[str, Any] | None, token: str, deadline: float) -> Answer:
        context = self._lasting.context()
        kept = context.kept if context.kept is not None else {}
        if "tls" not in kept and self._address.startswith("https://"):
            kept["tls"] = tls_of(self._environment)
        request = request_to(self._address, path, given)
        headers = {**request.headers, **token_header(token), **namespace_header(self._namespace)}
        left = seconds_left(deadline, self.what)
        answer = ask(request._replace(headers=headers, tls=kept.get("tls"), seconds=left), self._environment)
        if passing(answer.status) or answer.status in (472, 473):  # sys/health: a standby that forwards nothing
            raise KeyUnreachableError(f"{self.what} cannot answer now: status {answer.status}")
        return answer

    def _valid(self, deadline: float) -> str:
        if not self._lock.acquire(timeout=seconds_left(deadline, self.what)):
            raise KeyUnreachableError(f"{self.what} did not answer in time")
        try:
            if self._token is None or self._changed(self._token):
                self._token = self._taken(deadline)
            elif self._token.renew_at is not None and self._clock() >= self._token.renew_at:
                self._token = self._renewed(self._token, deadline)
            return _text(self._token)
        finally:
            self._lock.release()

    def _another(self, refused: str, deadline: float) -> str | None:
        """Return a token that is not the refused one, by a new login where that is possible."""
        with self._lock:
            if self._token is not None and _text(self._token) == refused:
                self._token = None
        if not self._login.mount and self._given() == refused:
            return None
        return self._valid(deadline)

    def _changed(self, token: _Token) -> bool:
        """Tell whether another program has put a new token into its file."""
        return bool(self._login.token_file) and self._given() != _text(token)

    def _given(self) -> str:
        if not self._login.token_file:
            return token_of(self._environment, self.what)
        return _read(self._login.token_file)

    def _taken(self, deadline: float) -> _Token:
        if self._login.mount:
            return self._logged_in(deadline)
        token = self._given()
        answer = self._sent(("auth", "token", "lookup-self"), None, token, deadline)
        data = answer.json().get("data")
        # A token that may not look itself up may still use the key; it is not renewed then.
        known = data if answer.status == 200 and isinstance(data, dict) else {}
        return self._of(token, known.get("ttl"), known.get("renewable"))

    def _logged_in(self, deadline: float) -> _Token:
        given = dict(self._login.names)
        for name, path in self._login.files:
            given[name] = _read(path, private=name not in _PUBLIC)
        mount = self._login.mount
        answer = self._sent(("auth", *mount.split("/"), "login"), given, "", deadline)
        found = answer.json().get("auth")
        auth = found if isinstance(found, dict) else {}
        token = auth.get("client_token")
        if answer.status != 200 or not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise KeyUseError(
                f"{self.what} refuses the login at auth/{mount} (status {answer.status})",
                hint="the role, and what its files hold, may have expired or been revoked",
            )
        return self._of(token, auth.get("lease_duration"), auth.get("renewable"))

    def _renewed(self, token: _Token, deadline: float) -> _Token:
        later = token._replace(renew_at=self._clock() + _TRY_AGAIN)
        try:
            answer = self._sent(("auth", "token", "renew-self"), {}, _text(token), deadline)
            auth = answer.json().get("auth")
            lease = auth.get("lease_duration") if answer.status == 200 and isinstance(auth, dict) else 0
            if self._login.mount and not (isinstance(lease, int) and lease > token.ttl * _RENEW_AFTER):
                return self._logged_in(deadline)  # it reaches the end of its longest life
        except KeyUseError:
            return later  # half of its life is left, and a request that needs more says so by itself
        return self._of(_text(token), lease, True) if isinstance(lease, int) and lease > 0 else later

    def _of(self, token: str, ttl: Any, renewable: Any) -> _Token:
        if not isinstance(ttl, int) or ttl <= 0 or renewable is not True:
            return _Token(Plaintext(token))
        return _Token(Plaintext(token), ttl, self._clock() + ttl * _RENEW_AFTER)


def environment_namespace(environment: Mapping[str, str]) -> str:
    """Return the namespace that the environment names."""
    return setting(environment, "NAMESPACE").strip("/")


def _text(token: _Token) -> str:
    return token.value.reveal().decode("ascii")


def _read(path: str, *, private: bool = False) -> str:
    try:
        with Path(path).open(encoding="utf-8") as stream:
            if private and os.fstat(stream.fileno()).st_mode & 0o007:
                raise KeyUseError(f"{path} may be read or changed by everybody", hint=f"chmod o= {path}")
            text = stream.read().strip()
    except (OSError, UnicodeDecodeError):
        raise KeyUseError(f"{path} cannot be read") from None
    if not text or not (text.isascii() and text.isprintable()):
        raise KeyUseError(f"{path} holds no token")
    return text
