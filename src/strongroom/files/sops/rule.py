"""What a rule of ``.sops.yaml`` asks for a file."""

from __future__ import annotations

from typing import NamedTuple

from strongroom.files.sops.selection import Selection
from strongroom.keys.key import MasterKey


class Rule(NamedTuple):
    """Who can open a file, and which of its leaves are encrypted.

    Attributes:
        groups: one group, or several of which ``shamir_threshold`` are needed.
        shamir_threshold: what the rule says, which means nothing with one group; with several it is never 0.
        selection: which leaves.
        indent: spaces of indentation for what is added to a file (``stores``); 0 for the format's own.
        origin: what people can be told: ``.sops.yaml, rule 2``; empty where no rule was asked.
        by_default: nobody said which leaves; those of Kubernetes Secrets were chosen.
    """

    groups: tuple[tuple[MasterKey, ...], ...]
    shamir_threshold: int
    selection: Selection
    indent: int = 0
    origin: str = ""
    by_default: bool = False
