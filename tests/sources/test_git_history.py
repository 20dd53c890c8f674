"""Every version of a history, each once, and what commits did with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sources.repositories import Repository

from strongroom.sources import git
from strongroom.sources.git_history import History, Scope
from strongroom.sources.git_objects import Version


def _read(
    folder: Path, *, since: str = "", all_refs: bool = False, largest: int = 1 << 20
) -> tuple[History, list[Version]]:
    found = git.find(str(folder))
    history = History(found, Scope((found.commit("HEAD"),), all_refs, since), largest=largest)
    return history, list(history.versions())


def test_each_content_comes_once(tmp_path: Path) -> None:
    """A content that stands in several files and commits is given once, and its changes name all of them."""
    repository = Repository(tmp_path)
    first = repository.commit({"a.txt": "same\n", "b.txt": "same\n"})
    second = repository.commit({"a.txt": "other\n"})
    third = repository.commit({"c.txt": "same\n"})

    history, versions = _read(tmp_path)

    assert sorted(v.data or b"" for v in versions) == [b"other\n", b"same\n"]
    number = next(v.number for v in versions if v.data == b"same\n")
    brought = [(history.commits[c.commit], c.path) for c in history.changes([number]) if c.new == number]
    assert brought == [(third, "c.txt"), (first, "a.txt"), (first, "b.txt")]
    assert [history.commits[c.commit] for c in history.changes([number]) if c.old == number] == [second]


def test_what_only_a_merge_brings_in_is_read(tmp_path: Path) -> None:
    """A content that neither parent of a merge has is found."""
    repository = Repository(tmp_path)
    repository.commit({"a.txt": "1\n"})
    repository.git("checkout", "-q", "-b", "side")
    repository.commit({"a.txt": "side\n"})
    repository.git("checkout", "-q", "main")
    repository.commit({"a.txt": "main\n"})
    repository.git("merge", "-q", "-s", "ours", "--no-commit", "side")
    repository.commit({"a.txt": "of the merge alone\n"})

    _, versions = _read(tmp_path)

    assert {v.data for v in versions} == {b"1\n", b"side\n", b"main\n", b"of the merge alone\n"}


def test_a_part_of_the_history_is_what_is_newer_than_a_revision(tmp_path: Path) -> None:
    """With a commit to start behind, only what came later is read."""
    repository = Repository(tmp_path)
    first = repository.commit({"a.txt": "1\n"})
    repository.commit({"a.txt": "2\n"})

    assert [v.data for v in _read(tmp_path, since=first)[1]] == [b"2\n"]


def test_all_refs_are_all_branches(tmp_path: Path) -> None:
    """Contents of another branch are read where all refs are asked for, and only there."""
    repository = Repository(tmp_path)
    repository.commit({"a.txt": "1\n"})
    repository.git("checkout", "-q", "-b", "side")
    repository.commit({"b.txt": "2\n"})
    repository.git("checkout", "-q", "main")

    assert {v.data for v in _read(tmp_path)[1]} == {b"1\n"}
    assert {v.data for v in _read(tmp_path, all_refs=True)[1]} == {b"1\n", b"2\n"}


def test_a_broken_object_is_passed_over(tmp_path: Path) -> None:
    """Objects that are damaged or missing come without contents; those behind them are still read."""
    repository = Repository(tmp_path)
    repository.commit({f"{n}.txt": f"{n}\n" for n in range(9)})
    for n, damage in ((3, "cut"), (5, "gone")):
        blob = repository.git("rev-parse", f"HEAD:{n}.txt")
        file = tmp_path / ".git" / "objects" / blob[:2] / blob[2:]
        file.chmod(0o600)
        if damage == "cut":
            file.write_bytes(b"no object")
        else:
            file.unlink()

    _, versions = _read(tmp_path)

    assert {v.path: v.data for v in versions} == {
        f"{n}.txt": None if n in (3, 5) else f"{n}\n".encode() for n in range(9)
    }
    assert {v.size for v in versions if v.data is None} == {-1}


def test_a_broken_commit_is_said(tmp_path: Path) -> None:
    """Where a commit of the past cannot be read, the reading says that it is not whole."""
    repository = Repository(tmp_path)
    first = repository.commit({"a.txt": "1\n"})
    repository.commit({"a.txt": "2\n"})
    repository.commit({"a.txt": "3\n"})
    (tmp_path / ".git" / "objects" / first[:2] / first[2:]).unlink()

    history, _ = _read(tmp_path)

    assert history.broken


def test_a_large_object_is_not_held(tmp_path: Path) -> None:
    """What is larger than the limit comes with its size and without contents, and what is behind it is read."""
    repository = Repository(tmp_path)
    repository.commit({"a.bin": b"x" * 5000, "b.txt": "2\n"})

    _, versions = _read(tmp_path, largest=1000)

    assert {(v.path, v.size, v.data) for v in versions} == {("a.bin", 5000, None), ("b.txt", 2, b"2\n")}


def test_a_shallow_clone_is_known_as_one(tmp_path: Path) -> None:
    """A shallow clone gives what it has, and says that it is one."""
    repository = Repository(tmp_path / "r")
    repository.commit({"a.txt": "1\n"})
    repository.commit({"a.txt": "2\n"})
    repository.git("clone", "-q", "--depth=1", f"file://{tmp_path}/r", str(tmp_path / "shallow"))

    history, versions = _read(tmp_path / "shallow")

    assert [v.data for v in versions] == [b"2\n"]
    assert git.find(str(tmp_path / "shallow")).shallow
    assert not history.broken


def test_hostile_names_stay_what_they_are(tmp_path: Path) -> None:
    """Names with line feeds, escapes and bytes that are not UTF-8 are given as they are."""
    repository = Repository(tmp_path)
    names = ["a\nb.txt", "\x1b[31m.txt", ":100644 x", os.fsdecode(b"\xff.txt"), "-rf"]
    repository.commit({name: f"{number}\n" for number, name in enumerate(names)})

    assert {v.path for v in _read(tmp_path)[1]} == set(names)


def test_facts_are_those_of_the_author(tmp_path: Path) -> None:
    """The facts of a commit are its author and date, with the author's time zone."""
    repository = Repository(tmp_path)
    first = repository.commit({"a.txt": "1\n"})
    history, _ = _read(tmp_path)

    fact = history.facts([first])[first]

    assert (fact.author, fact.date) == ("Ada", "2026-01-02T12:00:00+01:00")


