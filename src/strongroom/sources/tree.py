"""Walk a folder as Git sees it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pathspec import GitIgnoreSpec

from strongroom.model.skipped import Reason, Skipped

_NEVER_ENTERED = frozenset({".git", ".hg", ".svn", "node_modules", ".terraform", ".venv", "__pycache__"})


@dataclass
class Walk:
    """The files of a tree, and what was passed over."""

    files: list[tuple[str, Path]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def walk(root: Path, shown_root: str, *, gitignore: bool) -> Walk:
    """List the regular files below a folder; see `names_below`.

    Args:
        root: the folder.
        shown_root: the folder as reports show it.
        gitignore: False reads ignored files too.
    """
    result, root = Walk(), root.absolute()
    for name in names_below(root, shown_root, result.skipped, gitignore=gitignore):
        result.files.append((joined(shown_root, name), root / name))
    return result


def names_below(root: Path, shown_root: str, skipped: list[Skipped], *, gitignore: bool) -> Iterator[str]:
    """Yield the names of the regular files below a folder, relative to it, in a stable order.

    ``.gitignore`` files of the folder, of the folders below it and of those above it up to the repository's root are
    honoured as gitignore(5) says. Symbolic links are not followed: what they point to inside the tree is read where it
    stands, and what is outside was not asked for.

    Names, not paths: a tree may hold a hundred thousand files, and to make that many paths takes seconds.

    Args:
        root: the folder.
        shown_root: the folder as reports show it.
        skipped: takes what is passed over.
        gitignore: False reads ignored files too.
    """
    tree = _Tree(str(root.absolute()), shown_root, gitignore, skipped)
    way = [_entries(tree, "", _rules_above(root.absolute()) if gitignore else ())]
    while way:
        entry = next(way[-1], None)
        if entry is None:
            way.pop()
        elif entry.rules is None:
            yield entry.name
        else:
            way.append(_entries(tree, entry.name, entry.rules))


def joined(folder: str, name: str) -> str:
    """Return the path of a name in a folder; an empty folder is the one where paths start."""
    return f"{folder.rstrip('/')}/{name}" if folder else name


@dataclass(frozen=True)
class _Tree:
    root: str
    shown: str
    gitignore: bool
    skipped: list[Skipped]


@dataclass(frozen=True)
class _Rules:
    """One ``.gitignore``: patterns are relative to its folder."""

    folder: str
    spec: GitIgnoreSpec


class _Entry(NamedTuple):
    """A file, or a folder and the rules that hold in it."""

    name: str
    rules: tuple[_Rules, ...] | None


def _entries(tree: _Tree, folder: str, rules: tuple[_Rules, ...]) -> Iterator[_Entry]:
    path = joined(tree.root, folder) if folder else tree.root
    try:
        with os.scandir(path) as found:
            entries = sorted(found, key=_name)
    except OSError as error:
        shown = joined(tree.shown, folder) if folder else tree.shown
        tree.skipped.append(Skipped(shown or ".", 0, 0, Reason.UNREADABLE, _why(error)))
        return
    if tree.gitignore and any(entry.name == ".gitignore" for entry in entries):
        rules = (*rules, *_rules_of(path))
    for entry in entries:
        name = f"{folder}/{entry.name}" if folder else entry.name
        directory = entry.is_dir(follow_symlinks=False)
        if directory and entry.name in _NEVER_ENTERED:
            continue
        if entry.is_symlink():
            tree.skipped.append(_link(entry.path, joined(tree.shown, name)))
        elif rules and _ignored(entry.path, directory, rules):
            tree.skipped.append(Skipped(joined(tree.shown, name), 0, 0, Reason.IGNORED, problem=False))
        elif directory:
            yield _Entry(name, rules)
        elif entry.is_file(follow_symlinks=False):
            yield _Entry(name, None)
        else:
            tree.skipped.append(Skipped(joined(tree.shown, name), 0, 0, Reason.SPECIAL))


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _link(path: str, shown: str) -> Skipped:
    exists = os.path.exists(path)  # noqa: PTH110 - no path is made of a name without need; false of a loop of links
    detail = "" if exists else "its target does not exist or is itself"
    return Skipped(shown, 0, 0, Reason.SYMLINK, detail, problem=not exists)


def _ignored(path: str, directory: bool, rules: tuple[_Rules, ...]) -> bool:
    # The rules nearest to the file decide (gitignore(5), "Patterns read from a .gitignore file").
    for rule in reversed(rules):
        relative = path[len(rule.folder.rstrip("/")) + 1 :]
        decided = rule.spec.check_file(f"{relative}/" if directory else relative).include
        if decided is not None:
            return decided
    return False


def _rules_of(folder: str) -> Iterator[_Rules]:
    try:
        text = Path(folder, ".gitignore").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    yield _Rules(folder, GitIgnoreSpec.from_lines(text.splitlines()))


def _rules_above(root: Path) -> tuple[_Rules, ...]:
    above: list[Path] = []
    for folder in root.parents:
        above.append(folder)
        if (folder / ".git").exists():
            break
    else:
        return ()
    if (root / ".git").exists():
        return ()
    return tuple(rule for folder in reversed(above) for rule in _rules_of(str(folder)))


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
