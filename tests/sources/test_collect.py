"""Sources as users name them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from strongroom.errors import SourceError
from strongroom.sources.collect import Options, collect

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a small tree and stand in it."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "a.yaml").write_text(CONFIG % "a")
    (tmp_path / "deploy" / "b.yaml").write_text(CONFIG % "b")
    (tmp_path / "notes.txt").write_text(CONFIG % "c")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        ((".",), ["a", "b"]),
        (("deploy",), ["b"]),
        ((".", "deploy"), ["a", "b"]),
        (("deploy/b.yaml", "."), ["b", "a"]),
        (("a.yaml", "a.yaml", "./a.yaml"), ["a"]),
        (("notes.txt",), ["c"]),
    ],
)
@pytest.mark.usefixtures("tree")
def test_overlapping_sources(sources: tuple[str, ...], names: list[str]) -> None:
    """Every file is read once, however many of the sources hold it; one that is named is read whatever its suffix."""
    reading = collect(sources, Options())

    assert [r.name for r in reading.resources] == names
    assert reading.files == len(names)


@pytest.mark.usefixtures("tree")
def test_shown_paths() -> None:
    """Paths are shown as the user would write them: from where he stands."""
    shown = [r.origin.path for r in collect((str(Path.cwd() / "deploy"), "."), Options()).resources]

    assert shown == ["deploy/b.yaml", "a.yaml"]


def test_standard_input() -> None:
    """A dash is standard input."""
    reading = collect(("-",), Options(), io.BytesIO((CONFIG % "in").encode()))

    assert [(r.name, r.origin.path) for r in reading.resources] == [("in", "-")]
    assert reading.texts.read("-", 1000) == (CONFIG % "in").encode()


def test_a_source_behind_a_link(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A source that is itself a symbolic link is what it points to: the user named it."""
    link = tmp_path_factory.mktemp("elsewhere") / "link"
    link.symlink_to(tree / "deploy")

    assert [r.name for r in collect((str(link),), Options()).resources] == ["b"]


def test_missing_source() -> None:
    """A source that does not exist is an error, not an empty reading."""
    with pytest.raises(SourceError, match="nowhere does not exist"):
        collect(("nowhere",), Options())
