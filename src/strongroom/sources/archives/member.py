"""What comes out of an archive, and how much of a hostile one is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from strongroom.model.skipped import Reason, Skipped


class Member(NamedTuple):
    """One file out of an archive.

    Attributes:
        path: the names on the way to it, joined by ``!``: ``backup.zip!app.tar!etc/app.conf``.
        data: its bytes.
        note: what else is known of it: ``deleted in layer 3``; empty where nothing is.
    """

    path: str
    data: bytes
    note: str = ""

    def __repr__(self) -> str:
        return f"Member({self.path!r}, {len(self.data)} bytes)"


class ArchiveLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of one archive, everything inside it included; every number is inclusive.

    Nothing is written to a disk; what is held at a time is one file per level of nesting.
    """

    depth: int = 4
    """Archives inside each other, the outermost included."""
    member_bytes: int = 32 * 1024 * 1024
    """Size of one file; larger ones are named and left out."""
    floor_bytes: int = 512 * 1024 * 1024
    """What may come out of any archive in all."""
    ratio: int = 20
    """And so many times its own size besides: deflate of text seldom passes 10."""
    entries: int = 200_000
    """Files and folders, in all."""
    whole_bytes: int = 512 * 1024 * 1024
    """Size up to which a compressed image is unpacked in memory, to read its layers in their order."""


DEFAULT = ArchiveLimits()


class ArchiveError(Exception):
    """An archive that is broken, or that would cost more than it may. Never leaves this package."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Opening:
    """One outermost archive while it is read: what may still come out of it, and what was left out.

    Args:
        size: bytes of the archive itself.
        limits: see `ArchiveLimits`.
        skipped: called with everything that is left out.
    """

    def __init__(self, size: int, limits: ArchiveLimits, skipped: Callable[[Skipped], None]) -> None:
        self.limits = limits
        self._bytes = limits.floor_bytes + limits.ratio * size
        self._entries = limits.entries
        self._skipped = skipped

    def spend(self, count: int) -> None:
        """Count bytes that came out.

        Raises:
            ArchiveError: it was too much.
        """
        self._bytes -= count
        if self._bytes < 0:
            raise ArchiveError(Reason.LIMIT, "it unpacks to too much: the rest was not read")

    def enter(self) -> None:
        """Count an entry.

        Raises:
            ArchiveError: there were too many.
        """
        self._entries -= 1
        if self._entries < 0:
            raise ArchiveError(Reason.LIMIT, "it has too many entries: the rest was not read")

    def skip(self, path: str, reason: Reason, detail: str = "") -> None:
        """Say that something was left out."""
        self._skipped(Skipped(path, 0, 0, reason, detail))
