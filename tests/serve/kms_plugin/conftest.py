"""Plugins for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from tests.support.strongroom_kms import StrongroomKms


class StartPlugin(Protocol):
    """Start a plugin for this test alone; it is ended after the test."""

    def __call__(
        self,
        keys: Sequence[str] = (),
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        socket: Path | None = None,
    ) -> StrongroomKms:
        """With these keys, or a fresh one in a file."""


@pytest.fixture
def start_plugin() -> Iterator[StartPlugin]:
    """Start ``strongroom serve kms-plugin`` for this test alone."""
    with ExitStack() as started:

        def start(
            keys: Sequence[str] = (),
            options: Sequence[str] = (),
            environment: Mapping[str, str] | None = None,
            socket: Path | None = None,
        ) -> StrongroomKms:
            plugin = StrongroomKms(keys, options, environment, socket)
            started.callback(plugin.close)
            plugin.run()
            return plugin

        yield start
