"""Read a whole file that somebody named, if it is no larger than what it should be."""

from __future__ import annotations

from pathlib import Path

from strongroom.errors import SourceError, StrongroomError


def read_file(
    path: Path, most: int, *, name: str = "", too_large: str = "", error: type[StrongroomError] = SourceError
) -> bytes:
    """Return what a file holds.

    Args:
        path: the file.
        most: bytes; of a larger file no more is read.
        name: what errors call it; its path by default.
        too_large: what is said of a larger one; by default its limit in MiB.
        error: what is raised.

    Raises:
        StrongroomError: of the kind that was given; it cannot be read, or is larger.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(most + 1)
    except OSError as found:
        raise error(f"{name or path} cannot be read", hint=(found.strerror or "").lower()) from None
    if len(data) > most:
        raise error(f"{name or path} {too_large or f'is larger than {most >> 20} MiB'}")
    return data
