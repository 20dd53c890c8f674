"""The key under which values are fingerprinted: one per installation."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from strongroom.errors import SourceError
from strongroom.model.plaintext import FINGERPRINT_KEY_BYTES

VARIABLE = "STRONGROOM_FINGERPRINT_KEY"
"""Names a file, not the key itself: an environment is handed on to every program that is started."""
_FILE = "fingerprint.key"
_LARGEST = 4096


def state_folder() -> Path:
    """Return the folder for the state of this user (XDG Base Directory Specification, ``XDG_STATE_HOME``).

    Raises:
        SourceError: there is no such place: an account without a home, as containers have.
    """
    base = os.environ.get("XDG_STATE_HOME", "")
    try:
        return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "strongroom"
    except RuntimeError:
        raise SourceError("this account has no home", hint="set HOME or XDG_STATE_HOME") from None


def load(path: str | None) -> bytes:
    """Return the key: from a file that the user names, else the installation's own, which is made on first use (0600).

    The environment may name the file too (``STRONGROOM_FINGERPRINT_KEY``), for the key that a team shares.

    Raises:
        SourceError: the named file cannot be read or is too short; the state folder cannot be written; the
            installation's key is readable by others.
    """
    path = path or os.environ.get(VARIABLE)
    if path:
        return _read(Path(path), own=False)
    file = state_folder() / _FILE
    try:
        return _read(file, own=True)
    except FileNotFoundError:
        return _make(file)


def load_passing(path: str | None) -> bytes:
    """Return the key as `load` does; where the user has no place to keep one, a key that only this run has.

    For what compares no fingerprint with those of another run. A container's home is often not there, or read-only.

    Raises:
        SourceError: a key that is named, or is there, cannot be used.
    """
    if path or os.environ.get(VARIABLE):
        return load(path)
    try:
        return load(None)
    except SourceError:
        if _is_there():
            raise
        return secrets.token_bytes(FINGERPRINT_KEY_BYTES)


def _is_there() -> bool:
    try:
        return os.path.exists(state_folder() / _FILE)  # noqa: PTH110 - Path.exists() raises below a closed folder
    except SourceError:
        return False


def _read(file: Path, *, own: bool) -> bytes:
    try:
        with file.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            key = stream.read(_LARGEST)
    except FileNotFoundError:
        if own:
            raise
        raise SourceError(f"fingerprint key {file} does not exist") from None
    except OSError as error:
        raise SourceError(f"fingerprint key {file} cannot be read", hint=(error.strerror or "").lower()) from None
    if own and mode & 0o077:
        raise SourceError(f"fingerprint key {file} is readable by others", hint=f"chmod 600 {file}")
    if len(key) < FINGERPRINT_KEY_BYTES:
        raise SourceError(
            f"fingerprint key {file} is shorter than {FINGERPRINT_KEY_BYTES} bytes",
            hint=f"head -c {FINGERPRINT_KEY_BYTES} /dev/urandom > FILE makes one",
        )
    return key


def _make(file: Path) -> bytes:
    key = secrets.token_bytes(FINGERPRINT_KEY_BYTES)
    new = file.with_name(f"{_FILE}.{secrets.token_hex(8)}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor, not a path
            stream.write(key)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            # A link fails where another run was first; its key counts then.
            os.link(new, file)
        except FileExistsError:
            return _read(file, own=True)
        finally:
            new.unlink()
    except OSError as error:
        raise SourceError(
            f"fingerprint key {file} cannot be made",
            hint=f"{(error.strerror or '').lower()}; or name one with --fingerprint-key",
        ) from None
    return key
