"""What a renderer must know of where its output goes."""

from __future__ import annotations

from typing import NamedTuple


class Terminal(NamedTuple):
    """The reader's side. The defaults are those of a pipe, so that what is piped is the same everywhere.

    Attributes:
        width: columns.
        colour: True where terminal colours are wanted.
        unicode: False where the output's encoding cannot carry lines and dots.
        verbose: True to list everything that is otherwise summed up.
        strict: True where the run counts as incomplete when anything could not be read.
    """

    width: int = 80
    colour: bool = False
    unicode: bool = True
    verbose: bool = False
    strict: bool = False
