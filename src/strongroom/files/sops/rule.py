"""What a rule of ``.sops.yaml`` asks for a file."""

from __future__ import annotations

from typing import NamedTuple

from strongroom.files.sops.selection import Selection
from strongroom.keys.key import MasterKey


class Rule(NamedTuple):
    """Who can open a file, and which of its leaves are encrypted.

    Attributes:
        groups: one group, or several of which ``shamir_threshold`` are needed.
        shamir_threshold: 0 with one group.
        selection: which leaves.
        indent: spaces of indentation for what is added to a file (``stores``); 0 for the format's own.
        origin: what people can be told: ``.sops.yaml, rule 2``.
    """

    groups: tuple[tuple[MasterKey, ...], ...]
    shamir_threshold: int
    selection: Selection
    indent: int = 0
    origin: str = ""
