"""Contexts for tests: an environment, and a person who answers or is not there."""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.errors import UsageError
from strongroom.keys.key import Context
from strongroom.model.plaintext import Plaintext

NOW = "2026-11-21T10:00:00Z"
DATA_KEY = Plaintext(b"canary-of-32-bytes-in-a-data-key")


class Person:
    """Answers with a passphrase, and counts what was asked.

    Args:
        answer: the passphrase; nobody is there where None.
    """

    def __init__(self, answer: str | None) -> None:
        self._answer = answer
        self.asked: list[str] = []
        self.told: list[str] = []

    def ask(self, what: str) -> Plaintext:
        """Answer, or be absent."""
        self.asked.append(what)
        if self._answer is None:
            raise UsageError(f"{what} needs a passphrase, and there is no terminal to ask on")
        return Plaintext(self._answer)


def context(environment: Mapping[str, str], person: Person | None = None) -> Context:
    """A context with nothing but an environment and, perhaps, a person."""
    somebody = person or Person(None)
    return Context(environment, somebody.ask, lambda: NOW, tell=somebody.told.append, kept={})
