"""Files that somebody named, read whole up to a limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.documents.bounded import read_file
from strongroom.errors import DocumentError, SourceError

_MOST = 1 << 20


def test_up_to_the_limit(tmp_path: Path) -> None:
    """A file of just the limit is returned whole; of one byte more the error says the limit, or what it was told."""
    path = tmp_path / "file"
    path.write_bytes(b"a" * _MOST)
    assert read_file(path, _MOST) == b"a" * _MOST

    path.write_bytes(b"a" * (_MOST + 1))
    with pytest.raises(SourceError, match=r"file is larger than 1 MiB$"):
        read_file(path, _MOST)
    with pytest.raises(DocumentError, match=r"^groups are many$"):
        read_file(path, _MOST, name="groups", too_large="are many", error=DocumentError)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """Of a file that is not there, and of a folder, the error says so in the kind that was asked for."""
    with pytest.raises(SourceError, match=r"none cannot be read$") as missing:
        read_file(tmp_path / "none", _MOST)
    assert missing.value.hint == "no such file or directory"
    with pytest.raises(DocumentError, match=r"^groups cannot be read$") as folder:
        read_file(tmp_path, _MOST, name="groups", error=DocumentError)
    assert folder.value.hint == "is a directory"
