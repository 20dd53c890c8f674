"""The ``sops`` metadata of a file."""

from __future__ import annotations

from typing import NamedTuple

from strongroom.files.sops.selection import Selection
from strongroom.keys.key import Wrapped


class Metadata(NamedTuple):
    """What a file says about its own encryption.

    Attributes:
        groups: the wrapped data key (one group), or its shares (several groups).
        shamir_threshold: how many groups are needed; 0 with one group.
        lastmodified: RFC 3339, UTC; the additional data of the MAC.
        mac: ``ENC[…]`` around the digest; empty before the first encryption.
        version: of the program that wrote the file.
    """

    groups: tuple[tuple[Wrapped, ...], ...]
    shamir_threshold: int
    lastmodified: str
    mac: str
    selection: Selection
    version: str
