"""The keys of a plugin: one that encrypts, and others that still decrypt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from strongroom.errors import KeyUseError, UsageError
from strongroom.keys.kek import KeyEncryptionKey
from strongroom.keys.kek.kinds import parse


class Keyring(NamedTuple):
    """Which key does what.

    Attributes:
        writer: encrypts, and decrypts what it encrypted.
        readers: only decrypt: those that a migration comes from.
    """

    writer: KeyEncryptionKey
    readers: tuple[KeyEncryptionKey, ...] = ()

    def holders(self, version_id: str) -> tuple[KeyEncryptionKey, ...]:
        """Return the keys that may have a version, the likeliest first.

        They may be several: a key of the same name in another Vault, or in another token, has ids of the same form.

        Raises:
            KeyUseError: none of them.
        """
        if found := tuple(key for key in (self.writer, *self.readers) if key.owns(version_id)):
            return found
        raise KeyUseError(
            "no key of this plugin has the version that this was encrypted with",
            hint="--also names the key that the cluster used before",
        )

    def warnings(self) -> tuple[str, ...]:
        """Return what speaks against these keys."""
        return tuple(dict.fromkeys(key.warning for key in (self.writer, *self.readers) if key.warning))

    def close(self) -> None:
        """Close all keys."""
        for key in (self.writer, *self.readers):
            key.close()


def keyring(uris: Sequence[str], environment: Mapping[str, str]) -> Keyring:
    """Return the keys of URIs, the first of which encrypts; none of them is asked yet.

    Raises:
        UsageError: one of them is no URI of a key, or stands there twice.
    """
    if len(set(uris)) < len(uris):
        raise UsageError("a key is named twice")
    writer, *readers = (parse(uri, environment) for uri in uris)
    return Keyring(writer, tuple(readers))
