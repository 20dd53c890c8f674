"""Read a running etcd, or a snapshot of one: ``etcd:https://127.0.0.1:2379``, ``etcd:FILE``.

Through the JSON gateway of etcd's v3 API (https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/), page by page. etcd
has no way to ask for a part of a value; what comes is looked at for its prefix and dropped with its page.
"""

from __future__ import annotations

import base64
import http.client
import os
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import msgspec

from strongroom.errors import SourceError, UsageError
from strongroom.model.controlplane import EtcdContents
from strongroom.model.origin import Origin
from strongroom.sources.etcd_options import ETCD, EtcdOptions
from strongroom.sources.etcd_snapshot import contents_of_snapshot
from strongroom.sources.etcd_values import KMS_V2, LONGEST_PREFIX, PREFIX, Tally, add, resource_of, stored_as
from strongroom.sources.reading import Reading

_FIRST_PAGE, _SMALLEST_PAGE, _LARGEST_PAGE = 64, 8, 1000
_PAGE_BYTES = 4 << 20
_ANSWER_BYTES = 512 << 20
_DEADLINE = 60.0
# Base64 of the longest prefix, and of a part of it that ends on a whole group.
_HEAD_CHARACTERS = LONGEST_PREFIX // 3 * 4
_KMS_V2_BASE64 = base64.b64encode(KMS_V2)


class _KeyValue(msgspec.Struct):
    key: bytes
    value: msgspec.Raw = msgspec.Raw(b'""')


class _Answer(msgspec.Struct):
    kvs: list[_KeyValue] = []
    more: bool = False


class _Refusal(msgspec.Struct):
    message: str = ""


def read_etcd(reading: Reading, source: str, options: EtcdOptions, progress: Callable[[str], None]) -> None:
    """Add what an etcd, or a snapshot of one, says of its values to a reading.

    Args:
        reading: what is added to.
        source: ``etcd:`` and a URL, whose path may name another prefix than ``/registry``, or a file.
        options: the files of the connection.
        progress: called with what is being read.

    Raises:
        UsageError: the source is neither a URL nor a file.
        SourceError: etcd cannot be reached or refuses; the file cannot be read or is no etcd database.
    """
    named = source.removeprefix(ETCD)
    if not named.startswith(("http://", "https://")):
        if not named or not Path(named).exists():
            raise UsageError(
                f"{source} names neither a URL nor a file", hint="such as etcd:https://127.0.0.1:2379 or etcd:FILE"
            )
        add(reading, _of_file(Path(named), source))
        return
    add(reading, _of_server(source, named, options, progress))


def _of_file(path: Path, source: str) -> EtcdContents:
    return contents_of_snapshot(path, Origin(source, str(path)), PREFIX)


def _of_server(source: str, url: str, options: EtcdOptions, progress: Callable[[str], None]) -> EtcdContents:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host:
        raise UsageError(f"{source} is no URL", hint="such as etcd:https://127.0.0.1:2379")
    prefix = parts.path.rstrip("/") or PREFIX
    client = _Client(parts, port or 2379, options)
    tally = Tally(prefix)
    try:
        for start, end in client.wanted(f"{prefix}/", progress):
            for key, how_value in client.pages(start, end):
                tally.put(key, stored_as(how_value))
    finally:
        client.close()
    return tally.contents(Origin(f"{ETCD}{parts.scheme}://{host}:{port or 2379}", ""))


