"""Connections through a SOCKS5 proxy (RFC 1928, RFC 1929), whose failures are those that aiohttp knows."""

from __future__ import annotations

import ssl
from typing import Any

import aiohttp
from aiohttp.client_reqrep import ConnectionKey
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError


class SocksConnector(ProxyConnector):
    """Opens connections through one proxy."""

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - as in the class that it replaces
    ) -> Any:
        """Return a connection for a request.

        Raises:
            aiohttp.ClientProxyConnectionError: the proxy does not answer, or refuses.
            aiohttp.ClientConnectorCertificateError: the server's certificate is not trusted.
        """
        key: ConnectionKey = req.connection_key
        try:
            return await super().connect(req, traces, timeout)
        except (ProxyConnectionError, ProxyTimeoutError, ProxyError):
            # Its message holds what the proxy said, or its address with a password.
            raise aiohttp.ClientProxyConnectionError(key, OSError()) from None
        except ssl.CertificateError as error:
            raise aiohttp.ClientConnectorCertificateError(key, error) from None
        except ssl.SSLError as error:
            raise aiohttp.ClientConnectorSSLError(key, error) from None
