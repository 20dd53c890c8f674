"""Who asks: the credential of a kubeconfig's user, in the order in which kubectl takes them."""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from strongroom.errors import KubeconfigError
from strongroom.kube import execplugin, oidc
from strongroom.kube.kubeconfig import AuthProvider, Named, Server, User
from strongroom.model.plaintext import Plaintext

_TOKEN_FILE_AGE = timedelta(minutes=1)  # client-go reads a token file again after this time
_EARLY = timedelta(seconds=30)
_SOON = timedelta(seconds=10)  # client-go takes an id token for expired this long before it is
_SEGMENTS = 3
_REPLACED = (
    "the identity provider of user {user} replaced the refresh token; the kubeconfig still has the old one: "
    "where that is good only once, log in again"
)


class Identity(msgspec.Struct, frozen=True):
    """A credential as requests need it: the value of the ``Authorization`` header, a client certificate, or neither."""

    authorization: Plaintext | None = None
    certificate: bytes | None = None
    key: Plaintext | None = None
    expires: datetime | None = None


class _Claims(msgspec.Struct, frozen=True):
    exp: int | None = None


class Login:
    """Gives the identity of a user, and a new one where the last has expired or was refused.

    Attributes:
        notes: what the user should know of how it was got.
    """

    def __init__(
        self,
        user: Named[User],
        server: Server,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.notes: list[str] = []
        self._user = user
        self._server = server
        self._environment = environment
        self._clock = clock
        self._renewed: oidc.Renewed | None = None
        self._last: Identity | None = None
        # A refresh token that is sent twice may count as stolen.
        self._one_at_a_time = asyncio.Lock()

    async def identity(self, *, refused: bool = False) -> Identity:
        """Return the identity.

        Args:
            refused: the last one was refused: get another where that can be.

        Raises:
            KubeconfigError: a file of it cannot be read, a plugin fails, a token has expired for good.
        """
        async with self._one_at_a_time:
            last = self._last
            soon = self._clock() + _EARLY
            if last is None or refused or (last.expires is not None and last.expires <= soon):
                self._last = last = await self._fresh()
            return last

    async def _fresh(self) -> Identity:
        user = self._user.entry
        certificate = _certificate(self._user)
        key = _key(self._user)
        if user.token_file:
            text = self._file(user.token_file, "token file").decode("ascii", "replace").strip()
            expires = self._clock() + _TOKEN_FILE_AGE + _EARLY
            return Identity(_bearer(Plaintext(text)), certificate, key, expires)
        if user.token:
            return Identity(_bearer(user.token), certificate, key)
        if user.username and user.password is not None:
            pair = user.username.encode() + b":" + user.password.reveal()
            return Identity(Plaintext(b"Basic " + base64.b64encode(pair)), certificate, key)
        if user.auth_provider is not None:
            token = await self._provided(user.auth_provider)
            return Identity(_bearer(token), certificate, key, _expires(token))
        if user.exec is not None:
            given = await execplugin.run(user.exec, self._server, self._user.folder)
            given_token = _bearer(given.token) if given.token else None
            return Identity(given_token, given.certificate or certificate, given.key or key, given.expires)
        return Identity(None, certificate, key)

    async def _provided(self, given: AuthProvider) -> Plaintext:
        """Return the token of an auth provider: the kubeconfig's, or a new one where that has expired."""
        name = {"oidc": "id-token"}.get(given.name, "access-token")
        config = given.config or {}
        token = config.get(name) if self._renewed is None else self._renewed.id_token
        if token is not None and not self._has_expired(token):
            return token
        if given.name != "oidc":
            raise KubeconfigError(
                f"auth provider {given.name} of user {self._user.name} has no {name} that is valid",
                hint="kubectl no longer knows auth providers other than oidc; use an exec plugin",
            )
        refresh = (self._renewed and self._renewed.refresh_token) or config.get("refresh-token")
        if not refresh:
            said = "has expired" if token is not None else "is missing"
            raise KubeconfigError(
                f"the id-token of user {self._user.name} {said}, and there is no refresh-token", hint="log in again"
            )
        provider = oidc.provider_of(self._user.name, config, self._environment)
        self._renewed = await oidc.renew(provider, refresh)
        if self._has_expired(self._renewed.id_token):
            raise KubeconfigError(
                f"the identity provider of user {self._user.name} gave an id-token that has expired",
                hint="is the clock of this machine right?",
            )
        if self._renewed.refresh_token and self._renewed.refresh_token.reveal() != refresh.reveal():
            self.notes[:] = [_REPLACED.format(user=self._user.name)]
        return self._renewed.id_token

    def _has_expired(self, token: Plaintext) -> bool:
        expires = _expires(token)
        return expires is not None and expires <= self._clock() + _SOON

    def _file(self, path: str, what: str) -> bytes:
        return contents(self._user.folder / path, f"{what} of user {self._user.name}")


def contents(path: Path, what: str) -> bytes:
    """Return a file that a kubeconfig names.

    Raises:
        KubeconfigError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise KubeconfigError(f"the {what} cannot be read: {path}", hint=(error.strerror or "").lower()) from None


def decoded(text: str, what: str) -> bytes:
    """Return the bytes of a base64 field.

    Raises:
        KubeconfigError: it is not base64.
    """
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise KubeconfigError(f"the {what} is not base64") from None


def _bearer(token: Plaintext) -> Plaintext:
    return Plaintext(b"Bearer " + token.reveal())


def _certificate(user: Named[User]) -> bytes | None:
    entry, what = user.entry, f"client certificate of user {user.name}"
    if entry.client_certificate_data:
        return decoded(entry.client_certificate_data, what)
    return contents(user.folder / entry.client_certificate, what) if entry.client_certificate else None


def _key(user: Named[User]) -> Plaintext | None:
    entry, what = user.entry, f"client key of user {user.name}"
    if entry.client_key_data:
        return Plaintext(decoded(entry.client_key_data.reveal_text() or "", what))
    return Plaintext(contents(user.folder / entry.client_key, what)) if entry.client_key else None


def _expires(token: Plaintext) -> datetime | None:
    parts = token.reveal().split(b".")
    if len(parts) != _SEGMENTS:
        return None
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + b"=" * (-len(parts[1]) % 4)), type=_Claims)
        return datetime.fromtimestamp(claims.exp, UTC) if claims.exp else None
    except (binascii.Error, ValueError, OverflowError, OSError):
        return None
