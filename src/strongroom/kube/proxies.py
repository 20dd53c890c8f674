"""Which proxy leads to a server, and connections through it.

As client-go: the kubeconfig's ``proxy-url``, else that of ``HTTPS_PROXY`` and the like
(golang.org/x/net/http/httpproxy).
``ALL_PROXY`` counts where these say nothing, which kubectl does not know and curl does.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import aiohttp

from strongroom.errors import KubeconfigError

_HTTP = ("http", "https")
_SOCKS = ("socks5", "socks5h")
_SOCKS_PORT = 1080  # RFC 1928 section 3


def chosen(url: str, named: str, environment: Mapping[str, str], what: str) -> str:
    """Return the proxy's URL; empty for none.

    Args:
        url: the server's.
        named: the proxy that its user names; counts before the environment's.
        environment: the process's, or another, in which no proxy is looked for.
        what: the server for people, in errors: ``cluster prod``.

    Raises:
        KubeconfigError: it is of a kind that is not supported, or no URL.
    """
    parts = urlsplit(url)
    proxy = named
    if not proxy and environment is os.environ and not proxy_bypass(parts.netloc):
        proxies = getproxies_environment()
        proxy = proxies.get(parts.scheme) or proxies.get("all", "")
    if proxy:
        _check(proxy, what)
    return proxy


def _check(proxy: str, what: str) -> None:
    try:
        parts = urlsplit(proxy)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise KubeconfigError(f"the proxy of {what} is no URL", hint="such as http://HOST:PORT or socks5://HOST:PORT")
    if parts.scheme not in (*_HTTP, *_SOCKS):
        raise KubeconfigError(
            f"the proxy of {what} is of a kind that is not supported", hint="http, https and socks5 proxies are"
        )


def is_socks(proxy: str) -> bool:
    """Tell whether a proxy speaks SOCKS."""
    return urlsplit(proxy).scheme in _SOCKS


def connector(proxy: str, tls: ssl.SSLContext | bool, limit: int) -> aiohttp.TCPConnector:
    """Return what opens connections: of a SOCKS proxy through it; of others aiohttp is told with each request."""
    if not is_socks(proxy):
        return aiohttp.TCPConnector(limit=limit, ssl=tls)
    from strongroom.kube.socks import SocksConnector

    parts = urlsplit(proxy)
    return SocksConnector(
        host=parts.hostname or "",
        port=parts.port or _SOCKS_PORT,
        username=unquote(parts.username or "") or None,
        password=unquote(parts.password or "") or None,
        rdns=True,  # the proxy looks names up, as with client-go: a bastion knows names that we do not
        ssl=tls,
        limit=limit,
    )
