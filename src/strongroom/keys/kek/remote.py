"""What all keys in a service have in common: calls run in threads, so that a deadline holds whatever hangs."""

from __future__ import annotations

from abc import ABC, abstractmethod

from strongroom.errors import KeyUseError
from strongroom.keys.kek import Version, small
from strongroom.keys.kek.workers import Workers
from strongroom.model.plaintext import Plaintext


class RemoteKey(ABC):
    """A `KeyEncryptionKey` whose holder is asked over a network.

    Args:
        name: its URI.
        holder: who is asked, for errors: ``Vault at https://vault:8200``.
    """

    def __init__(self, name: str, holder: str) -> None:
        self.name = name
        self.remote = True
        self.warning = ""
        self._workers = Workers(holder)
        self._version: Version | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"

    @abstractmethod
    def owns(self, version_id: str) -> bool:
        """Tell, without a network, whether an id can be that of a version of this key."""

    def current(self, deadline: float, /) -> Version:
        """Ask for the version that encrypts now.

        Raises:
            KeyUnreachableError: the holder does not answer in time.
            KeyUseError: the version is not fit for use, or the credentials may not look.
        """
        self._version = self._workers.run(lambda: self._newest(deadline), deadline)
        return self._version

    def encrypt(self, plain: Plaintext, deadline: float, /) -> tuple[bytes, Version]:
        """Encrypt with the version that `current` last told, or a newer one; the answer says which that was.

        Raises:
            KeyUnreachableError: the holder does not answer in time.
            KeyUseError: it refuses, or `plain` is too long.
        """
        value = small(plain)
        return self._workers.run(lambda: self._encrypted(value, deadline), deadline)

    def decrypt(self, ciphertext: bytes, version_id: str, deadline: float, /) -> Plaintext:
        """Decrypt what a version encrypted.

        Raises:
            TamperedError: the ciphertext was changed, or is not of this version.
            KeyUnreachableError: the holder does not answer in time.
            KeyUseError: the version is of another key, disabled or gone.
        """
        if not self.owns(version_id):
            raise KeyUseError(f"the version of the key is none of {self.name}")
        return self._workers.run(lambda: self._decrypted(ciphertext, version_id, deadline), deadline)

    def close(self) -> None:
        """End the threads."""
        self._workers.close()

    @abstractmethod
    def _newest(self, deadline: float) -> Version: ...

    @abstractmethod
    def _encrypted(self, value: bytes, deadline: float) -> tuple[bytes, Version]: ...

    @abstractmethod
    def _decrypted(self, ciphertext: bytes, version_id: str, deadline: float) -> Plaintext: ...
