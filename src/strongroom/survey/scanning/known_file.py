"""Fingerprint files: what an inventory knows, without any value (docs/known-values.md describes the format)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from strongroom.errors import SourceError
from strongroom.model.plaintext import Fingerprint, Plaintext
from strongroom.writing import replace_file

if TYPE_CHECKING:
    from strongroom.leaks.known_tokens import Hint, TokenSearch

FORMAT = "strongroom-known-values"
VERSION = 1
_LARGEST = 1 << 30
_HINT = "<IHBBHHHH"
"""size, lead, words and bit 7 for spaced, zero, core, three tags: 16 bytes, one block of AES."""


class Owner(msgspec.Struct, frozen=True, gc=False):
    """Where an inventory has a value: an object and a key of it, and who uses it."""

    object: str
    key: str = ""
    consumers: tuple[str, ...] = ()

    def show(self) -> str:
        """Write it as people read it: ``Secret shop/db, key password``."""
        return f"{self.object}, key {self.key}" if self.key else self.object


class KnownValue(msgspec.Struct, frozen=True, gc=False):
    """One value that is known, without the value.

    Attributes:
        fingerprint: of the value without white space around it.
        what: what it is, for people.
        also: fingerprints of the value as objects hold it, where that differs.
    """

    fingerprint: Fingerprint
    what: str
    owners: tuple[Owner, ...] = ()
    also: tuple[Fingerprint, ...] = ()


class _Head(msgspec.Struct):
    format: str
    version: int
    key: str


class _Line(msgspec.Struct, omit_defaults=True, gc=False):
    fingerprint: str
    hint: bytes
    what: str
    owners: tuple[Owner, ...] = ()
    also: tuple[str, ...] = ()


class _Tail(msgspec.Struct):
    values: int
    left_out: dict[str, int]
    mac: str


def is_fingerprint_file(source: str) -> bool:
    """Tell whether a source is a file of this format, by how it begins."""
    try:
        path = Path(source)
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(len(_BEGINNING)) == _BEGINNING
    except (OSError, ValueError):
        return False


_BEGINNING = f'{{"format":"{FORMAT}"'.encode()


def write_file(
    path: Path, key: bytes, known: Iterable[tuple[KnownValue, Plaintext]], left_out: Mapping[str, int]
) -> int:
    """Write a fingerprint file, readable by its owner alone; return how many values it has.

    Raises:
        OutputError: it cannot be written; what stood there before is kept.
    """
    count, contents = contents_of(key, known, left_out)
    replace_file(path, [contents], mode=0o600)
    return count


def contents_of(
    key: bytes, known: Iterable[tuple[KnownValue, Plaintext]], left_out: Mapping[str, int]
) -> tuple[int, bytes]:
    """Return how many values a fingerprint file has, and its contents."""
    lines = list(_lines(key, sorted(known, key=lambda one: one[0].fingerprint)))
    body = b"".join(lines)
    tail = _Tail(len(lines) - 1, dict(sorted(left_out.items())), "")
    tail.mac = _mac(body, tail, key)
    return tail.values, b"".join((body, msgspec.json.encode(tail), b"\n"))


def _lines(key: bytes, known: list[tuple[KnownValue, Plaintext]]) -> Iterator[bytes]:
    from strongroom.leaks.known_tokens import Tagger, hint

    yield msgspec.json.encode(_Head(FORMAT, VERSION, _derived(key, b"key id")[:8].hex())) + b"\n"
    tagger = Tagger(_derived(key, b"tags"))
    hints = _sealed(key, [hint(value, tagger) for _, value in known])
    for (one, _), sealed in zip(known, hints, strict=True):
        yield msgspec.json.encode(_Line(one.fingerprint, sealed, one.what, one.owners, one.also)) + b"\n"


def read_file(source: str, key: bytes) -> tuple[list[KnownValue], TokenSearch, dict[str, int]]:
    """Read a fingerprint file: what is known, the search for it, and how many values were left out by why.

    Raises:
        SourceError: it cannot be read, was made under another key or by a later version, or is not whole.
    """
    return parse_file(source, read_contents(source), key)


def parse_file(source: str, contents: bytes, key: bytes) -> tuple[list[KnownValue], TokenSearch, dict[str, int]]:
    """As `read_file`, of contents that are at hand; ``source`` names them in errors."""
    from strongroom.leaks.known_tokens import Hinted, TokenSearch

    lines, tail = _parsed(source, contents, key)
    hints = _opened(key, b"".join(line.hint for line in lines))
    known = [
        KnownValue(Fingerprint(line.fingerprint), line.what, line.owners, tuple(map(Fingerprint, line.also)))
        for line in lines
    ]
    hinted = [Hinted(one.fingerprint, each) for one, each in zip(known, hints, strict=True)]
    return known, TokenSearch(hinted, key, _derived(key, b"tags")), tail.left_out


def _parsed(source: str, data: bytes, key: bytes) -> tuple[list[_Line], _Tail]:
    body, _, last = data.rstrip(b"\n").rpartition(b"\n")
    body += b"\n"
    first, *rest = body.splitlines()
    try:
        head = msgspec.json.decode(first, type=_Head)
    except msgspec.DecodeError:
        raise SourceError(f"fingerprint file {source} cannot be read", hint="write it again") from None
    if head.format != FORMAT or head.version != VERSION:
        raise SourceError(f"fingerprint file {source} has version {head.version}", hint="a later strongroom reads it")
    if head.key != _derived(key, b"key id")[:8].hex():
        raise SourceError(
            f"fingerprint file {source} was made under another key",
            hint="--fingerprint-key names the key of the installation that wrote it",
        )
    try:
        tail = msgspec.json.decode(last, type=_Tail)
        lines = msgspec.json.Decoder(_Line).decode_lines(b"\n".join(rest))
    except msgspec.DecodeError:
        raise SourceError(f"fingerprint file {source} is not whole", hint="write it again") from None
    if tail.values != len(lines) or not hmac.compare_digest(tail.mac.encode(), _mac(body, tail, key).encode()):
        raise SourceError(f"fingerprint file {source} was changed or is not whole", hint="write it again")
    return lines, tail


def read_contents(source: str) -> bytes:
    """Return the contents of a fingerprint file.

    Raises:
        SourceError: it cannot be read, or is too large.
    """
    try:
        with Path(source).open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        raise SourceError(f"fingerprint file {source} cannot be read", hint=(error.strerror or "").lower()) from None
    if len(data) > _LARGEST:
        raise SourceError(f"fingerprint file {source} is larger than {_LARGEST >> 20} MiB")
    return data


def _mac(body: bytes, tail: _Tail, key: bytes) -> str:
    unsigned = msgspec.json.encode(msgspec.structs.replace(tail, mac=""))
    return hmac.digest(_derived(key, b"file"), body + unsigned, hashlib.sha256).hex()


def _derived(key: bytes, purpose: bytes) -> bytes:
    """Derive a key for one purpose (HKDF with SHA-256, RFC 5869)."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt=None, info=f"{FORMAT} {VERSION} ".encode() + purpose).derive(key)


def _sealed(key: bytes, hints: list[Hint]) -> list[bytes]:
    """Encrypt hints, one block of AES each: lengths and tags are nothing to whoever has not the key."""
    import struct

    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    packed = b"".join(
        struct.pack(_HINT, one.size, one.lead, one.words | one.spaced << 7, 0, one.core, one.tag, *one[-2:])
        for one in hints
    )
    # Every block stands for itself, and equal ones say only that two hints are equal: a plain permutation will do.
    encrypt = Cipher(algorithms.AES256(_derived(key, b"hints")), modes.ECB()).encryptor()  # noqa: S305
    sealed = encrypt.update(packed)
    return [sealed[at : at + 16] for at in range(0, len(sealed), 16)]


def _opened(key: bytes, sealed: bytes) -> list[Hint]:
    import struct

    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    from strongroom.leaks.known_tokens import Hint

    decrypt = Cipher(algorithms.AES256(_derived(key, b"hints")), modes.ECB()).decryptor()  # noqa: S305
    return [
        Hint(size, lead, words & 0x7F, words >> 7, core, *tags)
        for size, lead, words, _, core, *tags in struct.iter_unpack(_HINT, decrypt.update(sealed))
    ]
