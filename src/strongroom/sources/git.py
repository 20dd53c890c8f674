"""A Git repository, read with ``git``'s plumbing so that nothing in it can run.

A repository may be hostile: its configuration names programs (``core.fsmonitor``, ``diff.*.textconv``,
``gpg.program``, ``core.sshCommand``, ``remote.*.uploadpack``), and its hooks are programs. The commands used here are
``rev-parse``, ``rev-list``, ``diff-tree``, ``diff-index --cached``, ``ls-tree`` and ``cat-file``, which run none of the
first three and no hook; no transport is allowed, so that a missing object of a partial clone is not fetched; the
configuration of the user and of the system is not read; objects are read as they are, without replacements. The
folder of the repository is always given, which is why Git's check of its owner (``safe.directory``) does not apply:
what it protects from is switched off.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from strongroom.errors import SourceError, UsageError

_CONFIG = (
    ("core.fsmonitor", "false"),
    ("core.hooksPath", os.devnull),
    ("core.pager", "cat"),
    ("core.alternateRefsCommand", "false"),
    ("core.bigFileThreshold", "32m"),  # larger objects are streamed, not held
    ("core.multiPackIndex", "true"),
    ("diff.external", ""),
    ("log.showSignature", "false"),
    ("protocol.allow", "never"),
)
_LONGEST_LINK = 4096


class Repository:
    """A repository that was found; see `find`.

    Attributes:
        git_dir: the folder that holds its objects, or that of a linked worktree.
        top: the folder of its files; that of a bare repository is its own.
        within: what of it was named, relative to ``top``, with ``/``; empty for all of it.
        shallow: older commits were left out when it was cloned.
    """

    def __init__(self, git_dir: Path, top: Path, within: str) -> None:
        self.git_dir = git_dir
        self.top = top
        self.within = within

    @property
    def shallow(self) -> bool:
        """True where older commits were left out when it was cloned."""
        return (self.git_dir / "shallow").is_file() or (_common(self.git_dir) / "shallow").is_file()

    def run(self, *words: str, index: str = "") -> tuple[int, bytes]:
        """Run a command of ``git``; return its exit code and what it printed."""
        with self.start(*words, index=index) as process:
            out, _ = process.communicate()
        return process.returncode, out

    @contextlib.contextmanager
    def start(
        self, *words: str, stdin: int | IO[bytes] = subprocess.DEVNULL, index: str = ""
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start a command of ``git``; it is ended with the block.

        Raises:
            SourceError: ``git`` is not installed.
        """
        command = ("git", "--no-pager", "--no-replace-objects", "--literal-pathspecs", f"--git-dir={self.git_dir}")
        try:
            process = subprocess.Popen(
                [*command, *words],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=1 << 20,
                env=_environment(index),
                cwd=self.top,
            )
        except FileNotFoundError:
            raise SourceError("git is not installed", hint="install git, or scan the files alone") from None
        try:
            yield process
        except BaseException:
            # A thread that writes holds the pipe until nobody reads it any more: closing it first would wait for ever.
            process.kill()
            raise
        finally:
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
            if process.poll() is None:
                process.terminate()
            process.wait()

    def commit(self, revision: str) -> str:
        """Return the id of a commit that a user names.

        Raises:
            UsageError: there is none.
        """
        code, out = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if code:
            raise UsageError(f"{revision} is no commit of this repository", hint="git log lists them")
        return out.decode("ascii").strip()

    def has_commits(self) -> bool:
        """Tell whether HEAD names a commit."""
        return self.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")[0] == 0

    def __repr__(self) -> str:
        return f"Repository({self.git_dir})"


def find(path: str) -> Repository:
    """Return the repository that holds a path: a folder of it, its ``.git``, or a bare one.

    Raises:
        SourceError: there is none, or its ``.git`` leads to a place that knows nothing of it.
    """
    named = Path(path)
    if not named.exists():
        raise SourceError(f"{path} does not exist", hint="name a folder of a repository")
    start = Path(os.path.abspath(named))  # noqa: PTH100 - resolve() would follow links
    for folder in (start, *start.parents):
        link = folder / ".git"
        if link.is_dir() and _is_git_dir(link):
            return Repository(_own(link), folder, _within(start, folder))
        if link.is_file():
            return Repository(_linked(link), folder, _within(start, folder))
        if _is_git_dir(folder):
            top = folder.parent if folder.name == ".git" else folder
            return Repository(_own(folder), top, "")
    raise SourceError(f"{path} is in no Git repository", hint="without --history or --staged, scan reads plain files")


def _environment(index: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    pairs: dict[str, str] = {}
    for number, (key, value) in enumerate(_CONFIG):
        pairs |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return {
        **kept,
        **pairs,
        **({"GIT_INDEX_FILE": index} if index else {}),
        "GIT_CONFIG_COUNT": str(len(_CONFIG)),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ADVICE": "0",
        "HOME": os.devnull,
        "LC_ALL": "C",
    }


def _is_git_dir(folder: Path) -> bool:
    """As Git's own ``is_git_directory``: HEAD, and objects and refs here or where ``commondir`` says."""
    if not ((folder / "HEAD").is_file() or (folder / "HEAD").is_symlink()):
        return False
    common = _common(folder)
    return (common / "objects").is_dir() and (common / "refs").is_dir()


def _own(folder: Path) -> Path:
    """Return a repository's own folder.

    Raises:
        SourceError: it says that its objects are those of another one.
    """
    if (folder / "commondir").exists() and not _is_worktree(folder):
        raise SourceError(f"{folder} borrows from another repository", hint="name that repository instead")
    return folder


def _linked(link: Path) -> Path:
    """Return the folder that a ``.git`` file leads to: of a linked worktree or of a submodule.

    Raises:
        SourceError: it leads to neither: to follow it would show somebody else's repository.
    """
    target = _read_link(link, "gitdir: ")
    if target is not None and _is_git_dir(target):
        back = _read_link(target / "gitdir", "")
        if _is_worktree(target) and back is not None and _same(back, link):
            return target
        modules = [folder / ".git" / "modules" for folder in link.parent.parents]
        if any(target.resolve().is_relative_to(folder.resolve()) for folder in modules if folder.is_dir()):
            return _own(target)
        if target.resolve().is_relative_to(link.parent.resolve()):
            return _own(target)
    raise SourceError(f"{link} leads out of its folder", hint="name the repository that is meant")


def _is_worktree(folder: Path) -> bool:
    return folder.parent.name == "worktrees" and _same(_common(folder), folder.parent.parent)


def _common(folder: Path) -> Path:
    return _read_link(folder / "commondir", "") or folder


def _read_link(file: Path, lead: str) -> Path | None:
    try:
        with file.open("rb") as stream:
            text = os.fsdecode(stream.read(_LONGEST_LINK)).rstrip("\r\n")
    except OSError:
        return None
    if not text.startswith(lead) or "\0" in text:
        return None
    return file.parent / text[len(lead) :]


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _within(path: Path, top: Path) -> str:
    relative = path.relative_to(top).as_posix()
    return "" if relative == "." else relative


def words_of(output: bytes) -> Sequence[bytes]:
    """Cut what a command printed with ``-z``."""
    return output.split(b"\0")[:-1]
