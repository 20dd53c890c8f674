"""Key-encryption keys in a file of this machine: AES-256-GCM in the process, for development.

Who reads the file reads every Secret, and so does whoever gets its backup beside that of etcd. The file is JSON::

    {"strongroom": "key-encryption keys", "keys": [{"created": "2026-11-21T10:00:00Z", "key": "base64 of 32 bytes"}]}

The last key encrypts, all decrypt. The file is read again when it changed. Nonces are random: NIST SP 800-38D section
8.3 allows 2^32 encryptions under one key, of which an API server uses a few at each of its starts.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from strongroom.errors import KeyUseError, OutputError, TamperedError, UsageError
from strongroom.keys.kek import Version, bound_to, small
from strongroom.model.plaintext import Plaintext
from strongroom.writing import replace_file

SCHEME = "local-file"

_MARK = "key-encryption keys"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_ID_DIGITS = 32
_LARGEST = 1 << 20
_WARNING = "a key in a file is for development: whoever reads the file reads every Secret"


def parse(uri: str, _environment: Mapping[str, str]) -> LocalFile:
    """Return the key of ``local-file:PATH``.

    Raises:
        UsageError: it names no absolute path.
    """
    path = unquote(uri.removeprefix(f"{SCHEME}:"))
    path = path.removeprefix("//") if path.startswith("///") else path
    if not path.startswith("/") or not path.isprintable():
        raise UsageError("a key file is not given by its absolute path", hint=f"such as {SCHEME}:/etc/strongroom/kek")
    return LocalFile(Path(path))


class _Loaded(NamedTuple):
    """What a file held: which one it was, its newest version, and a cipher for each."""

    stamp: tuple[int, ...]
    newest: Version
    ciphers: Mapping[str, AESGCM]

    def __repr__(self) -> str:
        return f"_Loaded({self.newest.id})"


class LocalFile:
    """The versions in a file.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"{SCHEME}:{path}"
        self.remote = False
        self.warning = _WARNING
        self._path = path
        self._loaded: _Loaded | None = None

    def __repr__(self) -> str:
        return f"LocalFile({self.name})"

    def owns(self, version_id: str) -> bool:
        """Tell whether a version is in the file, or was when it could last be read."""
        return self._cipher(version_id) is not None

    def current(self, _deadline: float) -> Version:
        """Return the last version of the file, read again where it changed.

        Raises:
            KeyUseError: it cannot be read, is no such file, or others may read it.
        """
        return self._fresh().newest

    def encrypt(self, plain: Plaintext, _deadline: float) -> tuple[bytes, Version]:
        """Encrypt with the version that `current` last told.

        Raises:
            KeyUseError: the file cannot be used, or `plain` is too long.
        """
        loaded = self._loaded or self._fresh()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher, version = loaded.ciphers[loaded.newest.id], loaded.newest
        return nonce + cipher.encrypt(nonce, small(plain), bound_to(version.id)), version

    def decrypt(self, ciphertext: bytes, version_id: str, _deadline: float) -> Plaintext:
        """Decrypt what a version of the file encrypted.

        Raises:
            TamperedError: it was changed, or not made by this version.
            KeyUseError: the version is not in the file.
        """
        cipher = self._cipher(version_id)
        if cipher is None:
            raise KeyUseError(f"{self._path} does not hold the version of the key that this was encrypted with")
        nonce, rest = ciphertext[:_NONCE_BYTES], ciphertext[_NONCE_BYTES:]
        try:
            return Plaintext(cipher.decrypt(nonce, rest, bound_to(version_id)))
        except (InvalidTag, ValueError):  # the second for what is shorter than a nonce
            raise TamperedError(f"what {self._path} shall decrypt was changed, or not encrypted with it") from None

    def close(self) -> None:
        """Forget the keys."""
        self._loaded = None

    def _cipher(self, version_id: str) -> AESGCM | None:
        loaded = self._loaded
        if loaded is None or version_id not in loaded.ciphers:
            # A version may have come from another machine since; what is in memory stays useful without the file.
            with suppress(KeyUseError):
                loaded = self._fresh()
        return loaded.ciphers.get(version_id) if loaded else None

    def _fresh(self) -> _Loaded:
        loaded = self._loaded
        try:
            if loaded is None or loaded.stamp != _stamp(os.stat(self._path)):  # noqa: PTH116 - the quicker one
                self._loaded = loaded = _load(self._path)
        except OSError as error:
            raise KeyUseError(f"{self._path} cannot be read", hint=(error.strerror or "").lower()) from None
        return loaded


def create(path: Path, now: str) -> Version:
    """Make a file with one version, or add a version to it, which encrypts from then on.

    Args:
        path: of the file; mode 0600.
        now: RFC 3339 time in UTC.

    Raises:
        KeyUseError: what stands there is no such file, or others may read it.
        OutputError: it cannot be written.
    """
    key = secrets.token_bytes(_KEY_BYTES)
    entry = {"created": now, "key": base64.b64encode(key).decode("ascii")}
    with _alone(path.parent):
        entries = [*_entries(path), entry] if os.path.lexists(path) else [entry]
        text = json.dumps({"strongroom": _MARK, "keys": entries}, indent=2) + "\n"
        replace_file(path, [text], mode=0o600, what="key file")
    return Version(_id_of(key))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two versions that are made at once must both be kept: a key may have been used before it is lost."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise OutputError(f"folder {folder} cannot be opened", hint=(error.strerror or "").lower()) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_mode


def _load(path: Path) -> _Loaded:
    stamp, data = _read(path)
    keys = [_key(entry, path) for entry in _parsed(data, path)]
    ciphers = {_id_of(key): AESGCM(key) for key in keys}
    return _Loaded(stamp, Version(_id_of(keys[-1])), ciphers)


def _entries(path: Path) -> list[Any]:
    try:
        entries = _parsed(_read(path)[1], path)
    except OSError as error:
        raise KeyUseError(f"{path} cannot be read", hint=(error.strerror or "").lower()) from None
    for entry in entries:
        _key(entry, path)
    return entries


def _read(path: Path) -> tuple[tuple[int, ...], bytes]:
    # Without waiting: a pipe of that name must not hold the plugin up.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise KeyUseError(f"{path} is no regular file")
        if status.st_mode & 0o077:
            raise KeyUseError(f"{path} may be read or changed by others", hint=f"chmod 600 {path}")
        if status.st_uid not in (0, os.geteuid()):
            raise KeyUseError(f"{path} belongs to another user")
        return _stamp(status), stream.read(_LARGEST)


def _parsed(data: bytes, path: Path) -> list[Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    entries = value.get("keys") if isinstance(value, dict) and value.get("strongroom") == _MARK else None
    if not isinstance(entries, list) or not entries:
        raise KeyUseError(f"{path} is no file of key-encryption keys, or was cut off")
    return entries


def _key(entry: Any, path: Path) -> bytes:
    text = entry.get("key") if isinstance(entry, dict) else None
    try:
        key = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise KeyUseError(f"{path} holds a key that is not {_KEY_BYTES} bytes in base64")
    return key


def _id_of(key: bytes) -> str:
    """Return a name that follows from the key and from which the key does not follow: the file may be moved."""
    digest = hmac.new(key, b"strongroom id of a key-encryption key", hashlib.sha256).hexdigest()
    return f"{SCHEME}:{digest[:_ID_DIGITS]}"
