"""New id tokens from an OpenID Connect provider, as kubectl's ``auth-provider: oidc`` gets them.

Protocol: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig and
https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokens; the fields of the kubeconfig: client-go
``plugin/pkg/client/auth/oidc/oidc.go``. What is got stays in memory: the kubeconfig is never written.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote_plus, urlsplit

import aiohttp
import msgspec

from strongroom.errors import KubeconfigError
from strongroom.kube import proxies
from strongroom.kube.tls import client_context
from strongroom.model.plaintext import Plaintext

_WELL_KNOWN = "/.well-known/openid-configuration"
_SECONDS = 30.0
_MOST_BYTES = 1 << 20
_REFUSED = (400, 401)  # RFC 6749 section 5.2: a wrong way to authenticate, or a refresh token that is no longer good

Answer = TypeVar("Answer", bound=msgspec.Struct)


class Provider(msgspec.Struct, frozen=True):
    """An identity provider, and who we are there.

    Attributes:
        user: the kubeconfig's user, for messages.
        issuer: its URL.
        authority: the PEM certificates that its own must lead to; the system's where None.
        proxy: the proxy's URL; empty for none.
    """

    user: str
    issuer: str
    client_id: str
    client_secret: Plaintext | None = None
    authority: bytes | None = None
    proxy: str = ""


class Renewed(msgspec.Struct, frozen=True):
    """A new id token, and a new refresh token where the provider gave one."""

    id_token: Plaintext
    refresh_token: Plaintext | None = None


class _Discovered(msgspec.Struct, frozen=True):
    token_endpoint: str = ""


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str = ""
    refresh_token: str = ""


def provider_of(user: str, config: Mapping[str, Plaintext], environment: Mapping[str, str]) -> Provider:
    """Return the provider that an auth provider's configuration means.

    Raises:
        KubeconfigError: something is missing or not valid.
    """
    issuer, client_id = _said(config, "idp-issuer-url"), _said(config, "client-id")
    for name, value in (("idp-issuer-url", issuer), ("client-id", client_id)):
        if not value:
            raise KubeconfigError(f"auth provider oidc of user {user} has no {name}")
    if urlsplit(issuer).scheme != "https" or not urlsplit(issuer).hostname:
        raise KubeconfigError(f"the idp-issuer-url of user {user} is no https URL")
    return Provider(
        user=user,
        issuer=issuer.removesuffix("/"),
        client_id=client_id,
        client_secret=config.get("client-secret"),
        authority=_authority(user, config),
        proxy=proxies.chosen(issuer, "", environment, f"the identity provider of user {user}"),
    )


def _said(config: Mapping[str, Plaintext], name: str) -> str:
    value = config.get(name)
    return (value.reveal_text() or "") if value is not None else ""


def _authority(user: str, config: Mapping[str, Plaintext]) -> bytes | None:
    data, path = _said(config, "idp-certificate-authority-data"), _said(config, "idp-certificate-authority")
    try:
        if data:
            return base64.b64decode("".join(data.split()), validate=True)
        # Relative to the working folder, where kubectl looks for it too.
        return Path(path).read_bytes() if path else None
    except (OSError, ValueError):
        raise KubeconfigError(f"the idp-certificate-authority of user {user} cannot be read") from None


async def renew(provider: Provider, refresh_token: Plaintext, seconds: float = _SECONDS) -> Renewed:
    """Ask for a new id token.

    Args:
        provider: whom.
        refresh_token: what proves that the user has logged in.
        seconds: how long it may take in all.

    Raises:
        KubeconfigError: the provider does not answer, is not trusted, refuses, or gives no id token.
    """
    tls = client_context(authority=provider.authority, insecure=False)
    try:
        async with aiohttp.ClientSession(
            connector=proxies.connector(provider.proxy, tls, 1),
            timeout=aiohttp.ClientTimeout(total=seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as session:
            endpoint = await _endpoint(session, provider)
            tokens = await _tokens(session, provider, endpoint, refresh_token)
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError):
        raise _failed(
            provider, "is not trusted", "idp-certificate-authority names what its certificate leads to"
        ) from None
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        raise _failed(provider, "does not answer", "the id-token in the kubeconfig has expired") from None
    if not tokens.id_token:
        raise _failed(provider, "gave no id_token", "was the scope openid asked for at login?")
    return Renewed(Plaintext(tokens.id_token), Plaintext(tokens.refresh_token) if tokens.refresh_token else None)


async def _endpoint(session: aiohttp.ClientSession, provider: Provider) -> str:
    async with session.get(provider.issuer + _WELL_KNOWN, proxy=_proxy(provider), allow_redirects=False) as response:
        if response.status != 200:
            raise _failed(provider, f"answers {response.status} to {_WELL_KNOWN}", "is idp-issuer-url right?")
        endpoint = (await _decoded(response, provider, _Discovered)).token_endpoint
    if urlsplit(endpoint).scheme != "https":
        raise _failed(provider, "names no https token endpoint", "")
    return endpoint


async def _tokens(
    session: aiohttp.ClientSession, provider: Provider, endpoint: str, refresh_token: Plaintext
) -> _Tokens:
    """Ask with the secret in the header, and in the body where that is refused (as golang.org/x/oauth2 does)."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal().decode("utf-8", "replace")}
    public = {**form, "client_id": provider.client_id}
    secret = provider.client_secret.reveal_text() if provider.client_secret is not None else ""
    attempts: list[tuple[dict[str, str], dict[str, str]]] = [(public, {})]
    if secret:
        pair = f"{quote_plus(provider.client_id)}:{quote_plus(secret)}".encode()
        basic = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        attempts = [(form, basic), ({**public, "client_secret": secret}, {})]
    status = 0
    for data, headers in attempts:
        async with session.post(
            endpoint, data=data, headers=headers, proxy=_proxy(provider), allow_redirects=False
        ) as response:
            status = response.status
            if status == 200:
                return await _decoded(response, provider, _Tokens)
        if status not in _REFUSED:
            break
    hint = "log in again: the refresh token may have expired" if status in _REFUSED else ""
    raise _failed(provider, f"gives no new token: it answers {status}", hint)


async def _decoded(response: aiohttp.ClientResponse, provider: Provider, kind: type[Answer]) -> Answer:
    body = await response.content.read(_MOST_BYTES)
    while len(body) < _MOST_BYTES and (more := await response.content.read(_MOST_BYTES - len(body))):
        body += more
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # The library's message could quote the answer.
        raise _failed(provider, "answers with something else than JSON", "is idp-issuer-url right?") from None


def _proxy(provider: Provider) -> str | None:
    return None if proxies.is_socks(provider.proxy) else provider.proxy or None


def _failed(provider: Provider, what: str, hint: str) -> KubeconfigError:
    return KubeconfigError(f"the identity provider {provider.issuer} of user {provider.user} {what}", hint=hint)
