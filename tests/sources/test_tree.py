"""Walking a folder as Git sees it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.model.skipped import Reason
from strongroom.sources.tree import walk


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _names(root: Path, *, gitignore: bool = True) -> list[str]:
    return [name for name, _ in walk(root, "", gitignore=gitignore).files]


def test_nested_gitignore(tmp_path: Path) -> None:
    """The rules nearest to a file decide, and may take back what those above ignore."""
    _write(
        tmp_path,
        {
            ".gitignore": "*.log\nbuild/\n!kept.log\n/only-here.yaml\n",
            "a.yaml": "",
            "a.log": "",
            "kept.log": "",
            "only-here.yaml": "",
            "build/x.yaml": "",
            "deep/only-here.yaml": "",
            "deep/.gitignore": "!b.log\nprivate.yaml\n",
            "deep/b.log": "",
            "deep/private.yaml": "",
        },
    )

    seen = [name for name in _names(tmp_path) if not name.endswith(".gitignore")]

    assert seen == ["a.yaml", "deep/b.log", "deep/only-here.yaml", "kept.log"]
    assert "build/x.yaml" in _names(tmp_path, gitignore=False)


def test_gitignore_of_the_repository_above(tmp_path: Path) -> None:
    """A folder inside a repository obeys the rules of the folders above it, up to the repository's root."""
    _write(
        tmp_path,
        {
            ".gitignore": "*.yaml",
            "repo/.gitignore": "secret.yaml",
            "repo/deploy/a.yaml": "",
            "repo/deploy/secret.yaml": "",
        },
    )
    (tmp_path / "repo" / ".git").mkdir()

    assert _names(tmp_path / "repo" / "deploy") == ["a.yaml"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["*.yaml", "/a", "a/", "!a/x.yaml", "b/**", "**/x.yaml", "!*.yml", "# c", "", "a/*.y?l", "*"]),
        max_size=4,
    )
)
def test_agrees_with_git(tmp_path_factory, patterns: list[str]) -> None:  # type: ignore[no-untyped-def]
    """What is read is what `git ls-files` would add."""
    root = tmp_path_factory.mktemp("repo")
    files = ["a/x.yaml", "a/y.yml", "b/a/x.yaml", "b/z.yaml", "x.yaml", "c.txt"]
    _write(root, dict.fromkeys(files, "") | {".gitignore": "\n".join(patterns) + "\n"})
    git = ["git", "-c", "core.excludesFile=/dev/null", "-C", str(root)]
    subprocess.run([*git, "init", "-q"], check=True)
    listed = subprocess.run(
        [*git, "ls-files", "--others", "--exclude-standard"], check=True, capture_output=True, text=True
    ).stdout.split()

    assert sorted(listed) == sorted(_names(root))


def test_a_deep_tree_is_read_to_its_bottom(tmp_path: Path) -> None:
    """Folders inside each other, more of them than a program may have calls, hide no file."""
    way = [tmp_path / "a"]
    for _ in range(1200):
        way.append(way[-1] / "a")
    for folder in way:
        folder.mkdir()
    (way[-1] / "x.yaml").touch()

    seen = _names(tmp_path)

    (way[-1] / "x.yaml").unlink()  # what removes the folders of tests goes down by calls
    for folder in reversed(way):
        folder.rmdir()
    assert seen == ["a/" * 1201 + "x.yaml"]


def test_links_and_special_files(tmp_path: Path) -> None:
    """Links are not followed, loops and FIFOs are named, and the rest is listed."""
    _write(tmp_path, {"tree/a.yaml": "", "outside.yaml": ""})
    tree = tmp_path / "tree"
    (tree / "out").symlink_to(tmp_path / "outside.yaml")
    (tree / "loop").symlink_to(tree / "loop")
    (tree / "up").symlink_to(tmp_path)
    os.mkfifo(tree / "pipe.yaml")

    result = walk(tree, "tree", gitignore=True)

    assert [name for name, _ in result.files] == ["tree/a.yaml"]
    assert {(s.path, s.reason, s.problem) for s in result.skipped} == {
        ("tree/out", Reason.SYMLINK, False),
        ("tree/up", Reason.SYMLINK, False),
        ("tree/loop", Reason.SYMLINK, True),
        ("tree/pipe.yaml", Reason.SPECIAL, True),
    }
