"""A scan of what archives and images hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from strongroom.model.origin import Origin
from strongroom.model.skipped import Skipped
from strongroom.sources.archives import HEAD, ArchiveLimits, Member, image_layout, is_archive, members
from strongroom.survey.scanning.blobs import Blobs
from strongroom.survey.scanning.hit import Hit

_HEAD = 8000
"""As `scan_files.is_text`: so many first bytes tell text from what is none."""

Skip = Callable[[Skipped], None]


class Archives:
    """Looks into archives; made once for a run.

    Args:
        blobs: what looks at contents.
        depth: how many archives inside each other are opened; none for 0.
    """

    def __init__(self, blobs: Blobs, depth: int) -> None:
        self._blobs = blobs
        self._limits = ArchiveLimits(depth=depth)

    def opens(self, head: bytes) -> bool:
        """Tell whether a file is an archive that this run looks into, by its first bytes."""
        return self._limits.depth > 0 and is_archive(head[:HEAD])

    def look(self, stream: BinaryIO, origin: Origin, skipped: Skip) -> list[Hit]:
        """Return what an archive's files hold; their places name the way to them: ``app.tar!etc/app.conf``."""
        return list(self._hits(members(origin.path, stream, skipped, self._limits), origin))

    def look_at_layout(self, folder: Path, origin: Origin, skipped: Skip) -> list[Hit]:
        """Return what the image in a folder holds; nothing where the folder is no OCI layout."""
        if self._limits.depth == 0:
            return []
        return list(self._hits(image_layout(folder, origin.path, skipped, self._limits), origin))

    def _hits(self, found: Iterable[Member], origin: Origin) -> Iterator[Hit]:
        for member in found:
            if b"\0" not in member.data[:_HEAD]:
                inside = member.path[len(origin.path) :]
                place = msgspec.structs.replace(origin, path=member.path)
                for hit in self._blobs.look(member.path.rpartition("!")[2], member.data, place):
                    yield msgspec.structs.replace(hit, inside=inside, note=member.note)
