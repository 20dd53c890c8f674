"""Every version of every file that a history holds, each content once.

``rev-list`` names the commits, ``diff-tree`` what each of them changed, ``cat-file`` gives the contents; they run
beside each other, and nothing of the repository is held but names: of each change four numbers.
"""

from __future__ import annotations

import contextlib
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import IO, NamedTuple

from strongroom.model.leak import CommitFact
from strongroom.sources.git import Repository
from strongroom.sources.git_objects import Objects, Version

_READ = 1 << 20
_NONE = -1
_REGULAR = b"100"  # 100644, 100755, 100664
_SUBMODULE = b"160000"


class Scope(NamedTuple):
    """Which part of a history is read: commits to start from (or all refs), and one whose past is left out."""

    starts: tuple[str, ...]
    all_refs: bool = False
    since: str = ""


class Change(NamedTuple):
    """One file in one commit: the numbers of the commit (0 is the newest), of its contents, and of those before."""

    commit: int
    path: str
    old: int
    new: int


class History:
    """One reading of a history: go through `versions` first; then it knows the changes.

    Args:
        repository: what is read.
        scope: which part of its history.
        largest: contents of more bytes are not held.
        wanted: tells by the id of an object (hexadecimal digits) whether its contents are read.

    Attributes:
        commits: ids, the newest first, no commit before its children.
        submodules: paths that are repositories of their own.
        broken: a commit or a tree could not be read, so that the rest is missing.
    """

    def __init__(
        self,
        repository: Repository,
        scope: Scope,
        *,
        largest: int,
        wanted: Callable[[bytes], bool] = lambda _: True,
    ) -> None:
        self.commits: list[str] = []
        self.submodules: set[str] = set()
        self.broken = False
        self._repository = repository
        self._scope = scope
        self._largest = largest
        self._wanted = wanted
        self._ids: dict[bytes, int] = {}
        self._asked = bytearray()
        self._paths: dict[bytes, int] = {}
        self._rows = (array("i"), array("i"), array("i"), array("i"))
        self._failure: BaseException | None = None

    def versions(self) -> Iterator[Version]:
        """Yield each content once, with the number that `changes` uses and the first path that it was met at.

        Raises:
            SourceError: ``git`` is not installed.
        """
        with Objects(self._repository, self._largest) as objects:
            thread = threading.Thread(target=self._enumerate, args=(objects,), daemon=True)
            thread.start()
            yield from objects.read()
            thread.join()
        if self._failure is not None:
            raise self._failure

    def ids(self, numbers: Iterable[int]) -> dict[int, str]:
        """Return the ids of the objects of these numbers."""
        wanted = frozenset(numbers)
        return {number: id_.hex() for id_, number in self._ids.items() if number in wanted}

    def numbers(self, ids: Iterable[str]) -> dict[str, int]:
        """Return the numbers of contents that this history brings in, by the ids of their objects."""
        found = ((id_, self._ids.get(bytes.fromhex(id_))) for id_ in ids)
        return {id_: number for id_, number in found if number is not None and self._asked[number]}

    def changes(self, numbers: Iterable[int]) -> Iterator[Change]:
        """Yield the changes that brought in or took away contents of these numbers, the newest first."""
        wanted = bytearray(len(self._ids) + 1)
        for number in numbers:
            wanted[number] = 1
        paths = list(self._paths)
        for commit, path, old, new in zip(*self._rows, strict=True):
            if wanted[old] or wanted[new]:
                yield Change(commit, shown(paths[path]), old, new)

    def facts(self, ids: Iterable[str]) -> dict[str, CommitFact]:
        """Return who made commits, and when."""
        return {one.id: fact for one in _commits(self._repository, ids) for fact in (_fact(one.id, one.data),)}

    def parents(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the first parent of commits that have one."""
        found = {}
        for one in _commits(self._repository, ids):
            lines = one.data.split(b"\n", 2)
            if len(lines) > 1 and lines[1].startswith(b"parent "):
                found[one.id] = lines[1][7:].decode("ascii", "replace")
        return found

    def at_tip(self, commit: str) -> set[int]:
        """Return the numbers of the contents that a commit's tree holds."""
        code, out = self._repository.run("ls-tree", "-r", "-z", "--full-tree", commit)
        self.broken |= code != 0
        ids = (entry.split(b"\t", 1)[0].split()[2] for entry in out.split(b"\0")[:-1])
        return {self._ids[raw] for raw in map(_raw, ids) if raw in self._ids}

    def _enumerate(self, objects: Objects) -> None:
        try:
            self._walk(objects)
        except BaseException as error:  # noqa: BLE001 - raised again by `versions`
            self._failure = error
        finally:
            objects.end()

    def _walk(self, objects: Objects) -> None:
        scope, within = self._scope, self._repository.within
        words = ["rev-list", "--date-order", *(["--all"] if scope.all_refs else []), *scope.starts]
        if scope.since:
            words.append(f"^{scope.since}")
        diff = ("diff-tree", "--stdin", "-r", "-c", "--root", "--raw", "--no-abbrev", "--no-renames", "-z")
        with (
            self._repository.start(*words) as commits,
            self._repository.start(*diff, *(["--", within] if within else []), stdin=_pipe(commits.stdout)) as process,
        ):
            if process.stdout is None or commits.stdout is None:
                raise AssertionError("both have pipes")
            commits.stdout.close()  # the other process holds it now
            self._take(process.stdout, objects)
            self.broken = process.wait() != 0 or commits.wait() != 0

    def _take(self, stream: IO[bytes], objects: Objects) -> None:
        change: list[bytes] | None = None
        for token in _tokens(stream):
            if change is not None:
                self._change(change, token, objects)
                change = None
            elif token.startswith(b":"):
                change = token.lstrip(b":").split(b" ")
            elif token:
                self.commits.append(token.decode("ascii"))

    def _change(self, change: list[bytes], path: bytes, objects: Objects) -> None:
        """Take ``mode… mode id… id status``: one old mode and id for each parent."""
        parents = (len(change) - 3) // 2
        mode, new = change[parents], change[-2]
        if mode == _SUBMODULE:
            self.submodules.add(shown(path))
        number = self._number(new) if mode.startswith(_REGULAR) else _NONE
        old = self._number(change[parents + 1]) if change[0].startswith(_REGULAR) else _NONE
        place = self._paths.setdefault(path, len(self._paths))
        for row, value in zip(self._rows, (len(self.commits) - 1, place, old, number), strict=True):
            row.append(value)
        if number != _NONE and not self._asked[number]:
            self._asked[number] = 1
            if self._wanted(new):
                objects.ask(new, number, shown(path))

    def _number(self, id_: bytes) -> int:
        number = self._ids.setdefault(_raw(id_), len(self._ids))
        if number == len(self._asked):
            self._asked.append(0)
        return number


def shown(path: bytes) -> str:
    """Return a path as text; bytes that are not UTF-8 are kept as Python keeps them in file names."""
    return path.decode("utf-8", "surrogateescape")


class _Commit(NamedTuple):
    id: str
    data: bytes


def _commits(repository: Repository, ids: Iterable[str]) -> Iterator[_Commit]:
    wanted = list(dict.fromkeys(ids))
    with Objects(repository, _READ) as objects:
        thread = threading.Thread(target=_ask_all, args=(objects, wanted), daemon=True)
        thread.start()
        for one in objects.read():
            if one.data is not None:
                yield _Commit(wanted[one.number], one.data)
        thread.join()


def _ask_all(objects: Objects, ids: list[str]) -> None:
    with contextlib.suppress(OSError):
        for number, id_ in enumerate(ids):
            objects.ask(id_.encode("ascii"), number, "")
    objects.end()


def _fact(id_: str, data: bytes) -> CommitFact:
    """Read the author's line of a commit: ``author NAME <MAIL> SECONDS ZONE`` (git-commit-tree(1))."""
    head = data.split(b"\n\n", 1)[0].decode("utf-8", "replace")
    line = next((line for line in head.split("\n") if line.startswith("author ")), "")
    who, _, when = line.removeprefix("author ").rpartition("> ")
    return CommitFact(id_, who.partition(" <")[0].strip(), _date(when))


def _date(text: str) -> str:
    from datetime import UTC, datetime, timedelta, timezone

    seconds, _, zone = text.partition(" ")
    try:
        sign = -1 if zone.startswith("-") else 1
        offset = timedelta(hours=sign * int(zone[1:3]), minutes=sign * int(zone[3:5])) if zone else timedelta()
        return datetime.fromtimestamp(int(seconds), UTC).astimezone(timezone(offset)).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return ""


def _tokens(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := stream.read(_READ):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole
    if rest:
        yield rest


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AssertionError("the process was started with a pipe")
    return stream


def _raw(id_: bytes) -> bytes:
    return bytes.fromhex(id_.decode("ascii"))
