"""Finding repositories, and running nothing of theirs."""

from __future__ import annotations

import contextlib
import shutil
import stat
import subprocess
import threading
from pathlib import Path
from typing import IO, NoReturn

import pytest
from tests.sources.repositories import Repository, token

from strongroom.errors import SourceError, UsageError
from strongroom.sources import git
from strongroom.sources.git_history import History, Scope
from strongroom.sources.git_index import contents, staged


def _versions(found: git.Repository) -> dict[str, bytes | None]:
    scope = Scope((found.commit("HEAD"),))
    return {version.path: version.data for version in History(found, scope, largest=1 << 20).versions()}


def test_a_folder_inside_a_repository_is_that_part_of_it(tmp_path: Path) -> None:
    """A path below the top is found with what it is there; the history is that of this part alone."""
    repository = Repository(tmp_path / "r")
    repository.commit({"a/one.txt": "1\n", "b/two.txt": "2\n"})

    found = git.find(str(tmp_path / "r" / "a"))

    assert (found.top, found.within) == (tmp_path / "r", "a")
    assert _versions(found) == {"a/one.txt": b"1\n"}


def test_a_bare_repository_is_read(tmp_path: Path) -> None:
    """A bare clone gives the same versions as the repository that it was made of."""
    repository = Repository(tmp_path / "r")
    repository.commit({"one.txt": "1\n"})
    repository.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))

    assert _versions(git.find(str(tmp_path / "bare.git"))) == {"one.txt": b"1\n"}


def test_a_linked_worktree_is_read(tmp_path: Path) -> None:
    """A linked worktree has a `.git` file that leads out of its folder to a repository that knows it: it is followed."""
    repository = Repository(tmp_path / "r")
    repository.commit({"one.txt": "1\n"})
    repository.git("worktree", "add", "-q", str(tmp_path / "w"))

    assert _versions(git.find(str(tmp_path / "w"))) == {"one.txt": b"1\n"}


def test_a_git_file_that_leads_to_somebody_else_is_refused(tmp_path: Path) -> None:
    """A `.git` file that names a repository which knows nothing of the folder is an error, not a reading of it."""
    Repository(tmp_path / "private").commit({"one.txt": "1\n"})
    (tmp_path / "bait").mkdir()
    (tmp_path / "bait" / ".git").write_text(f"gitdir: {tmp_path}/private/.git\n")

    with pytest.raises(SourceError, match="leads out of its folder"):
        git.find(str(tmp_path / "bait"))


def test_a_repository_that_borrows_all_objects_is_refused(tmp_path: Path) -> None:
    """A `commondir` in an ordinary `.git` folder would show another repository: it is an error."""
    Repository(tmp_path / "private").commit({"one.txt": "1\n"})
    bait = tmp_path / "bait" / ".git"
    bait.mkdir(parents=True)
    (bait / "HEAD").write_text("ref: refs/heads/main\n")
    (bait / "commondir").write_text(f"{tmp_path}/private/.git\n")

    with pytest.raises(SourceError, match="borrows"):
        git.find(str(tmp_path / "bait"))


@pytest.mark.parametrize(
    "text", ["", "gitdir: \n", "gitdir: nowhere\n", "gitdir: a\0b\n", "gitdir: .git\n", "\xff" * 9]
)
def test_a_git_file_that_leads_nowhere_is_refused(tmp_path: Path, text: str) -> None:
    """A `.git` file that names no repository is an error."""
    (tmp_path / ".git").write_text(text)

    with pytest.raises(SourceError):
        git.find(str(tmp_path))


def test_a_submodule_is_a_repository_of_its_own(tmp_path: Path) -> None:
    """The history of a superproject names its submodules and does not read them; each is read where it is named."""
    Repository(tmp_path / "part").commit({"inner.txt": "i\n"})
    whole = Repository(tmp_path / "whole")
    whole.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(tmp_path / "part"), "sub")
    whole.commit({"outer.txt": "o\n"})

    found = git.find(str(tmp_path / "whole"))
    history = History(found, Scope((found.commit("HEAD"),)), largest=1 << 20)
    paths = {version.path for version in history.versions()}

    assert paths == {".gitmodules", "outer.txt"}
    assert history.submodules == {"sub"}
    assert set(_versions(git.find(str(tmp_path / "whole" / "sub")))) == {"inner.txt"}


