"""What a plugin says about its key, found out in the background: ``Status`` answers at once, and tells the truth."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from strongroom.errors import KeyUseError, StrongroomError
from strongroom.keys.kek import KeyEncryptionKey, Version
from strongroom.keys.kmsv2.method import HEALTHY, KEY_ID_BYTES
from strongroom.model.plaintext import Plaintext
from strongroom.serve.kms_plugin.calls import Caller, OverloadedError

_PROBE_BYTES = 32
_UNHEALTHY_PAUSE = 1.0
_FIRST_ANSWER = 1.0
"""Seconds that ``Status`` waits for the first look at the key, after which it says what it knows."""


class Intervals(NamedTuple):
    """When a key is looked at.

    Attributes:
        healthy: seconds between two looks while all is well; an unhealthy key is looked at every second.
        patience: seconds that a look may take.
    """

    healthy: float = 10.0
    patience: float = 3.0

    def stale(self) -> float:
        """Return the seconds after which a look counts no more, because the next one should have ended."""
        return self.healthy + self.patience + 2 * _UNHEALTHY_PAUSE


class Health:
    """What is known about the key that encrypts; any thread may ask.

    Args:
        intervals: when it is looked at, and so how long what is known counts.
    """

    def __init__(self, intervals: Intervals) -> None:
        self.intervals = intervals
        self.version: Version | None = None
        """The version that encrypted last."""
        self._changed = -math.inf
        self._lock = threading.Lock()
        self._outcome = _Outcome("its key was not looked at yet", time.monotonic())
        self._first = threading.Event()
        self._wake = threading.Event()

    def reason(self) -> str:
        """Return why the key cannot be used, as far as is known; empty where it can."""
        reason, looked_at = self._outcome
        age = time.monotonic() - looked_at
        if not reason and age > self.intervals.stale():
            return f"its key was last looked at {age:.0f} s ago"
        return reason

    def status(self) -> tuple[str, str]:
        """Return ``healthz`` and ``key_id`` for the API server, at once (at the start within a second)."""
        self._first.wait(_FIRST_ANSWER)
        version = self.version
        return self.reason() or HEALTHY, version.id if version else ""

    def saw(self, version: Version, began: float) -> None:
        """Take note that a version encrypted: ``Status`` shall name the same.

        Args:
            version: which.
            began: when the call did (``time.monotonic()``). One that began before the version changed, and ended late,
                tells nothing new: ``Status`` does not go back to a version that was left.
        """
        with self._lock:
            if version == self.version or began < self._changed:
                return
            self.version, self._changed = version, time.monotonic()

    def looked(self, reason: str) -> None:
        """Take note of the outcome of a look; ``reason`` is empty where all is well."""
        self._outcome = _Outcome(reason, time.monotonic())
        self._first.set()

    def doubt(self) -> None:
        """Have the key looked at now: a request has just failed."""
        self._wake.set()

    def until_next(self, ended: threading.Event) -> None:
        """Wait until the key is to be looked at again."""
        if self._wake.wait(_UNHEALTHY_PAUSE if self._outcome.reason else self.intervals.healthy):
            # Failing requests shall not become a storm of looks.
            ended.wait(_UNHEALTHY_PAUSE / 4)
            self._wake.clear()


class _Outcome(NamedTuple):
    """Of a look: why the key cannot be used, and when that was found (``time.monotonic()``)."""

    reason: str
    looked_at: float


def look(key: KeyEncryptionKey, caller: Caller, patience: float) -> Version:
    """Have a key encrypt something and decrypt it again; the version that did.

    Raises:
        OverloadedError: earlier calls of the same caller have not ended.
        KeyUnreachableError: its holder was not reached in time.
        KeyUseError: it refuses, or does not give back what it was given.
        TamperedError: likewise.
    """
    deadline = time.monotonic() + patience
    caller.patiently(key, key.current, deadline)
    probe = Plaintext(secrets.token_bytes(_PROBE_BYTES))
    ciphertext, version = caller.patiently(key, lambda until: key.encrypt(probe, until), deadline)
    if not 0 < len(version.id.encode()) <= KEY_ID_BYTES or not 0 < len(ciphertext) <= KEY_ID_BYTES:
        raise KeyUseError("the key encrypts into more than an API server takes")
    back = caller.patiently(key, lambda until: key.decrypt(ciphertext, version.id, until), deadline)
    if back != probe:
        raise KeyUseError("the key does not decrypt what it has just encrypted")
    return version


def watch(
    health: Health,
    key: Callable[[], KeyEncryptionKey],
    caller: Caller,
    seen: Callable[[str, float], None],
    ended: threading.Event,
) -> None:
    """Look at a key again and again.

    Args:
        health: where the outcome goes.
        key: the key that encrypts now; it may become another one.
        caller: makes the calls; one of its own, so that no crowd of requests delays a look.
        seen: is told the reason (empty: all is well) and the seconds of each look.
        ended: ends it.
    """
    while not ended.is_set():
        begin = time.monotonic()
        reason = ""
        watched = key()
        try:
            version = look(watched, caller, health.intervals.patience)
            if watched is key():
                health.saw(version, begin)
        except StrongroomError as error:
            reason = error.message
        except OverloadedError:
            reason = "earlier looks at its key have not ended yet"
        except Exception as error:  # noqa: BLE001 - a defect must not end the looks; its text could hold a value
            reason = f"internal error {type(error).__name__}"
        if watched is key():
            health.looked(reason)
            seen(reason, time.monotonic() - begin)
            health.until_next(ended)


def reachable(key: KeyEncryptionKey, caller: Caller, patience: float) -> str:
    """Ask a key that only decrypts how it is; the reason why it cannot be used, empty where it answers."""
    try:
        caller.patiently(key, key.current, time.monotonic() + patience)
    except StrongroomError as error:
        return error.message
    except OverloadedError:
        return "earlier questions to it have not been answered yet"
    except Exception as error:  # noqa: BLE001 - likewise
        return f"internal error {type(error).__name__}"
    return ""
