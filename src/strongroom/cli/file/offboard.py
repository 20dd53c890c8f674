"""``strongroom file offboard``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.file.tree import How, carry_out, opener, tree_options, unreadable
from strongroom.errors import StrongroomError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strongroom.model.plan import PlanStep
    from strongroom.survey.encrypted.recipients import Exposed

_STATES = {
    "current": "to be rotated: still in use as they could read it",
    "changed": "changed since they could last read it: rotate what was only encrypted anew",
    "gone": "not in the files any more: rotate what is still valid",
}


@click.command("offboard")
@click.argument("recipient")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--config", metavar="FILE", help="The only .sops.yaml to change, instead of all that hold for the files.")
@click.option("--compare", is_flag=True, help="Open earlier versions, to tell which values are still the same.")
@click.option("--no-history", is_flag=True, help="Do not read the history of the Git repository.")
@click.option("--no-gitignore", is_flag=True, help="Look at files that .gitignore leaves out too.")
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", help="How values are listed.")
@tree_options
def command(
    recipient: str,
    paths: tuple[str, ...],
    config: str | None,
    compare: bool,
    no_history: bool,
    no_gitignore: bool,
    shape: str,
    **how: Any,
) -> int:
    """Take somebody out of all files, and list what they could read.

    RECIPIENT is a key as strongroom file recipients shows it, or its name there. It
    is taken out of every encrypted file and every .sops.yaml, whose layout and
    comments stay; the files get new data keys, because the old ones are known.

    What they could read has to be rotated where it is used: the list names every
    value by its place, in the files as they are and in every commit of the
    repository. Values themselves are not changed, and not shown. After a new data
    key, only --compare tells a value that stayed from one that was rotated; it needs
    a key that opens the earlier versions, too.
    """
    from strongroom.cli.common import progress
    from strongroom.crypto.memory import guard
    from strongroom.survey.encrypted.history import past
    from strongroom.survey.encrypted.recipients import configs, exposed, known_labels, known_names, person
    from strongroom.survey.encrypted.tree import Scope, looks

    guard()
    given, options = paths or (".",), How(**how)
    with progress(quiet=False) as show:
        scope = Scope(os.environ, Path(config) if config else None, not no_gitignore, show)
        history = None if no_history else past(Path(given[0]), show)
        seen = list(looks(given, scope))
        files = [one for one in seen if one.metadata is not None]
        settings = configs(given, scope)
        labels = known_labels(settings)
        once = [one.sealed.metadata for one in history.occasions] if history is not None else []
        now = [one.metadata for one in files if one.metadata is not None]
        keys = {wrapped.key for metadata in (*now, *once) for group in metadata.groups for wrapped in group}
        names = person(recipient, labels, keys, known_names(settings))
        found = exposed(files, history, names, Path.cwd(), opener().unwrap if compare else None)
    changes, problems = _changes(files, names)
    steps, more = _config_steps(settings, names, options)
    click.echo(_as_json(found, names) if shape == "json" else _as_text(found), nl=False)
    if history is not None and not history.whole:
        click.echo("warning: commits are missing here (a shallow clone?), and what they hold is not listed", err=True)
    return carry_out(
        changes,
        "offboard",
        options,
        [*unreadable(seen), *problems, *more],
        _notes(found),
        steps,
        whole=True,
        aside=shape == "json",
    )


def _changes(files: Sequence[Any], names: Sequence[str]) -> tuple[list[Any], list[str]]:
    """Return the files that change, and what is wrong with those that cannot."""
    from strongroom.survey.encrypted.changes import leaving
    from strongroom.survey.encrypted.recipients import remaining

    how = opener()
    changes, problems = [], []
    for look in files:
        if any(wrapped.key.name in names for group in look.metadata.groups for wrapped in group):
            try:
                left = remaining(look, names)
            except StrongroomError as error:
                problems.append(error.message)
                continue
            changes.append(leaving(look, left, how, f"take them out of {look.name}, with a new data key"))
    return changes, problems


def _config_steps(settings: Sequence[Path], names: Sequence[str], how: How) -> tuple[list[PlanStep], list[str]]:
    from strongroom.survey import fingerprint_key as keys
    from strongroom.survey.encrypted.changes import write_step
    from strongroom.survey.encrypted.recipients import config_without

    steps, problems = [], []
    for path in settings:
        try:
            before, after = config_without(path, names)
            if after != before:
                title = f"take them out of {os.path.relpath(path)}"
                key = keys.load_passing(how.fingerprint_key) if how.dry_run else keys.load(how.fingerprint_key)
                steps.append(write_step(title, path, before, after, Path(how.root), key, plain=False))
        except StrongroomError as error:
            problems.append(error.message)
    return steps, problems


def _as_text(found: Sequence[Exposed]) -> str:
    from strongroom.report.sanitise import line

    lines = []
    for state, words in _STATES.items():
        some = [one for one in found if one.state == state]
        if some:
            lines.append(f"{words} ({len(some)})")
            lines += [f"  {line(one.path)}: {line(one.place)}" + _last(one) for one in some]
    return "".join(f"{text}\n" for text in lines) or "they could read no value\n"


def _last(one: Exposed) -> str:
    return f", last in a commit of {one.last[:10]}" if one.last and one.state != "current" else ""


def _as_json(found: Sequence[Exposed], names: Sequence[str]) -> str:
    import msgspec

    from strongroom.report.sanitise import json_text

    rows = [{"path": one.path, "value": one.place, "state": one.state, "last": one.last} for one in found]
    body = msgspec.json.encode({"recipients": list(names), "values": rows})
    return f"{json_text(msgspec.json.format(body, indent=2).decode())}\n"


def _notes(found: Sequence[Exposed]) -> list[str]:
    return [f"rotate {one.place} of {one.path}" for one in found if one.state == "current"]
