"""Where a command line finds keys: the process's environment, its terminal and its clock."""

from __future__ import annotations

import os
import sys
import time

from strongroom.errors import UsageError
from strongroom.keys.key import Context
from strongroom.model.plaintext import Plaintext


def context() -> Context:
    """Return the context of a command line; passphrases are asked for on the terminal, never on standard input."""
    return Context(environment=dict(os.environ), ask=ask_on_terminal, now=now, tell=tell, kept={})


def now() -> str:
    """Return the present time as SOPS writes it: RFC 3339, UTC, whole seconds."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def tell(what: str) -> None:
    """Show a person what a key's own program has to say, on standard error."""
    sys.stderr.write(_printable(what) + "\n")
    sys.stderr.flush()


def _printable(text: str) -> str:
    """What a plugin says, or a path of the environment holds, must not steer the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def ask_on_terminal(what: str) -> Plaintext:
    """Ask a person for a passphrase without showing it.

    Args:
        what: what the passphrase is of: ``/home/ann/.ssh/id_ed25519``.

    Raises:
        UsageError: there is no terminal, or nothing was given.
    """
    if not has_terminal():
        raise UsageError(
            f"{what} needs a passphrase, and there is no terminal to ask on",
            hint="run this in a terminal, or use a key without a passphrase",
        )
    given = unseen(f"passphrase of {what}", f"the passphrase of {what}")
    if not given:
        raise UsageError(f"no passphrase of {what} was given")
    return given


def has_terminal() -> bool:
    """Tell whether there is a terminal to ask on; standard input may be the file."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def unseen(question: str, what: str) -> Plaintext:
    """Ask a person on the terminal for something that is not shown while it is typed.

    Args:
        question: what stands before it.
        what: what it is, in errors.

    Raises:
        UsageError: the terminal would show it, was closed, or gave what is no text.
    """
    import getpass
    import warnings

    with warnings.catch_warnings():
        # Where the echo cannot be switched off, getpass would warn and show what is typed.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return Plaintext(getpass.getpass(f"{_printable(question)}: "))
        except UnicodeDecodeError:
            raise UsageError(f"what was typed for {what} is not in the encoding of the terminal") from None
        except (getpass.GetPassWarning, EOFError):
            raise UsageError(f"the terminal could not be asked for {what}") from None
