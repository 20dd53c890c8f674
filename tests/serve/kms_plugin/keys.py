"""A key in memory whose holder a test can make slow, unreachable, unwilling or wrong."""

from __future__ import annotations

import os
import threading
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from strongroom.errors import KeyUnreachableError, KeyUseError, TamperedError
from strongroom.keys.kek import Version
from strongroom.model.plaintext import Plaintext


class MemoryKey:
    """As ``KeyEncryptionKey`` wants it.

    Args:
        name: of the key; its versions are called ``NAME:1``, ``NAME:2`` …
        remote: whether calls are to be made with turns and repetitions.
    """

    def __init__(self, name: str = "memory", *, remote: bool = True) -> None:
        self.name, self.remote, self.warning = name, remote, ""
        self._ciphers = {f"{name}:1": AESGCM(os.urandom(32))}
        self.unreachable = 0
        """How many of the next calls do not reach the holder."""
        self.refuses = ""
        """Why every call is refused."""
        self.defect = False
        """Whether a call fails in a way that no contract knows."""
        self.wrong = False
        """Whether decryption gives something else."""
        self.hold = threading.Event()
        self.hold.set()
        self.inside = 0
        """How many calls are being held."""
        self.calls = 0
        self.closed = False

    def rotate(self) -> str:
        """Add a version; its id."""
        version = f"{self.name}:{len(self._ciphers) + 1}"
        self._ciphers[version] = AESGCM(os.urandom(32))
        return version

    def owns(self, version_id: str) -> bool:
        """Tell whether the name fits."""
        return version_id.startswith(f"{self.name}:")

    def current(self, deadline: float) -> Version:
        """Return the last version."""
        self._called(deadline)
        return Version(list(self._ciphers)[-1])

    def encrypt(self, plain: Plaintext, deadline: float) -> tuple[bytes, Version]:
        """Encrypt with the last version."""
        self._called(deadline)
        version = list(self._ciphers)[-1]
        nonce = os.urandom(12)
        return nonce + self._ciphers[version].encrypt(nonce, plain.reveal(), None), Version(version)

    def decrypt(self, ciphertext: bytes, version_id: str, deadline: float) -> Plaintext:
        """Decrypt with a version."""
        self._called(deadline)
        try:
            plain = self._ciphers[version_id].decrypt(ciphertext[:12], ciphertext[12:], None)
        except (InvalidTag, ValueError, KeyError):
            raise TamperedError("it was changed") from None
        return Plaintext(b"something else" if self.wrong else plain)

    def close(self) -> None:
        """Take note."""
        self.closed = True

    def _called(self, deadline: float) -> None:
        self.calls += 1
        self.inside += 1
        held = self.hold.wait(max(0.0, deadline - time.monotonic()))
        self.inside -= 1
        if not held:
            raise KeyUnreachableError("the holder did not answer in time")
        if self.defect:
            raise ZeroDivisionError("a text that could hold a value")
        if self.unreachable:
            self.unreachable -= 1
            raise KeyUnreachableError("the holder could not be reached")
        if self.refuses:
            raise KeyUseError(self.refuses)
