"""Who asks: the credential of a kubeconfig's user, in the order in which kubectl takes them."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from strongroom.errors import KubeconfigError
from strongroom.kube import execplugin
from strongroom.kube.kubeconfig import Named, Server, User
from strongroom.model.plaintext import Plaintext

_TOKEN_FILE_AGE = timedelta(minutes=1)  # client-go reads a token file again after this time
_EARLY = timedelta(seconds=30)
_SEGMENTS = 3


class Identity(msgspec.Struct, frozen=True):
    """A credential as requests need it: the value of the ``Authorization`` header, a client certificate, or neither."""

    authorization: Plaintext | None = None
    certificate: bytes | None = None
    key: Plaintext | None = None
    expires: datetime | None = None


class _Claims(msgspec.Struct, frozen=True):
    exp: int | None = None


class Login:
    """Gives the identity of a user, and a new one where the last has expired or was refused."""

    def __init__(self, user: Named[User], server: Server) -> None:
        self._user = user
        self._server = server
        self._last: Identity | None = None

    async def identity(self, *, refused: bool = False) -> Identity:
        """Return the identity.

        Args:
            refused: the last one was refused: get another where that can be.

        Raises:
            KubeconfigError: a file of it cannot be read, a plugin fails, a token has expired for good.
        """
        last = self._last
        soon = datetime.now(UTC) + _EARLY
        if last is None or refused or (last.expires is not None and last.expires <= soon):
            self._last = last = await self._fresh()
        return last

    async def _fresh(self) -> Identity:
        user = self._user.entry
        certificate = _certificate(self._user)
        key = _key(self._user)
        if user.token_file:
            text = self._file(user.token_file, "token file").decode("ascii", "replace").strip()
            expires = datetime.now(UTC) + _TOKEN_FILE_AGE + _EARLY
            return Identity(_bearer(Plaintext(text)), certificate, key, expires)
        if user.token:
            return Identity(_bearer(user.token), certificate, key)
        if user.username and user.password is not None:
            pair = user.username.encode() + b":" + user.password.reveal()
            return Identity(Plaintext(b"Basic " + base64.b64encode(pair)), certificate, key)
        if user.auth_provider is not None:
            return Identity(_provided(self._user), certificate, key)
        if user.exec is not None:
            given = await execplugin.run(user.exec, self._server, self._user.folder)
            token = _bearer(given.token) if given.token else None
            return Identity(token, given.certificate or certificate, given.key or key, given.expires)
        return Identity(None, certificate, key)

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


def _provided(user: Named[User]) -> Plaintext:
    """Return the token that an auth provider left in the kubeconfig.

    It is not renewed here: an identity provider that gives a new refresh token each time would make the one in the
    user's file worthless (https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokenResponse).
    """
    provider = user.entry.auth_provider
    assert provider is not None  # noqa: S101 - the caller has looked
    name = {"oidc": "id-token"}.get(provider.name, "access-token")
    token = (provider.config or {}).get(name)
    if token is None:
        raise KubeconfigError(
            f"auth provider {provider.name} of user {user.name} has no {name}",
            hint="kubectl no longer knows auth providers other than oidc; use an exec plugin",
        )
    expires = _expires(token)
    if expires is not None and expires <= datetime.now(UTC):
        raise KubeconfigError(
            f"the {name} of user {user.name} has expired", hint="any kubectl command that reaches the cluster renews it"
        )
    return _bearer(token)


def _expires(token: Plaintext) -> datetime | None:
    parts = token.reveal().split(b".")
    if len(parts) != _SEGMENTS:
        return None
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + b"=" * (-len(parts[1]) % 4)), type=_Claims)
        return datetime.fromtimestamp(claims.exp, UTC) if claims.exp else None
    except (binascii.Error, ValueError, OverflowError, OSError):
        return None
