"""The contents of a backup: lines of JSON, the first says what it is, the last that it is whole.

An etcd snapshot has the first line only; what follows is the snapshot as ``etcdctl snapshot save`` writes it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import msgspec

from strongroom.atrest.backup_secrets import BackedSecret, is_name, of_object
from strongroom.errors import DocumentError, StrongroomError, TamperedError
from strongroom.model.plaintext import Plaintext

SECRETS, ETCD = "secrets", "etcd-snapshot"
"""The kinds of contents."""

FORMAT = 1

_LONGEST_LINE = 32 << 20


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup is of.

    Attributes:
        kind: `SECRETS` or `ETCD`.
        tool: name and version that made it.
        created: ISO 8601 time, UTC.
        cluster: the cluster's id, the UID of its namespace kube-system; empty where that may not be read.
        source: what was read: a context and its server, or etcd's URL.
        namespaces: only these were read; all where empty.
        selector: only what has these labels.
    """

    format: int = FORMAT
    kind: str
    tool: str
    created: str
    cluster: str = ""
    source: str = ""
    namespaces: tuple[str, ...] = ()
    selector: str = ""


class KeptFile(msgspec.Struct, frozen=True):
    """A file that lies beside the Secrets: an EncryptionConfiguration.

    Attributes:
        path: where it was.
        data: its bytes.
    """

    path: str
    data: Plaintext


class End(msgspec.Struct, frozen=True, kw_only=True):
    """How many there are, and the SHA-256 of every line before."""

    secrets: int
    namespaces: int
    files: int = 0
    sha256: str


class Contents(NamedTuple):
    """What a backup holds: its manifest, the bytes of that line, and what follows."""

    manifest: Manifest
    line: bytes
    rest: Iterator[bytes]


Record: TypeAlias = BackedSecret | KeptFile | End


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    manifest: Manifest | None = None
    secret: msgspec.Raw = msgspec.Raw()
    changed: str = ""
    file: dict[str, str] | None = None
    end: End | None = None


def first_line(manifest: Manifest) -> bytes:
    """Return the line with which contents begin."""
    return msgspec.json.encode(_Line(manifest=manifest)) + b"\n"


def lines(manifest: Manifest, files: Iterable[KeptFile], secrets: Iterable[BackedSecret]) -> Iterator[bytes]:
    """Yield the lines of a backup of Secrets; a Secret that comes twice, as a list begun again has it, is kept once."""
    first = first_line(manifest)
    summed, seen, namespaces, count = hashlib.sha256(first), set(), set(), 0
    yield first
    for file in files:
        line = _file_line(file)
        summed.update(line)
        count += 1
        yield line
    for secret in secrets:
        if secret.place in seen:
            continue
        seen.add(secret.place)
        namespaces.add(secret.place.namespace)
        line = _secret_line(secret)
        summed.update(line)
        yield line
    end = End(secrets=len(seen), namespaces=len(namespaces), files=count, sha256=summed.hexdigest())
    yield msgspec.json.encode(_Line(end=end)) + b"\n"


def begun(pieces: Iterable[bytes], name: str) -> Contents:
    """Read the manifest of contents.

    Raises:
        DocumentError: it is of a later format.
        TamperedError: it is not what a backup begins with.
    """
    rest = iter(pieces)
    held = bytearray()
    for piece in rest:
        held += piece
        if b"\n" in piece or len(held) > _LONGEST_LINE:
            break
    line, _, after = bytes(held).partition(b"\n")
    try:
        found = msgspec.json.decode(line, type=_Line).manifest
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if found is None:
        raise _broken(name)
    if found.format != FORMAT or found.kind not in (SECRETS, ETCD):
        raise DocumentError(f"{name} was made by a later version", hint=f"it was made by {found.tool}")
    # They come to stand in URLs, when a cluster is laid beside the backup.
    if not all(map(is_name, found.namespaces)):
        raise _broken(name)
    return Contents(found, line + b"\n", _chained(after, rest))


def records(contents: Contents, name: str) -> Iterator[Record]:
    """Yield what a backup of Secrets holds; the last record is its `End`, and is right.

    Args:
        contents: from `begun`.
        name: names the file in errors.

    Raises:
        DocumentError: it holds something else than Secrets.
        TamperedError: a line is not what was written, or lines are missing.
    """
    if contents.manifest.kind != SECRETS:
        raise DocumentError(f"{name} holds an etcd snapshot, no Secrets", hint="strongroom at-rest restore -o FILE")
    summed = hashlib.sha256(contents.line)
    secrets = files = 0
    split = _split(contents.rest, name)
    for line in split:
        record = _record(line, name)
        if isinstance(record, End):
            if (record.secrets, record.files, record.sha256) != (secrets, files, summed.hexdigest()):
                raise _broken(name)
            yield record
            break
        summed.update(line + b"\n")
        secrets, files = secrets + isinstance(record, BackedSecret), files + isinstance(record, KeptFile)
        yield record
    else:
        raise _broken(name)
    # What comes after it is read too: only then is the end of the file authentic.
    if any(True for _ in split):
        raise _broken(name)


def _record(line: bytes, name: str) -> Record:
    try:
        found = msgspec.json.decode(line, type=_Line)
        if found.end is not None:
            return found.end
        if found.file is not None:
            data = base64.b64decode(found.file["data"], validate=True)
            return KeptFile(found.file["path"], Plaintext(data))
        if found.secret:
            return of_object(msgspec.json.decode(found.secret))._replace(changed=found.changed)
    except (msgspec.DecodeError, ValueError, KeyError, TypeError, RecursionError, StrongroomError):
        raise _broken(name) from None
    raise _broken(name)


def _secret_line(secret: BackedSecret) -> bytes:
    line = _Line(secret=msgspec.Raw(secret.body.reveal()), changed=secret.changed)
    return msgspec.json.encode(line) + b"\n"


def _file_line(file: KeptFile) -> bytes:
    body: dict[str, Any] = {"path": file.path, "data": base64.b64encode(file.data.reveal()).decode()}
    return msgspec.json.encode(_Line(file=body)) + b"\n"


def _split(pieces: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Yield lines without their ends."""
    held = bytearray()
    for piece in pieces:
        if b"\n" not in piece:
            held += piece
            if len(held) > _LONGEST_LINE:
                raise _broken(name)
            continue
        head, *middle, tail = piece.split(b"\n")
        yield bytes(held) + head
        yield from middle
        held = bytearray(tail)
    if held:
        raise _broken(name)


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _broken(name: str) -> TamperedError:
    return TamperedError(
        f"{name} is authentic, and yet not what a backup holds", hint="it was made by a broken program"
    )
