"""The place where an edit is kept."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from strongroom.errors import OutputError, SourceError, UsageError
from strongroom.files.sops import editing, scratch


def _files(state: Path) -> list[str]:
    return [path.name for path in state.rglob("*") if path.is_file()]


def test_one_at_a_time(tmp_path: Path) -> None:
    """A file is edited once at a time; another file may be, and afterwards the same again; nothing is left."""
    with editing.edit(tmp_path, Path("/a")):
        with pytest.raises(UsageError, match="/a is being edited already"), editing.edit(tmp_path, Path("/a")):
            pass
        with editing.edit(tmp_path, Path("/b")):
            pass
    with editing.edit(tmp_path, Path("/a")):
        pass

    assert _files(tmp_path) == []


def test_what_was_noted_is_read(tmp_path: Path) -> None:
    """A note says where the text is; the end of the edit wipes that and forgets it."""
    folder = scratch.make({})
    scratch.write(folder / "a.yaml", b"text")
    with editing.edit(tmp_path, Path("/a.yaml")) as here:
        assert editing.note(here) is None
        editing.begin(here, folder, "12")
        assert editing.note(here) == editing.Note(folder, "12")
        text = editing.typed(folder, "a.yaml")
        assert text is not None
        assert text.reveal() == b"text"
        editing.end(here)

    assert not folder.exists()
    assert _files(tmp_path) == []


def test_an_interrupted_edit_is_left(tmp_path: Path) -> None:
    """Without its end, the note of an edit stays for the next."""
    with editing.edit(tmp_path, Path("/a")) as here:
        editing.begin(here, tmp_path / "none", "")
    with editing.edit(tmp_path, Path("/a")) as here:
        assert editing.note(here) is not None


def test_a_broken_note_is_said(tmp_path: Path) -> None:
    """A note that cannot be read is an error, and can be dropped."""
    with editing.edit(tmp_path, Path("/a")) as here:
        (here.place / "edit.json").write_text("{")
        with pytest.raises(SourceError, match=r"edit\.json"):
            editing.note(here)
        editing.end(here)

    assert _files(tmp_path) == []


def test_only_our_own_folder_is_taken(tmp_path: Path) -> None:
    """A folder that others may enter, a link, and a file that is a link are not read; and not wiped."""
    folder = tmp_path / "strongroom-x"
    folder.mkdir(mode=0o700)
    (folder / "a").write_text("text")
    (folder / "link").symlink_to("a")
    (tmp_path / "strongroom-link").symlink_to(folder)
    assert editing.typed(folder, "a") is not None

    assert editing.typed(folder, "link") is None
    assert editing.typed(tmp_path / "strongroom-link", "a") is None
    folder.chmod(0o755)
    assert editing.typed(folder, "a") is None
    with editing.edit(tmp_path / "state", Path("/a")) as here:
        note = {"file": "/a", "scratch": str(folder), "before": ""}
        (here.place / "edit.json").write_text(json.dumps(note))
        editing.end(here)
    assert (folder / "a").read_text() == "text"


def test_a_folder_of_another_name_is_not_wiped(tmp_path: Path) -> None:
    """What a note names is wiped only if it is named as our folders are."""
    folder = tmp_path / "documents"
    folder.mkdir(mode=0o700)
    with editing.edit(tmp_path / "state", Path("/a")) as here:
        editing.begin(here, folder, "")
        editing.end(here)

    assert folder.exists()


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    """A pipe in the place of the text holds nobody up."""
    folder = tmp_path / "strongroom-x"
    folder.mkdir(mode=0o700)
    os.mkfifo(folder / "a")
    text = editing.typed(folder, "a")

    assert text is None or not text


def test_no_place_for_state(tmp_path: Path) -> None:
    """Where nothing can be kept, nobody types in vain."""
    (tmp_path / "state").write_text("a file")
    with pytest.raises(OutputError, match="would not be kept"), editing.edit(tmp_path / "state", Path("/a")):
        pass
