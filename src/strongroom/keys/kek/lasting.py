"""What was found once and serves for some minutes: access tokens, connections' settings, clients.

A command line asks for a token once; a service that runs for months must ask again before the token expires, and when
a server no longer takes it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import NoReturn

from strongroom.errors import UsageError
from strongroom.keys.key import Context

SECONDS = 240
"""How long things are kept: metadata servers give out tokens that may have five minutes left."""


class Lasting:
    """A context of key services that forgets in time.

    Args:
        environment: where credentials are looked for.
        seconds: how long things are kept.
        clock: tells the seconds since some time.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environment = dict(environment)
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._renew()

    def context(self) -> Context:
        """Return the context as long as it is fresh, then another."""
        with self._lock:
            if self._clock() >= self._until:
                self._renew()
            return self._context

    def forget(self, context: Context) -> None:
        """Keep nothing of a context any longer: a server did not take what it holds."""
        with self._lock:
            if context is self._context:
                self._renew()

    def _renew(self) -> None:
        self._context, self._until = self._new(), self._clock() + self._seconds

    def _new(self) -> Context:
        return Context(self._environment, _nobody, _no_time, quiet=True, kept={})

    def __repr__(self) -> str:
        return "Lasting(hidden)"


def _nobody(what: str) -> NoReturn:
    raise UsageError(f"{what} needs a passphrase, and a service has nobody to ask")


def _no_time() -> str:
    return ""  # what a service encrypts carries no time
