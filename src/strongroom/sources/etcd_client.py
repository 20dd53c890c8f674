"""Ranges of keys from a running etcd, page by page, through its v3 API (``etcdserverpb.KV/Range``).

https://etcd.io/docs/v3.6/learning/api/; messages: go.etcd.io/etcd ``api/etcdserverpb/rpc.proto`` and
``api/mvccpb/kv.proto``. etcd has no way to ask for a part of a value; what comes is looked at for its prefix and
dropped with its page, except where the whole value is asked for.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import urlsplit

from strongroom.documents.wire import WireError, fields
from strongroom.errors import SourceError, UsageError
from strongroom.sources import etcd_reach
from strongroom.sources.etcd_keys import PREFIX, SECRETS, paths_of, resource_of
from strongroom.sources.etcd_options import ETCD, EtcdOptions
from strongroom.sources.etcd_values import KMS_V2, LONGEST_PREFIX, stored_as

if TYPE_CHECKING:
    import grpc

_FIRST_PAGE, _SMALLEST_PAGE, _LARGEST_PAGE = 64, 8, 1000
_PAGE_BYTES = 4 << 20
_ANSWER_BYTES = 512 << 20
_DEADLINE = 60.0
_RANGE = "/etcdserverpb.KV/Range"
_OPTIONS = [
    ("grpc.max_receive_message_length", _ANSWER_BYTES),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
]
# Numbers of fields: of RangeRequest, RangeResponse and KeyValue.
_KEY, _RANGE_END, _LIMIT = 1, 2, 3
_KVS, _MORE = 2, 3
_KV_KEY, _KV_MOD_REVISION, _KV_VALUE = 1, 3, 5


class Pair(NamedTuple):
    """A key as etcd has it.

    Attributes:
        key: it, as text.
        value: as much of its value as tells how it is stored, or all of it where that was asked for.
        revision: the one that wrote it last.
    """

    key: str
    value: bytes
    revision: int

    def __repr__(self) -> str:
        return f"Pair({self.key!r})"


class _KeyValue(NamedTuple):
    key: bytes
    value: bytes
    revision: int

    def __repr__(self) -> str:
        return f"_KeyValue({self.key!r})"


class _Page(NamedTuple):
    kvs: list[_KeyValue]
    more: bool


class EtcdClient:
    """Ranges of keys from one etcd, over one connection; a context manager.

    Args:
        source: ``etcd:`` and a URL, whose path may name another prefix than ``/registry``.
        options: the files of the connection.

    Raises:
        UsageError: the source is no URL.
        SourceError: on entering, a file of the connection cannot be used, or etcd cannot be reached; every method: it
            cannot be reached any more, or refuses.
    """

    def __init__(self, source: str, options: EtcdOptions) -> None:
        try:
            parts = urlsplit(source.removeprefix(ETCD))
            host, port = parts.hostname, parts.port or 2379
        except ValueError:
            host, port = None, 0
        if host and "@" in parts.netloc:
            raise UsageError(
                "the URL of etcd names a user", hint="--etcd-cert and --etcd-key name a client certificate instead"
            )
        if not host:
            raise UsageError(f"{source} is no URL", hint="such as etcd:https://127.0.0.1:2379")
        self.prefix = parts.path.rstrip("/") or PREFIX
        self.source = f"{ETCD}{parts.scheme}://{host}:{port}"
        self._host, self._port, self._options = host, port, options
        self._encrypted = parts.scheme == "https"
        self._where = f"etcd at {host}:{port}"
        self._channel: grpc.Channel | None = None
        self._range: Callable[..., bytes] | None = None

    def __enter__(self) -> Self:
        etcd_reach.check(self._host, self._port, self._options, encrypted=self._encrypted)
        import grpc

        target = f"[{self._host}]:{self._port}" if ":" in self._host else f"{self._host}:{self._port}"
        if self._encrypted:
            key, certificate = etcd_reach.client(self._options)
            trusted = grpc.ssl_channel_credentials(etcd_reach.authorities(self._options), key, certificate)
            self._channel = grpc.secure_channel(target, trusted, _OPTIONS)
        else:
            self._channel = grpc.insecure_channel(target, _OPTIONS)
        self._range = self._channel.unary_unary(_RANGE, _as_it_is, _as_it_is)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._channel is not None:
            self._channel.close()

    def ranges(self, names: Sequence[str], progress: Callable[[str], None]) -> Iterator[tuple[bytes, bytes]]:
        """Yield the ranges in which lies what names of an EncryptionConfiguration mean.

        Without names: Secrets, and each resource whose first object is encrypted.
        """
        if names:
            for path in paths_of(names):
                progress(f"{self._where}: {path.rstrip('/') or 'everything'}")
                yield _range(f"{self.prefix}/{path}")
            return
        yield from self._encrypted_ranges(f"{self.prefix}/", progress)

    def _encrypted_ranges(self, prefix: str, progress: Callable[[str], None]) -> Iterator[tuple[bytes, bytes]]:
        yield _range(f"{prefix}{SECRETS}/")
        start, end = _range(prefix)
        while True:
            page = self._page(start, end, 1)
            if not page.kvs:
                return
            first = page.kvs[0]
            resource, _ = resource_of(first.key.decode("utf-8", "replace"), self.prefix)
            progress(f"{self._where}: {resource}")
            below = _below(first.key, prefix.encode())
            if resource != SECRETS and stored_as(first.value).encrypted:
                yield below, _after(below)
            start = _after(below)

    def pages(self, start: bytes, end: bytes, *, whole: bool = False) -> Iterator[Pair]:
        """Yield each key of a range with as much of its value as tells how it is stored, or with all of it."""
        limit = _FIRST_PAGE
        while True:
            page = self._page(start, end, limit)
            size = 0
            for key, value, revision in page.kvs:
                size += len(value)
                yield Pair(key.decode("utf-8", "replace"), value if whole else _head(value), revision)
            if not page.more:
                return
            start = page.kvs[-1].key + b"\0"
            mean = max(size // len(page.kvs), 1)
            limit = min(max(_PAGE_BYTES // mean, _SMALLEST_PAGE), _LARGEST_PAGE, limit * 4)

    def _page(self, start: bytes, end: bytes, limit: int) -> _Page:
        import grpc

        assert self._range is not None, "used outside of its context"  # noqa: S101
        asked = _field(_KEY, start) + _field(_RANGE_END, end) + bytes([_LIMIT << 3]) + _varint(limit)
        try:
            page = _page(self._range(asked, timeout=_DEADLINE))
        except grpc.RpcError as error:
            raise self._refused(error.code().name, error.details()) from None
        except WireError:
            raise SourceError(f"{self._where} answers something else than etcd") from None
        if not _answers(page, start, end):
            raise SourceError(f"{self._where} answers something else than etcd")
        return page

    def _refused(self, code: str, details: str | None) -> SourceError:
        if code in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
            hint = "is that its port for clients (--listen-client-urls), and is it still running?"
            return SourceError(f"{self._where} cannot be reached", hint=hint)
        if code in ("UNIMPLEMENTED", "INTERNAL", "UNKNOWN"):
            return SourceError(f"{self._where} answers something else than etcd")
        said = "".join(c for c in (details or "")[:200] if c.isprintable()) or code.lower()
        denied = code in ("PERMISSION_DENIED", "UNAUTHENTICATED", "INVALID_ARGUMENT")
        hint = "the API server's own client certificate may read" if denied else ""
        return SourceError(f"{self._where} refuses: {said}", hint=hint)


def _as_it_is(message: bytes) -> bytes:
    return message


def _page(answer: bytes) -> _Page:
    found, more = [], False
    for number, value in fields(answer):
        if number == _KVS and isinstance(value, bytes):
            found.append(_pair(value))
        elif number == _MORE:
            more = bool(value)
    return _Page(found, more)


def _answers(page: _Page, start: bytes, end: bytes) -> bool:
    """Tell whether a page holds keys of its range in order: else reading might never end, or end too early."""
    keys = [pair.key for pair in page.kvs]
    if not keys:
        return not page.more
    return start <= keys[0] and keys[-1] < end and all(map(operator.lt, keys, keys[1:]))


def _pair(message: bytes) -> _KeyValue:
    key = value = b""
    revision = 0
    for number, part in fields(message):
        if isinstance(part, int):
            revision = part if number == _KV_MOD_REVISION else revision
        elif number == _KV_KEY:
            key = part
        elif number == _KV_VALUE:
            value = part
    return _KeyValue(key, value, revision)


def _head(value: bytes) -> bytes:
    """Return the beginning of a value; all of it where the id of its KMS key stands at its end."""
    return value if value.startswith(KMS_V2) else value[:LONGEST_PREFIX]


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


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