def test_nothing_of_the_repository_runs(tmp_path: Path) -> None:
    """Programs that a hostile configuration, its attributes and its hooks name are not run by any reading."""
    repository = Repository(tmp_path / "r")
    first = repository.commit({"one.txt": "1\n", ".gitattributes": "* diff=evil filter=evil merge=evil\n"})
    repository.commit({"one.txt": "2\n"})
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(trap.stat().st_mode | stat.S_IXUSR)
    for name in (
        "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.alternateRefsCommand", "diff.external",
        "diff.evil.textconv", "diff.evil.command", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process",
        "gpg.program", "credential.helper", "remote.origin.uploadpack", "uploadpack.packObjectsHook", "log.showSignature",
    ):  # fmt: skip
        repository.git("config", name, "true" if name.startswith("log") else str(trap))
    repository.git("config", "remote.origin.url", f"ext::{trap}")
    repository.git("config", "remote.origin.promisor", "true")
    repository.git("config", "extensions.partialClone", "origin")
    repository.git("config", "core.repositoryFormatVersion", "1")
    for hook in ("post-index-change", "reference-transaction", "pre-commit", "fsmonitor-watchman", "post-checkout"):
        shutil.copy(trap, tmp_path / "r" / ".git" / "hooks" / hook)
    blob = repository.git("rev-parse", f"{first}:one.txt")
    (tmp_path / "r" / ".git" / "objects" / blob[:2] / blob[2:]).unlink()  # a missing object of a "partial clone"
    repository.write("one.txt", "3\n")

    found = git.find(str(tmp_path / "r"))
    assert _versions(found)["one.txt"] is None
    list(contents(found, [file.new for file in staged(found)], 1 << 20))
    History(found, Scope(()), largest=1).at_tip(found.commit("HEAD"))

    assert not (tmp_path / "sprung").exists()


def test_a_revision_that_looks_like_an_option_is_none(tmp_path: Path) -> None:
    """What a user names as a revision is never taken for an option of git."""
    repository = Repository(tmp_path / "r")
    repository.commit({"one.txt": "1\n"})

    with pytest.raises(UsageError):
        git.find(str(tmp_path / "r")).commit(f"--output={tmp_path}/written")
    assert not (tmp_path / "written").exists()


def test_a_path_outside_of_any_repository_is_refused(tmp_path: Path) -> None:
    """A folder that is in no repository is an error with a hint."""
    with pytest.raises(SourceError, match="in no Git repository"):
        git.find(str(tmp_path))


def test_the_index_holds_what_is_about_to_be_committed(tmp_path: Path) -> None:
    """Staged contents come from the index, not from the working tree; deletions and links are left out."""
    repository = Repository(tmp_path / "r")
    repository.commit({"old.txt": "old\n", "gone.txt": "gone\n"})
    repository.write("new.txt", f"{token()}\n")
    (tmp_path / "r" / "link").symlink_to("new.txt")
    (tmp_path / "r" / "gone.txt").unlink()
    repository.git("add", "-A")
    repository.write("new.txt", "changed since\n")

    found = git.find(str(tmp_path / "r"))
    files = staged(found)

    assert [file.path for file in files] == ["new.txt"]
    assert [v.data for v in contents(found, [f.new for f in files], 1 << 20)] == [f"{token()}\n".encode()]


def test_an_index_before_the_first_commit_is_read(tmp_path: Path) -> None:
    """Without any commit, everything in the index is about to be committed."""
    repository = Repository(tmp_path / "r")
    repository.write("new.txt", "1\n")
    repository.git("add", "-A")

    assert [file.path for file in staged(git.find(str(tmp_path / "r")))] == ["new.txt"]


def test_an_interruption_ends_what_nobody_reads_any_more(tmp_path: Path) -> None:
    """Where the reader stops while a thread still writes into a full pipe, the program is ended all the same."""
    repository = Repository(tmp_path / "r")
    repository.commit({"large.txt": "x" * 200_000})
    found = git.find(str(tmp_path / "r"))
    ended = threading.Event()

    def interrupted() -> None:
        try:
            with found.start("cat-file", "--batch", "--buffer", stdin=subprocess.PIPE) as process:
                threading.Thread(target=_fill, args=(process.stdin,), daemon=True).start()
                assert process.stdout is not None
                process.stdout.readline()
                _interrupt()
        except KeyboardInterrupt:
            ended.set()

    threading.Thread(target=interrupted, daemon=True).start()
    assert ended.wait(60)


def _interrupt() -> NoReturn:
    raise KeyboardInterrupt


def _fill(stream: IO[bytes] | None) -> None:
    assert stream is not None
    with contextlib.suppress(OSError, ValueError):  # its reader is gone, or it was closed
        for _ in range(20_000):
            stream.write(b"HEAD:large.txt\n" * 100)
