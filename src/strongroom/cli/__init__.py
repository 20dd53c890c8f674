"""The command line: one file per command, loaded when it is called."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code: 0 clean, 1 findings, 2 it could not be done."""
    from strongroom.cli.root import run

    return run(arguments)
