"""Find out whether an etcd can be reached, and say in words why not: TLS, certificates, nobody there.

One request for its version before anything is asked of it, as etcd serves it beside its API: gRPC says of all of these
that the other side is unavailable.
"""

from __future__ import annotations

import http.client
import os
import ssl

from strongroom.errors import SourceError
from strongroom.sources.etcd_options import EtcdOptions

TLS_HINT = "--etcd-cacert, --etcd-cert and --etcd-key name the files that etcd asks for"

_SECONDS = 20.0
_MOST_BYTES = 1 << 16  # an etcd answers with a line


def check(host: str, port: int, options: EtcdOptions, *, encrypted: bool) -> None:
    """Ask an etcd for its version.

    Raises:
        SourceError: a file of the connection cannot be used, or etcd cannot be reached.
    """
    where = f"etcd at {host}:{port}"
    connection = (
        http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=_tls(options))
        if encrypted
        else http.client.HTTPConnection(host, port, timeout=_SECONDS)
    )
    try:
        connection.request("GET", "/version")
        connection.getresponse().read(_MOST_BYTES)
    except ssl.SSLError as error:
        raise SourceError(f"{where}: TLS fails: {_of_tls(error)}", hint=TLS_HINT) from None
    except (ConnectionError, http.client.HTTPException) as error:
        hint = TLS_HINT if encrypted else type(error).__name__.lower()
        if isinstance(error, ConnectionRefusedError):
            hint = "connection refused"
        raise SourceError(f"{where} cannot be reached", hint=hint) from None
    except OSError as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise SourceError(f"{where} cannot be reached", hint=str(why).lower()) from None
    finally:
        connection.close()


def authorities(options: EtcdOptions) -> bytes | None:
    """Return the certificates that etcd's has to lead to: of the option, else of the system; None for gRPC's choice.

    Raises:
        SourceError: the file cannot be read.
    """
    path = options.cacert or ssl.get_default_verify_paths().cafile
    return _contents(path) if path else None


def client(options: EtcdOptions) -> tuple[bytes | None, bytes | None]:
    """Return the key and the certificate of the client; None where there is none.

    Raises:
        SourceError: a file cannot be read.
    """
    if not options.cert:
        return None, None
    return _contents(options.key or options.cert), _contents(options.cert)


def _contents(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - a name of the user's
            return stream.read()
    except OSError as error:
        raise SourceError(f"{path} cannot be used", hint=(error.strerror or "").lower()) from None


def _tls(options: EtcdOptions) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=options.cacert or None)
        if options.cert:
            context.load_cert_chain(options.cert, options.key or None, password=_no_password)
    except (OSError, ssl.SSLError) as error:
        named = ", ".join(name for name in (options.cacert, options.cert, options.key) if name and not _is_file(name))
        what = named or "a certificate or key for etcd"
        raise SourceError(f"{what} cannot be used", hint=(error.strerror or TLS_HINT).lower()) from None
    return context


def _no_password() -> str:
    # Without it the library would ask on the terminal.
    return ""


def _is_file(name: str) -> bool:
    return os.access(name, os.R_OK)


def _of_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message.lower()
    # A server that misses a certificate may close the connection before it can say so.
    return (error.reason or "etcd ends the connection").lower().replace("_", " ")
