"""Several files of one command line, each done as one alone would be; what is wrong with one does not stop the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from strongroom.cli.root import CLEAN, fail
from strongroom.errors import OutputError, StrongroomError, UsageError

if TYPE_CHECKING:
    from strongroom.cli.file.options import Input

output_dir = click.option(
    "--output-dir", metavar="FOLDER", help="Write files of the same names there; takes several FILEs."
)

Work = Callable[[str], "tuple[Input, bytes]"]
"""The name of a file to what was read of it and what comes out."""


def wanted(files: Sequence[str], *, in_place: bool, output: str | None, output_dir: str | None) -> bool:
    """Tell whether a command line is about several files, or one that goes to a folder.

    Raises:
        UsageError: its places exclude each other, or do not go with several.
    """
    if output_dir and (in_place or output):
        raise UsageError("--output-dir excludes --in-place and --output")
    if len(files) > 1 and not (in_place or output_dir):
        raise UsageError(f"{len(files)} files are named", hint="-i writes each itself, --output-dir into a folder")
    if "-" in files and (len(files) > 1 or output_dir):
        raise UsageError("standard input is not one of several files")
    return len(files) > 1 or bool(output_dir)


def each(files: Sequence[str], work: Work, folder: str | None, *, private: bool) -> int:
    """Do every file and write what comes out: into a folder, or over the file where there is none.

    Args:
        files: as named.
        work: what is done.
        folder: of ``--output-dir``.
        private: what comes out is in plain: new files are for their owner alone.

    Returns:
        The exit code: it could not be done where one of them could not.
    """
    targets = _targets(files, Path(folder), private=private) if folder else {}
    code = CLEAN
    for file in files:
        try:
            given, data = work(file)
            _write(given, data, targets.get(file), private=private)
        except StrongroomError as error:
            name = "" if file in error.message else f"{file}: "
            code = fail(f"{name}{error.message}", error.hint)
    return code


def _write(given: Input, data: bytes, target: Path | None, *, private: bool) -> None:
    from strongroom.cli.file import options
    from strongroom.writing import replace_file

    if target is None:
        options.write(data, given, in_place=True, private=private)
    else:
        # What is lost with the power here is made again from the file that it was made of.
        replace_file(target, [data], mode=0o600 if private and not target.exists() else None, durable=False)


def _targets(files: Sequence[str], folder: Path, *, private: bool) -> dict[str, Path]:
    """Return where each file goes: below the folder as it stands below the current one, or by its name alone."""
    targets: dict[str, Path] = {}
    taken: set[str] = set()
    for file in dict.fromkeys(files):
        relative = Path(os.path.relpath(file))
        target = folder / (relative.name if relative.parts[:1] == ("..",) else relative)
        if str(target) in taken:
            raise UsageError(f"two files would be written to {target}", hint="name them in two commands")
        taken.add(str(target))
        targets[file] = target
    try:
        folder.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
        for parent in {target.parent for target in targets.values()}:
            parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made", hint=(error.strerror or "").lower()) from None
    return targets