class _Client:
    """Ranges of keys from one etcd, over one connection."""

    def __init__(self, parts: SplitResult, port: int, options: EtcdOptions) -> None:
        host = parts.hostname or ""
        self._encrypted = parts.scheme == "https"
        self._where = f"etcd at {host}:{port}"
        if self._encrypted:
            self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=_DEADLINE, context=_tls(options)
            )
        else:
            self._connection = http.client.HTTPConnection(host, port, timeout=_DEADLINE)

    def wanted(self, prefix: str, progress: Callable[[str], None]) -> Iterator[tuple[bytes, bytes]]:
        """Yield the ranges to read: Secrets, and each resource whose first object is encrypted."""
        yield _range(f"{prefix}secrets/")
        start, end = _range(prefix)
        while True:
            page = self._page(start, end, 1)
            if not page.kvs:
                return
            resource, _ = resource_of(page.kvs[0].key.decode("utf-8", "replace"), prefix.rstrip("/"))
            progress(f"{self._where}: {resource}")
            below = _below(page.kvs[0].key, prefix.encode())
            if resource != "secrets" and stored_as(_head(page.kvs[0].value)).encrypted:
                yield below, _after(below)
            start = _after(below)

    def pages(self, start: bytes, end: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield each key of a range with as much of its value as tells how it is stored."""
        limit = _FIRST_PAGE
        while True:
            page = self._page(start, end, limit)
            size = 0
            for pair in page.kvs:
                size += len(pair.value)
                yield pair.key.decode("utf-8", "replace"), _head(pair.value)
            if not page.more or not page.kvs:
                return
            start = page.kvs[-1].key + b"\0"
            mean = max(size // len(page.kvs), 1)
            limit = min(max(_PAGE_BYTES // mean, _SMALLEST_PAGE), _LARGEST_PAGE, limit * 4)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _page(self, start: bytes, end: bytes, limit: int) -> _Answer:
        asked = {"key": _encoded(start), "range_end": _encoded(end), "limit": str(limit)}
        try:
            self._connection.request(
                "POST", "/v3/kv/range", msgspec.json.encode(asked), {"Content-Type": "application/json"}
            )
            with self._connection.getresponse() as answer:
                body = answer.read(_ANSWER_BYTES)
                status = answer.status
            if status != http.client.OK:
                raise SourceError(f"{self._where} refuses: {_reason(body, status)}", hint=_hint(status))
            return msgspec.json.decode(body, type=_Answer)
        except ssl.SSLError as error:
            raise SourceError(f"{self._where}: TLS fails: {_of_tls(error)}", hint=_TLS_HINT) from None
        except (ConnectionError, http.client.HTTPException) as error:
            hint = _TLS_HINT if self._encrypted else type(error).__name__.lower()
            if isinstance(error, ConnectionRefusedError):
                hint = "connection refused"
            raise SourceError(f"{self._where} cannot be reached", hint=hint) from None
        except OSError as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise SourceError(f"{self._where} cannot be reached", hint=str(why).lower()) from None
        except msgspec.DecodeError:
            raise SourceError(f"{self._where} answers something else than etcd") from None


_TLS_HINT = "--etcd-cacert, --etcd-cert and --etcd-key name the files that etcd asks for"


def _tls(options: EtcdOptions) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=options.cacert or None)
        if options.cert:
            context.load_cert_chain(options.cert, options.key or None, password=_no_password)
    except (OSError, ssl.SSLError) as error:
        named = ", ".join(name for name in (options.cacert, options.cert, options.key) if name and not _is_file(name))
        what = named or "a certificate or key for etcd"
        raise SourceError(f"{what} cannot be used", hint=(error.strerror or _TLS_HINT).lower()) from None
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


def _reason(body: bytes, status: int) -> str:
    try:
        said = msgspec.json.decode(body, type=_Refusal).message
    except msgspec.DecodeError:
        said = ""
    return "".join(c for c in said[:200] if c.isprintable()) or f"HTTP status {status}"


def _hint(status: int) -> str:
    if status in (401, 403):
        return "the API server's own client certificate may read"
    if status == http.client.SERVICE_UNAVAILABLE:
        return "etcd's JSON gateway is a client of etcd: its certificate must be good for that (--client-cert-file)"
    return ""


def _head(value: msgspec.Raw) -> bytes:
    """Decode the beginning of a value; all of it where the id of its KMS key stands at its end."""
    text = bytes(value).strip(b'"')
    if not text.startswith(_KMS_V2_BASE64):
        text = text[:_HEAD_CHARACTERS]
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _range(prefix: str) -> tuple[bytes, bytes]:
    return prefix.encode(), _after(prefix.encode())


def _below(key: bytes, prefix: bytes) -> bytes:
    """Return what all keys of this key's resource begin with."""
    parts = key[len(prefix) :].split(b"/")
    steps = 2 if b"." in parts[0] and len(parts) > 2 else 1
    return prefix + b"/".join(parts[:steps]) + b"/"


def _after(prefix: bytes) -> bytes:
    """Return the first key after all that begin with a prefix."""
    return prefix[:-1] + bytes([prefix[-1] + 1])
