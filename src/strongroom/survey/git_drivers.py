"""How Git merges and shows encrypted files: its configuration and ``.gitattributes``, put in and taken out.

Git runs our merge driver and our ``textconv`` for the files that ``.gitattributes`` names
(https://git-scm.com/docs/gitattributes). Where the Python that they were set up with is gone, or the driver fails,
Git's own merge is made and called a conflict: a driver that merely fails would leave our side in the file as if it were
the result.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from strongroom.errors import SourceError
from strongroom.survey.hooks import Repository, Step, attribute_pattern, file_text, write_text
from strongroom.survey.staged import git

NOTE = "# strongroom: encrypted files are merged value by value, and their diffs show no ciphertext"
_ATTRIBUTES = "merge=strongroom diff=strongroom"
_SECTIONS = ("merge.strongroom", "diff.strongroom")
_INFIXES = (".enc.", ".sops.", ".encrypted.")
_MARKS = (b"ENC[AES256_GCM,", b"sops")
_LARGEST = 4 << 20

MERGE_CONFLICT = 9
"""The exit code of ``strongroom file merge --driver`` where conflicts are left; no failure of Python has it."""


def settings(python: str = sys.executable, *, reveal: bool = False) -> dict[str, str]:
    """Return the configuration of Git that makes it use us.

    Args:
        python: the interpreter that we are installed for; ``-P`` keeps it from importing what a repository holds.
        reveal: diffs show values, not what stands for them.
    """
    there, run = f"test -x {shlex.quote(python)}", f"{shlex.quote(python)} -P -m strongroom file"
    # Python itself ends with 1 where we are not installed in it any more.
    merge = f"{there} && {run} merge --driver -- %O %A %B %P; code=$?; test $code = 0 && exit 0"
    merge = f"{merge}; test $code = {MERGE_CONFLICT} && exit 1"
    show = f'{there} && {run} textconv {"--reveal " if reveal else ""}-- "$1" || cat -- "$1"'
    return {
        "merge.strongroom.name": "encrypted files, value by value",
        "merge.strongroom.driver": f"{merge}; git merge-file -q %A %O %B; exit 1",
        # Of several common ancestors Git merges one itself; a conflict in it must not look like a file.
        "merge.strongroom.recursive": "binary",
        "diff.strongroom.textconv": f"sh -c {shlex.quote(show)} --",
        # What a cache holds lies in the repository's notes, and may be pushed.
        "diff.strongroom.cachetextconv": "false",
    }


def installing(
    where: Repository, patterns: Sequence[str], *, reveal: bool = False, python: str = sys.executable
) -> list[Step]:
    """Return the steps that set up the drivers; none where all is as it should be.

    Raises:
        SourceError: the configuration or ``.gitattributes`` cannot be read.
    """
    there = _configured(where.top)
    steps = [
        Step(f"set {key} in the configuration of this repository", partial(_set, where.top, key, value))
        for key, value in settings(python, reveal=reveal).items()
        if there.get(key) != value
    ]
    attributes = where.top / ".gitattributes"
    text = file_text(attributes) or ""
    lines = [line for pattern in patterns if (line := f"{pattern} {_ATTRIBUTES}") not in text.splitlines()]
    if lines:
        added = with_lines(text, lines)
        names = ", ".join(line.split(" ")[0] for line in lines)
        steps.append(Step(f"name {names} in {attributes}", partial(write_text, attributes, added, None)))
    return steps


def uninstalling(where: Repository) -> list[Step]:
    """Return the steps that take the drivers out.

    Raises:
        SourceError: the configuration or ``.gitattributes`` cannot be read.
    """
    there = _configured(where.top)
    steps = [
        Step(f"remove {section} from the configuration of this repository", partial(_remove, where.top, section))
        for section in _SECTIONS
        if any(key.startswith(f"{section}.") for key in there)
    ]
    attributes = where.top / ".gitattributes"
    text = file_text(attributes) or ""
    left = without_lines(text)
    if left != text:
        remove = partial(write_text, attributes, left, None) if left.strip() else attributes.unlink
        steps.append(Step(f"remove our lines about encrypted files from {attributes}", remove))
    return steps


def with_lines(text: str, lines: Sequence[str]) -> str:
    """Return ``.gitattributes`` with lines below our note, which is added where it is not there."""
    have = text.splitlines()
    if NOTE in have:
        at = have.index(NOTE) + 1
        while at < len(have) and have[at].endswith(_ATTRIBUTES):
            at += 1
        have[at:at] = lines
    else:
        have += [NOTE, *lines]
    return "\n".join(have) + "\n"


def without_lines(text: str) -> str:
    """Return ``.gitattributes`` without our note and the lines below it that are ours."""
    lines = text.splitlines(keepends=True)
    at = next((number for number, line in enumerate(lines) if line.strip() == NOTE), None)
    if at is None:
        return text
    end = at + 1
    while end < len(lines) and lines[end].rstrip().endswith(_ATTRIBUTES):
        end += 1
    return "".join(lines[:at] + lines[end:])


def patterns_of(top: Path) -> list[str]:
    """Return patterns of gitattributes for the files of a working tree that are encrypted."""
    from strongroom.sources.tree import walk

    files = walk(top, "", gitignore=True).files
    return patterns((name for name, path in files if _encrypted(path)), [name for name, _ in files])


def patterns(encrypted: Iterable[str], files: Sequence[str]) -> list[str]:
    """Return patterns for encrypted files that hold for those to come, and for no file that is there in plain.

    A name like ``db.enc.yaml`` stands for all of its kind (``*.enc.yaml``); else the files of a folder with the same
    suffix stand together, where all of them are encrypted; else each for itself.
    """
    names = set(encrypted)
    plain = [name for name in files if name not in names]
    found: dict[str, None] = {}
    for name in sorted(names):
        found.setdefault(next(one for one in _wider(name) if not any(_covers(one, other) for other in plain)))
    return [_escaped(pattern) for pattern in found]


def _wider(name: str) -> list[str]:
    """Return what may stand for a file, the widest first; the last one is the file itself."""
    path = PurePosixPath(name)
    infix = next((one for one in _INFIXES if one in path.name), "")
    wide = [f"*{infix}{path.name.rpartition(infix)[2]}"] if infix else []
    folder = "" if str(path.parent) == "." else f"{path.parent}/"
    return [*wide, *([f"/{folder}*{path.suffix}"] if path.suffix and folder else []), f"/{name}"]


def _covers(pattern: str, name: str) -> bool:
    """Tell whether one of our patterns holds for a file: ``*.enc.yaml``, ``/folder/*.yaml``, ``/folder/file``."""
    path = PurePosixPath(name)
    head, star, tail = pattern.partition("*")
    if not star:
        return f"/{name}" == pattern
    return path.name.endswith(tail) and (not head or f"/{path.parent}/" == head)


def _escaped(pattern: str) -> str:
    head, star, tail = pattern.partition("*") if pattern.startswith("*") or "/*." in pattern else (pattern, "", "")
    return f"{attribute_pattern(head)}{star}{attribute_pattern(tail)}"


def _encrypted(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST)
    except OSError:
        return False  # it cannot be merged either
    return all(mark in data for mark in _MARKS)


def _configured(top: Path) -> dict[str, str]:
    listed = git("config", "--local", "--list", "-z", folder=top).decode("utf-8", "surrogateescape")
    pairs = (entry.partition("\n") for entry in listed.split("\0") if entry)
    return {key: value for key, _, value in pairs if key.startswith(tuple(f"{one}." for one in _SECTIONS))}


def _set(top: Path, key: str, value: str) -> None:
    git("config", "--local", "--replace-all", key, value, folder=top)


def _remove(top: Path, section: str) -> None:
    try:
        git("config", "--local", "--remove-section", section, folder=top)
    except SourceError:
        if any(key.startswith(f"{section}.") for key in _configured(top)):
            raise
