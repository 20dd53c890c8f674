"""Options of ``strongroom scan`` that compare with an inventory, and that ask whether a value still works."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from strongroom.errors import UsageError

if TYPE_CHECKING:
    from strongroom.leaks.library import Library
    from strongroom.survey.scan_blobs import Blobs

_Command = TypeVar("_Command", bound=Callable[..., Any])


def known_options(command: _Command) -> _Command:
    """Add the options; `prepare` takes them."""
    options = (
        click.option(
            "--inventory",
            multiple=True,
            metavar="SOURCE",
            help="Find every value that SOURCE knows: a source of audit, or a file of inventory --fingerprints. "
            "Repeatable.",
        ),
        click.option("--values", is_flag=True, help="Of an inventory that is a cluster, read the values of Secrets."),
        click.option("--verify", is_flag=True, help="Ask those who issued the values whether they still work."),
        click.option(
            "--verify-seconds",
            type=click.IntRange(1, 3600),
            default=60,
            show_default=True,
            metavar="N",
            help="Verify for so long at most.",
        ),
        click.option("--verify-internal", is_flag=True, help="Verify with hosts of private networks, too."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def refuse(*, staged: bool, inventory: tuple[str, ...], values: bool, verify: bool, verify_internal: bool) -> None:
    """Refuse what contradicts itself.

    Raises:
        UsageError: it does.
    """
    if verify and staged:
        raise UsageError("--staged sends no value anywhere", hint="leave --verify out")
    if verify_internal and not verify:
        raise UsageError("--verify-internal needs --verify")
    if values and not inventory:
        raise UsageError("--values needs --inventory")


def prepare(
    blobs: Blobs,
    key: bytes,
    library: Library,
    show: Callable[[str], None],
    *,
    inventory: tuple[str, ...],
    values: bool,
    verify: bool,
    verify_seconds: int,
    verify_internal: bool,
) -> None:
    """Have a scan look for known values, and keep what it will verify.

    Raises:
        StrongroomError: an inventory cannot be read.
    """
    if verify:
        from strongroom.survey.verify import Verification, Verifier

        how = Verification(verify_seconds, verify_internal, lambda text: click.echo(text, err=True))
        blobs.verify(Verifier(key, how))
    if inventory:
        from strongroom.survey.known import known_of

        if values:
            click.echo("reading the values of Secrets: they are kept in memory while the scan runs", err=True)
        blobs.search(known_of(inventory, key, library, values=values, progress=show))
