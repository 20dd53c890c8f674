"""What Secrets held before a restore, kept encrypted until nobody goes back on it any more.

A file of lines as those of a backup, in the chunks of `strongroom.crypto.stream`, under a key that HKDF-SHA256 derives
from the fingerprint key and a salt in front.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from strongroom.atrest import backup_records
from strongroom.atrest.backup_records import SECRETS, Manifest
from strongroom.atrest.backup_secrets import BackedSecret
from strongroom.crypto import stream
from strongroom.errors import PlanError, TamperedError
from strongroom.model.plaintext import Plaintext
from strongroom.writing import replace_file, sync_folder

_PURPOSE = b"strongroom restore: what Secrets held before, v1"
_NAME = "what the restore kept to go back"


class Kept:
    """What Secrets held before one restore.

    Args:
        path: of the file.
        key: the fingerprint key.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path, self._key = path, Plaintext(key)

    def is_there(self) -> bool:
        """Tell whether it was kept: before that, nothing is written to the cluster."""
        return self._path.is_file()

    def save(self, secrets: Iterable[BackedSecret]) -> None:
        """Keep Secrets, and return when they are on the disk.

        Raises:
            OutputError: they cannot be written.
        """
        salt = os.urandom(stream.SALT)
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lines = backup_records.lines(Manifest(kind=SECRETS, tool="", created=""), (), secrets)
        pieces = stream.sealed(stream.derived(self._key, salt, _PURPOSE), lines)
        replace_file(self._path, (piece for part in ((salt,), pieces) for piece in part), mode=0o600, what=_NAME)

    def load(self) -> Iterator[BackedSecret]:
        """Yield the Secrets.

        Raises:
            PlanError: they cannot be read, or were kept under another key.
        """
        try:
            with self._path.open("rb") as file:
                key = stream.derived(self._key, file.read(stream.SALT), _PURPOSE)
                contents = backup_records.begun(stream.opened(key, file.read, _NAME), _NAME)
                for record in backup_records.records(contents, _NAME):
                    if isinstance(record, BackedSecret):
                        yield record
        except (OSError, TamperedError):
            raise PlanError(f"{_NAME} cannot be read", hint="was the fingerprint key changed?") from None

    def drop(self) -> None:
        """Forget them."""
        self._path.unlink(missing_ok=True)
        if self._path.parent.is_dir():
            sync_folder(self._path.parent)
