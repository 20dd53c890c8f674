"""A snapshot of a running etcd, as it streams: nothing of it touches the disk in plain.

``POST /v3/maintenance/snapshot`` (https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/) answers with lines of JSON,
each with a piece of the database; the last 32 bytes are its SHA-256 (``server/etcdserver/api/v3rpc/maintenance.go`` of
etcd), which stands at the end of the file that ``etcdctl snapshot save`` writes too, and which ``etcdutl`` checks.
"""

from __future__ import annotations

import hashlib
import http.client
import ssl
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

import msgspec

from strongroom.errors import SourceError, TamperedError, UsageError
from strongroom.sources.etcd_options import ETCD, EtcdOptions

_DEADLINE = 60.0
_LONGEST_LINE = 16 << 20
_SUM = hashlib.sha256().digest_size
_PAGE = 512  # bbolt databases are a multiple of this: etcdutl tells by it whether the sum is there


class _Piece(msgspec.Struct):
    blob: bytes = b""
    remaining: int | str = msgspec.field(name="remaining_bytes", default=0)


class _Line(msgspec.Struct):
    result: _Piece | None = None


def where(url: str) -> str:
    """Return an etcd's URL without anything but scheme, host and port.

    Raises:
        UsageError: it is no URL.
    """
    try:
        parts = urlsplit(url.removeprefix(ETCD))
        host, port = parts.hostname, parts.port or 2379
    except ValueError:
        host, port = None, 0
    if not host or parts.scheme not in ("http", "https"):
        raise UsageError("what --etcd names is no URL", hint="such as https://127.0.0.1:2379")
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def snapshot(url: str, options: EtcdOptions) -> Iterator[bytes]:
    """Yield a snapshot of an etcd, with its sum at the end, as a file of ``etcdctl snapshot save`` has it.

    Raises:
        SourceError: it cannot be reached, refuses, or ends before the snapshot does.
        TamperedError: what came is not what etcd summed.
    """
    yield from checked(_streamed(where(url), options), "what etcd sent")


def checked(pieces: Iterable[bytes], what: str) -> Iterator[bytes]:
    """Yield the pieces of a snapshot; raise in the end where its sum is not right.

    Raises:
        TamperedError: the sum is missing or wrong.
    """
    summed, held, size = hashlib.sha256(), b"", 0
    for piece in pieces:
        size += len(piece)
        held += piece
        summed.update(held[:-_SUM])
        held = held[-_SUM:]
        yield piece
    if size % _PAGE != _SUM or held != summed.digest():
        raise TamperedError(f"{what} is no whole snapshot: its sum is wrong", hint="make it again")


def _streamed(place: str, options: EtcdOptions) -> Iterator[bytes]:
    connection = _connection(place, options)
    named = f"etcd at {place}"
    try:
        connection.request("POST", "/v3/maintenance/snapshot", b"{}", {"Content-Type": "application/json"})
        with connection.getresponse() as answer:
            if answer.status != http.client.OK:
                raise SourceError(f"{named} refuses a snapshot: HTTP status {answer.status}", hint=_HINT)
            while line := answer.readline(_LONGEST_LINE):
                found = msgspec.json.decode(line, type=_Line).result
                if found is None:
                    raise SourceError(f"{named} ends the snapshot with an error")
                yield found.blob
    except ssl.SSLError:
        raise SourceError(f"{named}: TLS fails", hint=_HINT) from None
    except (OSError, http.client.HTTPException) as error:
        why = (getattr(error, "strerror", None) or type(error).__name__).lower()
        raise SourceError(f"{named} cannot be reached, or the snapshot broke off", hint=why) from None
    except msgspec.DecodeError:
        raise SourceError(f"{named} answers something else than etcd") from None
    finally:
        connection.close()


_HINT = "--etcd-cacert, --etcd-cert and --etcd-key name the files that etcd asks for; its root role may take snapshots"


def _connection(place: str, options: EtcdOptions) -> http.client.HTTPConnection:
    parts = urlsplit(place)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=_DEADLINE)
    try:
        context = ssl.create_default_context(cafile=options.cacert or None)
        if options.cert:
            # Without a password of our own the library would ask on the terminal.
            context.load_cert_chain(options.cert, options.key or None, password=lambda: "")
    except (OSError, ssl.SSLError) as error:
        raise SourceError(
            "a certificate or key for etcd cannot be used", hint=(error.strerror or _HINT).lower()
        ) from None
    return http.client.HTTPSConnection(host, port, timeout=_DEADLINE, context=context)
