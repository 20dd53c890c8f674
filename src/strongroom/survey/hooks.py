"""Our Git hook beside whatever hook is there already: put in, taken out, nothing overwritten.

A hook that is there moves aside and is run first by ours. What is to be done is a list of steps that can be shown; each
is safe to repeat, so that an interrupted run is finished by the next.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from strongroom.errors import OutputError, SourceError, UsageError
from strongroom.survey.staged import git
from strongroom.writing import replace_file

MARK = "# strongroom: this hook was written by strongroom git install; strongroom git uninstall takes it out again."
ASIDE = "pre-commit.before-strongroom"
_HOOK = "pre-commit"
_ATTRIBUTE_NOTE = "# strongroom: branches that both add to the baseline merge"
_LARGEST = 1 << 20
_BLANKS = " \t\n\v\f\r"


class Step(NamedTuple):
    """One change: in words, and what does it."""

    words: str
    do: Callable[[], None]


class Repository(msgspec.Struct, frozen=True):
    """Where a repository keeps things.

    Attributes:
        top: the working tree.
        hooks: the folder of its hooks.
        shared: the folder of hooks lies outside, so that other repositories use it too.
    """

    top: Path
    hooks: Path
    shared: bool


def repository(folder: Path) -> Repository:
    """Find the repository that a folder is in; linked working trees and ``core.hooksPath`` are followed.

    Raises:
        SourceError: there is none, or it is bare.
    """
    top = _path(git("rev-parse", "--show-toplevel", folder=folder))
    common = _absolute(folder, _path(git("rev-parse", "--git-common-dir", folder=folder)))
    hooks = _absolute(folder, _path(git("rev-parse", "--git-path", "hooks", folder=folder)))
    inside = any(hooks.is_relative_to(one) for one in (top.resolve(), common))
    return Repository(top, hooks, not inside)


def script(baseline: str = "", key: str = "", python: str = sys.executable) -> str:
    """Return the hook. ``-P`` keeps Python from importing what the repository holds."""
    options = (f" --baseline {shlex.quote(baseline)}" if baseline else "") + (
        f" --fingerprint-key {shlex.quote(key)}" if key else ""
    )
    return f"""#!/bin/sh
{MARK}
before="$(dirname "$0")/{ASIDE}"
if [ -x "$before" ]; then
    "$before" "$@" || exit $?
fi
python={shlex.quote(python)}
if [ -x "$python" ]; then
    strongroom() {{ "$python" -P -m strongroom "$@"; }}
elif ! command -v strongroom >/dev/null; then
    echo "error: strongroom is not there any more, and the commit was not looked at" >&2
    echo "hint: install it again, or take the hook out: rm '$0'" >&2
    exit 1