def test_replaced_objects_are_read_as_they_were(tmp_path: Path) -> None:
    """A replacement cannot hide a content."""
    repository = Repository(tmp_path)
    repository.commit({"a.txt": "hidden\n"})
    repository.git(
        "replace", repository.git("rev-parse", "HEAD:a.txt"), repository.git("hash-object", "-w", "--stdin", stdin=b"x")
    )

    assert [v.data for v in _read(tmp_path)[1]] == [b"hidden\n"]


_STEPS = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "d/c"]), st.sampled_from(["1", "2", "3", None]), min_size=1),
    min_size=1,
    max_size=6,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_STEPS)
def test_no_version_is_lost(tmp_path_factory: pytest.TempPathFactory, steps: list[dict[str, str | None]]) -> None:
    """For any history, the contents are those that ``git rev-list --objects`` names."""
    folder = tmp_path_factory.mktemp("history")
    repository = Repository(folder)
    repository.commit({"start": "0"})
    for number, step in enumerate(steps):
        there = {name: text for name, text in step.items() if text is not None or (folder / name).exists()}
        repository.commit({**there, "count": str(number)})
    listed = repository.git("rev-list", "--objects", "HEAD", "--filter=object:type=blob", "--filter-provided-objects")

    _, versions = _read(folder)

    assert len(versions) == len(listed.split("\n"))
