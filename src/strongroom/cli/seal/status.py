"""``strongroom seal status``: which key made each value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from strongroom.cli.root import CLEAN, FINDINGS
from strongroom.cli.seal.options import (
    Cluster,
    certificate,
    cluster_of,
    controller_options,
    files_of,
    keys_option,
    private_keys,
)
from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.files.sealed.private_keys import SealingKey
    from strongroom.survey.seal_tree import Newest, ObjectStatus, SealedFile, ValueStatus


@click.command("status")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--cert", metavar="FILE|URL", help="Certificate of the newest key, to compare with.")
@click.option("--cluster", "ask", is_flag=True, help="Ask the cluster for the certificate of its newest key.")
@controller_options
@keys_option
@click.option("--format", "shape", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--no-git", is_flag=True, help="Do not ask Git when each value changed.")
@click.option("--no-gitignore", is_flag=True, help="Read files that .gitignore leaves out too.")
def command(
    paths: tuple[str, ...],
    cert: str | None,
    ask: bool,
    exported: tuple[str, ...],
    shape: str,
    no_git: bool,
    no_gitignore: bool,
    **options: Any,
) -> int:
    """Say of each sealed value which key made it, how large it is, since when.

    With exported keys each value is tried; nothing of it is shown. Without them
    nobody can tell which key made a value: what is known then is its form, its
    size, and since when Git has it. With the newest certificate, what was
    committed before that key was made is known to be under an older one.
    Exit codes: 0 nothing to do, 1 values under older keys or not to be opened,
    or something is wrong; 2 it could not be done.
    """
    from strongroom.crypto.memory import guard
    from strongroom.survey.seal_tree import sealed_files, statuses

    guard()
    cluster = cluster_of(options)
    keys = private_keys(exported)
    newest = _newest(cert, ask, cluster, keys)
    files = [*sealed_files(files_of(paths or (".",), gitignore=not no_gitignore))]
    if not files:
        raise UsageError("there is no SealedSecret", hint="name files or folders that hold some")
    found = [one for file in files for one in statuses(file, keys, newest, dates=not no_git)]
    unread = [file for file in files if file.problem]
    pieces = _json(found, unread) if shape == "json" else _text(found, unread, keyless=not keys, newest=newest)
    for piece in pieces:
        click.echo(piece)
    return FINDINGS if unread or any(_asks(one) for one in found) else CLEAN


def _newest(cert: str | None, ask: bool, cluster: Cluster, keys: dict[str, SealingKey]) -> Newest | None:
    from strongroom.errors import KeyUseError
    from strongroom.files.sealed.private_keys import newest
    from strongroom.survey.seal_tree import Newest

    if cert is not None or ask:
        found = certificate(cert, cluster)
        return Newest(found.fingerprint, found.since)
    if keys:
        try:
            key = newest(keys)
        except KeyUseError:
            return None
        return Newest(key.fingerprint, key.since)
    return None


def _asks(one: ObjectStatus) -> bool:
    """Tell whether there is something to do about an object."""
    from strongroom.survey.seal_tree import Made

    return bool(one.problems) or any(value.made in (Made.OLDER, Made.NOT_OPENED, Made.DAMAGED) for value in one.values)


def _text(
    found: Sequence[ObjectStatus], unread: Sequence[SealedFile], *, keyless: bool, newest: Newest | None
) -> Iterator[str]:
    from strongroom.report.sanitise import line

    shown = ""
    for one in found:
        if one.shown != shown:
            shown = one.shown
            yield line(shown)
        yield line(f"  {one.name}  {one.scope}")
        width = max((len(value.key) for value in one.values), default=0)
        for value in one.values:
            yield line("    " + "  ".join(_words(value, width)))
        for problem in one.problems:
            yield line(f"    ! {problem}")
    for file in unread:
        yield line(f"{file.shown}: not read: {file.problem}")
    counts = Counter(value.made for one in found for value in one.values)
    values = sum(counts.values())
    told = ", ".join(f"{count} {made.value}" for made, count in counts.items())
    many = f"{values} value{'' if values == 1 else 's'} in {len(found)} object{'' if len(found) == 1 else 's'}"
    yield many + (f": {told}" if told else "")
    if keyless:
        yield "which key made a value shows only with exported keys: --recovery-private-key FILE"
    if newest is None:
        yield "which key is the newest is not known: --cert FILE, or --cluster asks the controller"


def _words(value: ValueStatus, width: int) -> Iterator[str]:
    yield value.key.ljust(width)
    yield f"{value.size} bytes" if value.size >= 0 else "no size"
    yield value.made.value
    if value.fingerprint:
        yield value.fingerprint
    if value.since is not None:
        yield f"since {value.since.date()}"
    if value.note:
        yield f"({value.note})"


def _json(found: Sequence[ObjectStatus], unread: Sequence[SealedFile]) -> Iterator[str]:
    import msgspec

    from strongroom.report.sanitise import json_text

    body = {
        "objects": [
            {**one._asdict(), "values": [{**value._asdict(), "made": value.made.value} for value in one.values]}
            for one in found
        ],
        "unread": [{"shown": file.shown, "problem": file.problem} for file in unread],
    }
    yield json_text(msgspec.json.format(msgspec.json.encode(body), indent=2).decode())
