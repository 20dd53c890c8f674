"""Values from a command line: from everywhere but, if it can be helped, the command line itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from strongroom.cli.common import together
from strongroom.cli.secret.opening import say
from strongroom.errors import StrongroomError, UsageError
from strongroom.files.secret import inputs
from strongroom.keys.process import has_terminal, unseen
from strongroom.model.plaintext import Plaintext

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Sources(NamedTuple):
    """The options that give values, as they were given."""

    prompt: tuple[str, ...] = ()
    from_stdin: str | None = None
    generate: tuple[str, ...] = ()
    from_file: tuple[str, ...] = ()
    from_env_file: tuple[str, ...] = ()
    from_literal: tuple[str, ...] = ()
    edit: bool = False

    def __bool__(self) -> bool:
        """Tell whether any was given."""
        return any(self[:])


def source_options(command: _Command) -> _Command:
    """Add the options that give values; the names of `Sources`."""
    return together(
        click.option("--prompt", multiple=True, metavar="KEY", help="Asked for, unseen, twice."),
        click.option("--from-stdin", metavar="KEY", help="Standard input."),
        click.option("--generate", multiple=True, metavar="KEY=WHAT", help="Made now: password:32, hex, tls:HOST ..."),
        click.option("--from-file", multiple=True, metavar="[KEY=]PATH", help="A file, or each file of a folder."),
        click.option("--from-env-file", multiple=True, metavar="FILE", help="Every KEY=VALUE line of a file."),
        click.option("--from-literal", multiple=True, metavar="KEY=VALUE", help="As it stands here; others see it."),
        click.option("--edit", is_flag=True, help="Write values in an editor, as KEY=VALUE lines."),
    )(command)


def collect(sources: Sources, default_key: str = "") -> inputs.Values:
    """Return the values that options give.

    Args:
        sources: the options.
        default_key: of a file that has none of its own, in place of its name.

    Raises:
        UsageError, LimitError: one cannot be read, a key is none or comes twice.
    """
    return inputs.gather(_pairs(sources, default_key))


def _pairs(sources: Sources, default_key: str) -> Iterator[tuple[str, Plaintext]]:
    if sources.from_literal:
        say("warning: --from-literal shows values to other users of this machine and stays in the shell's history")
    for text in sources.from_literal:
        yield inputs.literal(text)
    for text in sources.from_file:
        yield from noted(inputs.from_file(text, default_key))
    for file in sources.from_env_file:
        yield from inputs.from_env_file(Path(file), os.environ)
    for text in sources.generate:
        yield from generated(text)
    if sources.from_stdin is not None:
        yield from noted([(sources.from_stdin, from_stdin(sources.from_stdin))])
    for key in sources.prompt:
        yield key, asked(key)
    if sources.edit:
        yield from _edited()


def generated(text: str) -> Iterator[tuple[str, Plaintext]]:
    """Yield the values of ``KEY=WHAT``: one, or both halves of a pair.

    Raises:
        UsageError: there is no such generator.
    """
    from strongroom.crypto.generators.kinds import generate

    key, equals, what = text.partition("=")
    if not equals or not key:
        raise UsageError("--generate takes KEY=WHAT", hint="--generate password=password:32")
    for part in generate(what):
        yield key + part.suffix, part.value


def from_stdin(key: str) -> Plaintext:
    """Return standard input, whole.

    Raises:
        UsageError: a person would have to type it.
        LimitError: it is larger than a Secret may be.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError(f"there is nothing on standard input for {key}", hint=f"--prompt {key} asks for it")
    return inputs.within(sys.stdin.buffer.read(inputs.MOST_BYTES + 1), "standard input")


def asked(what: str) -> Plaintext:
    """Ask a person for a value, unseen, twice.

    Raises:
        UsageError: there is no terminal, nothing was given, or the two differ.
    """
    if not has_terminal():
        raise UsageError(
            f"{what} is asked for, and there is no terminal to ask on", hint=f"--from-stdin {what}, or --generate"
        )
    first = unseen(what, what)
    if not first:
        raise UsageError(f"nothing was given for {what}")
    if first != unseen(f"{what}, again", what):
        raise UsageError(f"what was given for {what} the second time is something else")
    return first


def noted(pairs: list[tuple[str, Plaintext]]) -> list[tuple[str, Plaintext]]:
    """Return values as they are; tell where one is a line with its end, as ``echo`` writes it."""
    for key, value in pairs:
        if value.reveal().endswith(b"\n") and value.reveal().count(b"\n") == 1:
            say(f"note: the value of {key} ends with the end of its line, which is part of it")
    return pairs


_TEXT = b"# KEY=VALUE lines, as in an env file: no quotes, no escapes. Lines that begin with # do not count.\n"


def _edited() -> list[tuple[str, Plaintext]]:
    """Return what a person writes in an editor, in memory-backed storage that is wiped.

    Raises:
        UsageError: there is no editor, or what was written is not as it should be and stays so.
    """
    from strongroom.cli.file.editors import editor
    from strongroom.files.sops import scratch

    words = editor()
    with scratch.folder(os.environ) as place:
        file = place / "values.env"
        scratch.write(file, _TEXT)
        while True:
            if subprocess.run([*words, str(file)], check=False).returncode:
                raise UsageError(f"the editor {words[0]} failed, and nothing was made")
            try:
                values = inputs.from_env_file(file, {})
                inputs.gather(values)
            except StrongroomError as error:
                if not sys.stdin.isatty():
                    raise
                say(f"error: {error.message}")
                click.confirm("Edit it again?", default=True, abort=True, err=True)
            else:
                break
    if not values:
        raise UsageError("nothing was written in the editor")
    return values
