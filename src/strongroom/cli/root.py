"""The root command, and the one place that turns errors into text and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

import strongroom
from strongroom.cli.lazy import LazyGroup
from strongroom.errors import StrongroomError

CLEAN, FINDINGS, FAILED = 0, 1, 2
"""Exit codes, for every command."""

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it

COMMANDS = {
    "audit": "Find where secrets are and what is wrong, in one report",
    "fix": "Mend what an audit finds: shown first, proved afterwards, undone on request",
    "scan": "Find secret values in files, in history, in what is about to be committed",
    "git": "Guard what is committed: a hook, and checks for the program pre-commit",
    "secret": "Make Secrets that are never in plain on the disk, and look at them",
    "krm": "Decrypt for kustomize, Helm, Argo CD: a KRM function",
    "inventory": "List secrets: where each is defined, stored, delivered, consumed",
    "access": "Who can reach which secret, and how",
    "file": "Secrets in Git, as SOPS files: encrypt, edit, rotate, merge",
    "seal": "Seal Secrets one-way, for the Sealed Secrets controller",
    "at-rest": "Encryption of Secrets in etcd: status, configure, rotate, verify, backup",
    "serve": "Programs that keep running: a KMS v2 plugin",
    "checks": "List the checks",
    "explain": "Show the page of a check",
    "demo": "Audit the bundled example",
    "plan": "Read, do, go on with and go back on saved plans",
    "install": "Render what a cluster needs: the least role for an audit",
}
"""Command to its line of help; each lives in the module of its name. Kept here so that help loads none of them."""


@click.command(
    cls=LazyGroup,
    package="strongroom.cli",
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 it could not be done.",
)
@click.version_option(strongroom.__version__, prog_name="strongroom", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show where an internal error happened.")
def root(debug: bool) -> None:
    """Strongroom, the secrets manager for Kubernetes.

    SOURCE is a file, a folder, - for standard input, cluster or cluster:CONTEXT for
    a running cluster; several are joined.
    """


def run(arguments: Sequence[str] | None) -> int:
    """Parse and run; print errors; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result: Any = root.main(words, prog_name=_program(), standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        return CLEAN
    except click.ClickException as error:
        return fail(_plain(error.format_message()), _usage_hint(error))
    except StrongroomError as error:
        return fail(error.message, error.hint)
    except (KeyboardInterrupt, click.Abort):
        click.echo("\ninterrupted", err=True)
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader has gone. Without this, the interpreter would complain again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # noqa: BLE001 - the last line of defence: its text could hold a value
        return _internal(error, debug="--debug" in words)
    return result if isinstance(result, int) else CLEAN


def _program() -> str:
    name = os.path.basename(sys.argv[0])  # noqa: PTH119 - no path, only its last part
    return "kubectl strongroom" if name.startswith("kubectl-") else "strongroom"


def _plain(message: str) -> str:
    """Bring click's sentences into our style: lower case, no full stop."""
    message = message.rstrip(".")
    return message[:1].lower() + message[1:] if message[1:2].islower() else message


def _usage_hint(error: click.ClickException) -> str:
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{error.ctx.command_path} --help"
    return ""


def fail(message: str, hint: str) -> int:
    """Print an error and its hint; return the exit code."""
    click.echo(f"error: {_printable(message)}", err=True)
    if hint:
        click.echo(f"hint: {_printable(hint)}", err=True)
    return FAILED


def _printable(text: str) -> str:
    """Names come from the input and may hold terminal escapes."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _internal(error: Exception, *, debug: bool) -> int:
    """Report a defect of ours without its message and without local variables: either may hold a value."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    if debug:
        for entry in frames:
            click.echo(f"  {entry.filename}:{entry.lineno} in {entry.name}", err=True)
    where = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else ""  # noqa: PTH119
    return fail(
        f"internal error {type(error).__name__} at {where}",
        "" if debug else "strongroom --debug shows where it came from",
    )
