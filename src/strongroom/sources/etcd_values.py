"""What the beginning of a stored value says: by which provider and key Kubernetes encrypted it. Nothing else is kept.

Prefixes: k8s.io/apiserver ``pkg/server/options/encryptionconfig/config.go`` (``k8s:enc:PROVIDER:VERSION:NAME:``); the
id of a KMS v2 key: ``pkg/storage/value/encrypt/envelope/kmsv2/v2/api.proto``, message ``EncryptedObject``.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from strongroom.model.controlplane import MOST_NAMED, EtcdContents, StoredAs, StoredCount
from strongroom.model.origin import Origin
from strongroom.model.resource import as_dict, as_list, as_text
from strongroom.sources.etcd_keys import PREFIX, resource_of
from strongroom.sources.reading import Reading

ENCRYPTED = b"k8s:enc:"
KMS_V2 = b"k8s:enc:kms:v2:"
LONGEST_PREFIX = 512
"""So many bytes of a value tell its provider and key; names of keys are shorter."""

PLAIN = StoredAs("identity")
_UNKNOWN = StoredAs("unknown")
_LONGEST_NAME = 253
_LONGEST_KEY_ID = 1024  # keyIDMaxSize of pkg/storage/value/encrypt/envelope/kmsv2/envelope.go
_LOCAL = (b"aescbc", b"aesgcm", b"secretbox")
_KEY_ID_FIELD = 2
_LENGTH_DELIMITED, _VARINT = 2, 0  # https://protobuf.dev/programming-guides/encoding/#structure
_MOST_FIELDS = 64


def stored_as(value: bytes) -> StoredAs:
    """Tell how a value is stored. Of a KMS v2 value all bytes are needed, of any other the first `LONGEST_PREFIX`."""
    if not value.startswith(ENCRYPTED):
        return PLAIN
    parts = value[:LONGEST_PREFIX].split(b":", 5)
    if len(parts) < 6:
        return _UNKNOWN
    provider, version, name = parts[2], parts[3], _text(parts[4])
    if provider == b"kms" and version == b"v2":
        start = len(KMS_V2) + len(parts[4]) + 1
        return StoredAs("kms v2", name, _kms_key_id(value[start:]))
    if provider == b"kms":
        return StoredAs("kms v1", name)
    return StoredAs(provider.decode(), name) if provider in _LOCAL else _UNKNOWN


def _text(raw: bytes, longest: int = _LONGEST_NAME) -> str:
    text = raw[:longest].decode("utf-8", "replace")
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def _kms_key_id(message: bytes) -> str:
    at = 0
    for _ in range(_MOST_FIELDS):
        tag, at = _varint(message, at)
        if at < 0:
            return ""
        length, at = _varint(message, at)
        if at < 0:
            return ""
        if tag & 7 == _LENGTH_DELIMITED:
            if tag >> 3 == _KEY_ID_FIELD:
                return _text(message[at : at + length], _LONGEST_KEY_ID)
            at += length
        elif tag & 7 != _VARINT:
            return ""
    return ""


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a base-128 number; the position is -1 where there is none."""
    number = shift = 0
    while 0 <= at < len(data) and shift < 64:
        number |= (data[at] & 0x7F) << shift
        if not data[at] & 0x80:
            return number, at + 1
        at += 1
        shift += 7
    return 0, -1


class Tally:
    """Counts values by resource and by how they are stored."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._stored: dict[str, StoredAs] = {}
        self._kinds: dict[StoredAs, StoredAs] = {}

    def put(self, key: str, how: StoredAs) -> None:
        """Note how the newest value of a key is stored."""
        self._stored[key] = self._kinds.setdefault(how, how)

    def remove(self, key: str) -> None:
        """Forget a key that was deleted."""
        self._stored.pop(key, None)

    def contents(self, origin: Origin) -> EtcdContents:
        """Return the counts of Secrets and of every resource of which something is encrypted."""
        counts: dict[tuple[str, StoredAs], int] = {}
        plain: list[str] = []
        for key, how in self._stored.items():
            resource, name = resource_of(key, self._prefix)
            counts[resource, how] = counts.get((resource, how), 0) + 1
            if resource == "secrets" and not how.encrypted:
                plain.append(name)
        shown = {"secrets", *(resource for resource, how in counts if how.encrypted)}
        return EtcdContents(
            origin,
            tuple(
                StoredCount(resource, how, count)
                for (resource, how), count in sorted(counts.items(), key=_order)
                if resource in shown
            ),
            tuple(sorted(plain)[:MOST_NAMED]),
        )

    def __repr__(self) -> str:
        return f"Tally({len(self._stored)} keys)"


def _order(item: tuple[tuple[str, StoredAs], int]) -> tuple[str, str, str, str]:
    (resource, how), _ = item
    return resource, how.provider, how.key, how.kms_key


def notes(contents: EtcdContents) -> Iterator[str]:
    """Yield one line for each resource: how many objects lie in which way."""
    for resource in dict.fromkeys(count.resource for count in contents.counts):
        said = ", ".join(f"{count.count} {count.stored_as.show()}" for count in contents.of(resource))
        yield f"{contents.origin.path or contents.origin.source}: {resource}: {said}"


def add(reading: Reading, contents: EtcdContents) -> None:
    """Add contents to a reading, with one note for each resource."""
    reading.stores.append(contents)
    reading.notes.extend(notes(contents))


def contents_of_dump(body: Any, origin: Origin) -> EtcdContents | None:
    """Return what a document says that ``etcdctl get --prefix /registry/secrets -w json`` wrote; None where it is none.

    The origin is the entry of the first Secret in plain text, where there is one.
    """
    kvs = as_dict(body).get("kvs")
    if not isinstance(kvs, list) or not isinstance(as_dict(body).get("header"), dict):
        return None
    tally, first = Tally(PREFIX), None
    for index, entry in enumerate(as_list(kvs)):
        key = _decoded(as_text(as_dict(entry).get("key"))).decode("utf-8", "replace")
        value = _decoded(as_text(as_dict(entry).get("value")))
        how = stored_as(value)
        tally.put(key, how)
        if first is None and not how.encrypted and resource_of(key, PREFIX)[0] == "secrets":
            first = index
    return tally.contents(origin if first is None else origin.at(("kvs", first)))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""
