"""``strongroom file recipients``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from strongroom.cli.root import CLEAN, FINDINGS

if TYPE_CHECKING:
    from strongroom.survey.encrypted.recipients import Reader

_COLUMNS = ("kind", "recipient", "label", "path", "alone", "now", "since", "commit", "until", "created_at")


@click.command("recipients")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "-r", "--recursive", is_flag=True, expose_value=False, help="As elsewhere; folders are read through anyway."
)
@click.option("--former", is_flag=True, help="Those, too, who could open a file in an earlier commit.")
@click.option("--no-history", is_flag=True, help="Do not read the history of the Git repository.")
@click.option("--no-gitignore", is_flag=True, help="Look at files that .gitignore leaves out too.")
@click.option(
    "--format", "shape", type=click.Choice(["text", "json", "csv"]), default="text", help="How it is written."
)
def command(paths: tuple[str, ...], former: bool, no_history: bool, no_gitignore: bool, shape: str) -> int:
    """Say who can open what, and since when.

    Looks at encrypted files and folders (the current one by default); no key is
    needed. "Since" is the first commit in which a file had the recipient, over all
    branches. A recipient has the name that the anchor or the comment on its line of
    .sops.yaml gives it.
    """
    from strongroom.cli.common import progress
    from strongroom.cli.file.tree import unreadable
    from strongroom.report.sanitise import line
    from strongroom.survey.encrypted.history import past
    from strongroom.survey.encrypted.recipients import configs, known_labels, readers
    from strongroom.survey.encrypted.tree import Scope, looks

    given = paths or (".",)
    with progress(quiet=False) as show:
        scope = Scope(os.environ, None, not no_gitignore, show)
        history = None if no_history else past(Path(given[0]), show)
        labels = known_labels(configs(given, scope))
        seen = list(looks(given, scope))
        found = list(readers(seen, history, labels, former=former))
    left_out = unreadable(seen)
    for problem in left_out:
        click.echo(f"left out: {line(problem)}", err=True)
    if history is not None and not history.whole:
        click.echo(
            "warning: commits are missing here (a shallow clone?); dates are those of the commits there are", err=True
        )
    click.echo({"text": _as_text, "json": _as_json, "csv": _as_csv}[shape](found), nl=False)
    return FINDINGS if left_out else CLEAN


def _as_text(found: Iterable[Reader]) -> str:
    from strongroom.report.sanitise import line

    people: dict[tuple[str, str, str], list[Reader]] = {}
    for one in found:
        people.setdefault((one.label, one.key.kind, one.key.name), []).append(one)
    lines = []
    for label, kind, name in sorted(people):
        lines.append(line(f"{kind} {name}" + (f" ({label})" if label else "")))
        for one in people[label, kind, name]:
            parts = [line(one.path), *([] if one.alone else ["with others"])]
            when = f"since {one.since[:10]} ({one.commit[:12]})" if one.since else ""
            if not one.now:
                when = f"from {one.since[:10]} to {one.until[:10]}, not any more"
            elif not when and one.created_at:
                when = f"made {line(one.created_at[:10])}"
            lines.append("  " + ", ".join([*parts, *filter(None, [when])]))
    return "".join(f"{text}\n" for text in lines) if lines else "no encrypted file\n"


def _rows(found: Iterable[Reader]) -> Iterable[dict[str, str | bool]]:
    for one in found:
        row: dict[str, str | bool] = {"kind": one.key.kind, "recipient": one.key.name, "label": one.label}
        row |= {"path": one.path, "alone": one.alone, "now": one.now, "since": one.since, "commit": one.commit}
        yield row | {"until": one.until, "created_at": one.created_at}


def _as_json(found: Iterable[Reader]) -> str:
    import msgspec

    from strongroom.report.sanitise import json_text

    body = msgspec.json.format(msgspec.json.encode({"recipients": list(_rows(found))}), indent=2).decode()
    return f"{json_text(body)}\n"


def _as_csv(found: Iterable[Reader]) -> str:
    import csv
    import io

    from strongroom.report.sanitise import csv_cell

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in _rows(found):
        writer.writerow([csv_cell(str(row[name])) for name in _COLUMNS])
    return stream.getvalue()
