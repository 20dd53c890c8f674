"""Walk a folder as Git sees it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

from strongroom.model.skipped import Reason, Skipped

_NEVER_ENTERED = frozenset({".git", ".hg", ".svn", "node_modules", ".terraform", ".venv", "__pycache__"})


@dataclass
class Walk:
    """The files of a tree, and what was passed over."""

    files: list[tuple[str, Path]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def walk(root: Path, shown_root: str, *, gitignore: bool) -> Walk:
    """List the regular files below a folder in a stable order.

    ``.gitignore`` files of the folder, of the folders below it and of those above it up to the repository's root are
    honoured as gitignore(5) says. Symbolic links are not followed: what they point to inside the tree is read where it
    stands, and what is outside was not asked for.

    Args:
        root: the folder.
        shown_root: the folder as reports show it.
        gitignore: False reads ignored files too.
    """
    result, root = Walk(), root.absolute()
    rules = _rules_above(root) if gitignore else ()
    _walk(root, shown_root, rules, gitignore, result)
    return result


@dataclass(frozen=True)
class _Rules:
    """One ``.gitignore``: patterns are relative to its folder."""

    folder: Path
    spec: GitIgnoreSpec


def _walk(folder: Path, shown: str, rules: tuple[_Rules, ...], gitignore: bool, result: Walk) -> None:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        result.skipped.append(Skipped(shown or ".", 0, 0, Reason.UNREADABLE, _why(error)))
        return
    if gitignore and any(entry.name == ".gitignore" for entry in entries):
        rules = (*rules, *_rules_of(folder))
    for entry in entries:
        path, name = Path(entry.path), f"{shown}/{entry.name}" if shown else entry.name
        directory = entry.is_dir(follow_symlinks=False)
        if directory and entry.name in _NEVER_ENTERED:
            continue
        if entry.is_symlink():
            result.skipped.append(_link(path, name))
        elif _ignored(path, directory, rules):
            result.skipped.append(Skipped(name, 0, 0, Reason.IGNORED, problem=False))
        elif directory:
            _walk(path, name, rules, gitignore, result)
        elif entry.is_file(follow_symlinks=False):
            result.files.append((name, path))
        else:
            result.skipped.append(Skipped(name, 0, 0, Reason.SPECIAL))


def _link(path: Path, shown: str) -> Skipped:
    try:
        exists = path.exists()
    except OSError:  # a loop of links
        exists = False
    detail = "" if exists else "its target does not exist or is itself"
    return Skipped(shown, 0, 0, Reason.SYMLINK, detail, problem=not exists)


def _ignored(path: Path, directory: bool, rules: tuple[_Rules, ...]) -> bool:
    # The rules nearest to the file decide (gitignore(5), "Patterns read from a .gitignore file").
    for rule in reversed(rules):
        relative = path.relative_to(rule.folder).as_posix() + ("/" if directory else "")
        decided = rule.spec.check_file(relative).include
        if decided is not None:
            return decided
    return False


def _rules_of(folder: Path) -> Iterator[_Rules]:
    try:
        text = (folder / ".gitignore").read_text(encoding="utf-8", errors="replace")
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
    return tuple(rule for folder in reversed(above) for rule in _rules_of(folder))


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
