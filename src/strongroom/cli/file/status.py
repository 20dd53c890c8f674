"""``strongroom file status``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.root import CLEAN, FINDINGS

if TYPE_CHECKING:
    from strongroom.survey.encrypted.status import Status


@click.command("status")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "-r", "--recursive", is_flag=True, expose_value=False, help="As elsewhere; folders are read through anyway."
)
@click.option("--check", is_flag=True, help="Open each file, and check its MAC.")
@click.option("--config", metavar="FILE", help="Instead of the nearest .sops.yaml.")
@click.option("--no-gitignore", is_flag=True, help="Look at files that .gitignore leaves out too.")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", help="How it is written.")
@click.option("-v", "--verbose", is_flag=True, help="List files that are as they should be, too.")
def command(
    paths: tuple[str, ...], check: bool, config: str | None, no_gitignore: bool, shape: str, verbose: bool
) -> int:
    """Say which files are encrypted, which should be, and which are out of step.

    Looks at files and folders (the current one by default). A file should be
    encrypted if it holds a Secret in plain, or if a rule of .sops.yaml singles it
    out. Out of step is one that has other keys than its rule or encrypts other
    values, that was tampered with, or that a newer sops wrote. No key is needed;
    --check opens what can be opened.

    Exit codes: 0 all is as it should be, 1 it is not, 2 it could not be told.
    """
    from strongroom.cli.common import progress
    from strongroom.crypto.memory import guard
    from strongroom.keys.process import context
    from strongroom.survey.encrypted.status import statuses
    from strongroom.survey.encrypted.tree import Scope

    guard()
    with progress(quiet=False) as show:
        scope = Scope(os.environ, Path(config) if config else None, not no_gitignore, show)
        found = list(statuses(paths or (".",), scope, context() if check else None))
    click.echo(_as_json(found) if shape == "json" else _as_text(found, verbose=verbose))
    return CLEAN if all(one.fine for one in found) else FINDINGS


def _as_text(found: Iterable[Status], *, verbose: bool) -> str:
    from strongroom.report.sanitise import line

    lines = []
    count = encrypted = wrong = 0
    for one in found:
        count, encrypted, wrong = count + 1, encrypted + (one.metadata is not None), wrong + (not one.fine)
        if one.notes or verbose:
            lines.append(line(one.name))
            lines += [f"  {note.id}: {line(part)}" for note in one.notes for part in note.text.split("\n")]
            lines += [] if one.notes else ["  as it should be"]
    files = f"{count} file{'' if count == 1 else 's'}"
    lines.append(
        f"{files}, {encrypted} encrypted, {wrong} to look at" if count else "no file is or should be encrypted"
    )
    return "\n".join(lines)


def _as_json(found: Iterable[Status]) -> str:
    import msgspec

    from strongroom.report.sanitise import json_text

    text: Any = msgspec.json.format(msgspec.json.encode({"files": [_body(one) for one in found]}), indent=2).decode()
    return json_text(text)


def _body(one: Status) -> dict[str, Any]:
    metadata = one.metadata
    body: dict[str, Any] = {
        "path": one.name,
        "format": one.format,
        "encrypted": metadata is not None,
        "ok": one.fine,
        "rule": one.rule,
    }
    if metadata is not None:
        body["lastmodified"], body["version"] = metadata.lastmodified, metadata.version
        body["shamir_threshold"] = metadata.shamir_threshold
        body["keys"] = [
            {"group": number, "kind": wrapped.key.kind, "name": wrapped.key.name, "created_at": wrapped.created_at}
            for number, group in enumerate(metadata.groups)
            for wrapped in group
        ]
    body["notes"] = [{"id": note.id, "text": note.text} for note in one.notes]
    return body
