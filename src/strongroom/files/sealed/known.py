"""What this installation sealed: so that a value that did not change keeps its ciphertext.

Without the private key nobody can compare a value with a ciphertext. So for each value that is sealed here, one tag is
kept: an HMAC-SHA256 (RFC 2104) under the installation's key over the sealing key's fingerprint, the label, the name,
the value and the ciphertext together. A tag says of one ciphertext that it holds one value, and nothing else: not the
value, not whether two values are equal. The file lies in the user's state folder and does not belong into Git.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from pathlib import Path

from strongroom.errors import OutputError
from strongroom.model.plaintext import Plaintext
from strongroom.writing import replace_file

FILE = "sealed.known"
_LINE_BYTES = 65
_MOST, _KEPT = 1_000_000, 500_000
"""Tags in the file before the oldest are dropped, and how many are kept then."""


class Known:
    """The tags of an installation.

    Args:
        path: the file.
        key: the installation's fingerprint key.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path, self._key = path, key
        self._new: list[str] = []
        self._tags: set[str] | None = None

    def is_same(self, fingerprint: str, label: bytes, name: str, value: Plaintext, sealed: str) -> bool:
        """Tell whether a ciphertext is known to hold this value, sealed for this key, this label and this name."""
        if self._tags is None:
            self._tags = self._read()
        return self._tag(fingerprint, label, name, value, sealed) in self._tags

    def add(self, fingerprint: str, label: bytes, name: str, value: Plaintext, sealed: str) -> None:
        """Remember that a ciphertext holds a value; `save` writes it."""
        self._new.append(self._tag(fingerprint, label, name, value, sealed))

    def save(self) -> None:
        """Write what was added.

        Raises:
            OutputError: the file cannot be written.
        """
        if not self._new:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with open(descriptor, "r+b", buffering=0) as stream:  # noqa: PTH123 - a descriptor, not a path
                fcntl.flock(stream, fcntl.LOCK_EX)
                stream.write("".join(f"{tag}\n" for tag in self._new).encode())
                long = os.fstat(stream.fileno()).st_size > _MOST * _LINE_BYTES
            if long:
                replace_file(self._path, ["".join(f"{tag}\n" for tag in self._lines()[-_KEPT:])], mode=0o600)
        except OSError as error:
            raise OutputError(f"{self._path} cannot be written", hint=(error.strerror or "").lower()) from None
        self._new.clear()

    def _read(self) -> set[str]:
        return set(self._lines())

    def _lines(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError, PermissionError, NotADirectoryError):
            return self._path.read_text("ascii", errors="replace").split()
        return []

    def _tag(self, fingerprint: str, label: bytes, name: str, value: Plaintext, sealed: str) -> str:
        parts = (b"strongroom seal", fingerprint.encode(), label, name.encode(), value.reveal(), sealed.encode())
        # Each part with its length before it: no two lists of parts give the same bytes.
        return Plaintext(b"".join(struct.pack(">Q", len(part)) + part for part in parts)).fingerprint(self._key)