fi
said=$(strongroom scan --staged{options} 2>&1) || {{ code=$?; printf '%s\n' "$said" >&2; exit $code; }}
said=$(strongroom git check-encrypted --staged 2>&1) || {{ code=$?; printf '%s\n' "$said" >&2; exit $code; }}
"""


def installing(where: Repository, text: str, baseline: str = "", *, shared: bool = False) -> list[Step]:
    """Return the steps that put the hook in; none where all is as it should be.

    Raises:
        UsageError: the hooks are those of other repositories too, or a hook moved aside earlier is in the way.
        SourceError: a hook cannot be read.
    """
    if where.shared and not shared:
        raise UsageError(
            f"core.hooksPath is {where.hooks}, which other repositories use too", hint="--shared installs there"
        )
    hook, aside = where.hooks / _HOOK, where.hooks / ASIDE
    there = file_text(hook)
    steps: list[Step] = []
    if there is not None and MARK not in there:
        if _exists(aside):
            raise UsageError(f"{aside} is there already, and so is another {_HOOK}", hint="move one of them away")
        steps.append(Step(f"move {hook} to {ASIDE}; it is run first", lambda: _move(hook, aside)))
    if there != text:
        steps.append(Step(f"write {hook}", lambda: write_text(hook, text, 0o755)))
    attributes = where.top / ".gitattributes"
    if baseline and (added := with_attribute(file_text(attributes) or "", baseline)) is not None:
        steps.append(
            Step(f"add '/{baseline} merge=union' to {attributes}", lambda: write_text(attributes, added, None))
        )
    return steps


def installed(where: Repository) -> bool:
    """Tell whether our hook is there."""
    return MARK in (file_text(where.hooks / _HOOK) or "")


def uninstalling(where: Repository, *, shared: bool = False) -> list[Step]:
    """Return the steps that take the hook out and put back what was there before.

    Raises:
        UsageError: there is no hook of ours, or another program put its own in the place.
        SourceError: a hook cannot be read.
    """
    if where.shared and not shared:
        raise UsageError(
            f"core.hooksPath is {where.hooks}, which other repositories use too", hint="--shared uninstalls there"
        )
    hook, aside = where.hooks / _HOOK, where.hooks / ASIDE
    there = file_text(hook)
    if there is not None and MARK not in there:
        hint = f"{aside} holds what was there before" if _exists(aside) else ""
        raise UsageError(f"{hook} was not written by strongroom", hint=hint)
    if there is None and not _exists(aside):
        raise UsageError(f"there is no hook of strongroom's in {where.hooks}")
    steps = [Step(f"remove {hook}", hook.unlink)] if there is not None else []
    if _exists(aside):
        steps = [Step(f"move {aside} back to {_HOOK}", lambda: _move(aside, hook))]
    attributes = where.top / ".gitattributes"
    text = file_text(attributes)
    if text is not None and (left := without_attribute(text)) != text:
        what = (lambda: write_text(attributes, left, None)) if left.strip() else attributes.unlink
        steps.append(Step(f"remove our line from {attributes}", what))
    return steps


def with_attribute(text: str, baseline: str) -> str | None:
    """Return ``.gitattributes`` with the line by which branches merge the baseline; None where it has it."""
    line = f"/{attribute_pattern(baseline)} merge=union"
    if line in text.splitlines():
        return None
    start = f"{text.rstrip(chr(10))}\n" if text.strip() else ""
    return f"{start}{_ATTRIBUTE_NOTE}\n{line}\n"


def without_attribute(text: str) -> str:
    """Return ``.gitattributes`` without our note and the line behind it."""
    lines = text.splitlines(keepends=True)
    at = next((number for number, line in enumerate(lines) if line.strip() == _ATTRIBUTE_NOTE), None)
    return text if at is None else "".join(lines[:at] + lines[at + 2 :])


def attribute_pattern(path: str) -> str:
    """Return a path as a pattern of gitattributes, on one line whatever the path holds."""
    escaped = "".join(f"\\{char}" if char in "*?[\\" else char for char in path)
    return "".join("[[:space:]]" if char in _BLANKS else char for char in escaped)


def file_text(path: Path) -> str | None:
    """Return what a file holds; None where there is none, not even a link to nothing.

    Raises:
        SourceError: it cannot be read, or is larger than what is written back.
    """
    if not _exists(path):
        return None
    try:
        with path.open("rb") as stream:
            text = stream.read(_LARGEST + 1)
    except FileNotFoundError:
        return ""  # a link to nothing is something that is there
    except OSError as error:
        raise SourceError(f"{path} cannot be read", hint=(error.strerror or "").lower()) from None
    if len(text) > _LARGEST:  # it would be written back without its end
        raise SourceError(f"{path} is larger than {_LARGEST >> 20} MiB")
    return text.decode("utf-8", "surrogateescape")


def _exists(path: Path) -> bool:
    return os.path.lexists(path)


def _move(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as error:
        raise OutputError(f"{source} cannot be moved", hint=(error.strerror or "").lower()) from None


def write_text(path: Path, text: str, mode: int | None) -> None:
    """Replace a file in one step.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path} cannot be written", hint=(error.strerror or "").lower()) from None
    replace_file(path, [text.encode("utf-8", "surrogateescape")], mode=mode)


def _path(printed: bytes) -> Path:
    text = os.fsdecode(printed.rstrip(b"\n"))
    if not text:
        raise SourceError("this repository has no working tree", hint="bare repositories have no commits to look at")
    return Path(text)


def _absolute(folder: Path, path: Path) -> Path:
    return (folder / path).resolve()
