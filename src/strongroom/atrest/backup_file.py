"""The file of a backup: who can open it, a MAC over that, and the contents in authenticated chunks.

docs/backup-format.md specifies it. In short: two lines of text (what it is; the wrapped keys as JSON), a line with the
MAC of both, a salt of 16 bytes, and the contents as `strongroom.crypto.stream` has them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

from strongroom.crypto import stream
from strongroom.errors import DocumentError, TamperedError
from strongroom.keys.key import Wrapped
from strongroom.keys.kinds import kind_of
from strongroom.model.plaintext import Plaintext

MAGIC = b"strongroom backup v1\n"
"""The first line."""

_HEADER, _PAYLOAD = b"strongroom backup v1 header", b"strongroom backup v1 payload"
_MAC_LINE = 44  # 32 bytes in base64 without padding (RFC 4648 section 3.2), and the line feed
_LONGEST_HEADER = 1 << 20
_MOST_GROUPS = 255  # the points of Shamir's scheme over GF(2^8)


class Header(NamedTuple):
    """Who can open a backup.

    Attributes:
        groups: the wrapped data key (one group), or its shares (several groups).
        threshold: how many groups are needed; 0 for all of them.
    """

    groups: tuple[tuple[Wrapped, ...], ...]
    threshold: int = 0


class Front(NamedTuple):
    """What stands before the contents. Nothing of it is authentic before `check` returned.

    Attributes:
        header: who can open it.
        text: the lines that the MAC is over.
        mac: the MAC as it stands there.
        salt: of the key of the contents.
        start: where the contents begin.
    """

    header: Header
    text: bytes
    mac: bytes
    salt: bytes
    start: int

    @property
    def digest(self) -> str:
        """Names the backup: SHA-256 of what stands before the contents, which is never the same for two."""
        return hashlib.sha256(self.text + self.mac + self.salt).hexdigest()


def seal(header: Header, key: Plaintext, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a backup.

    Args:
        header: who can open it.
        key: the data key that the header wraps; new for each backup.
        pieces: the contents.
    """
    text = MAGIC + json.dumps(_to_json(header), separators=(",", ":")).encode() + b"\n"
    salt = os.urandom(stream.SALT)
    yield text + _mac_line(key, text) + salt
    yield from stream.sealed(stream.derived(key, salt, _PAYLOAD), pieces)


def front(file: BinaryIO, name: str) -> Front:
    """Read what stands before the contents, from the beginning of a file.

    Raises:
        DocumentError: it is no backup, or one of a later format.
        TamperedError: it is cut off or was changed.
    """
    file.seek(0)
    if file.readline(len(MAGIC)) != MAGIC:
        raise DocumentError(
            f"{name} is no backup that this version can read", hint="strongroom at-rest backup makes one"
        )
    line = file.readline(_LONGEST_HEADER)
    mac, salt = file.read(_MAC_LINE), file.read(stream.SALT)
    if not line.endswith(b"\n") or len(mac) < _MAC_LINE or len(salt) < stream.SALT:
        raise _changed(name)
    try:
        header = _from_json(json.loads(line))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, DocumentError):
        raise _changed(name) from None
    return Front(header, MAGIC + line, mac, salt, file.tell())


def contents(file: BinaryIO, found: Front, key: Plaintext, name: str) -> Iterator[bytes]:
    """Check the MAC, and yield the contents; each piece is authentic, and all of them when the iterator ends.

    Raises:
        TamperedError: something was changed, or the key belongs to another backup.
    """
    check(found, key, name)
    file.seek(found.start)
    yield from stream.opened(stream.derived(key, found.salt, _PAYLOAD), file.read, name)


def check(found: Front, key: Plaintext, name: str) -> None:
    """Check the MAC of what stands before the contents.

    Raises:
        TamperedError: it was changed, or the key belongs to another backup.
    """
    if not hmac.compare_digest(_mac_line(key, found.text), found.mac):
        raise _changed(name)


def _mac_line(key: Plaintext, text: bytes) -> bytes:
    tag = stream.mac(stream.derived(key, b"", _HEADER), text)
    return base64.b64encode(tag).rstrip(b"=") + b"\n"


def _to_json(header: Header) -> dict[str, Any]:
    groups = [
        [{"kind": one.key.kind, **kind_of(one.key.kind).to_entry(one)} for one in group] for group in header.groups
    ]
    return {"groups": groups, "threshold": header.threshold}


def _entry(wrapped: Wrapped) -> dict[str, Any]:
    kind = wrapped.key.kind
    return {"kind": kind, **kind_of(kind).to_entry(wrapped)}


def _from_json(body: dict[str, Any]) -> Header:
    groups = tuple(tuple(kind_of(entry["kind"]).from_entry(entry) for entry in group) for group in body["groups"])
    threshold = body["threshold"]
    if not groups or len(groups) > _MOST_GROUPS or not isinstance(threshold, int) or not 0 <= threshold <= len(groups):
        raise ValueError("no header")
    return Header(groups, threshold)


def _changed(name: str) -> TamperedError:
    return TamperedError(f"{name} was changed after it was made, or is cut off", hint="use another copy of it")
