"""How ``exec-env`` and ``exec-file`` start a program, wait for it, and end as it ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from strongroom.errors import UsageError

_PASSED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT, signal.SIGWINCH)
_FROM_THE_TERMINAL = (signal.SIGINT, signal.SIGQUIT)
_BY_A_SIGNAL = 128
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126  # as shells report them


class Account(NamedTuple):
    """Under whom a program runs."""

    user: int
    group: int
    groups: tuple[int, ...]


def account(name: str) -> Account:
    """Look up a user, with its own groups.

    Raises:
        UsageError: there is none of that name, or we may not become it.
    """
    import pwd

    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise UsageError(f"there is no user {name}") from None
    if os.geteuid() not in {0, found.pw_uid}:
        raise UsageError(f"only root can run a program as {name}")
    groups = os.getgrouplist(name, found.pw_gid)
    return Account(found.pw_uid, found.pw_gid, tuple(groups))


def stripped(command: Sequence[str]) -> Sequence[str]:
    """Return a command without the ``--`` in front.

    Raises:
        UsageError: nothing is left.
    """
    left = command[1:] if command[:1] == ("--",) else command
    if not left:
        raise UsageError("no program is named")
    return left


def words(command: Sequence[str]) -> list[str]:
    """Return what is started: one word is a line for the shell, as with sops; several are a program as it stands."""
    return ["/bin/sh", "-c", command[0]] if len(command) == 1 else list(command)


def run(command: Sequence[str], environment: Mapping[str, str], who: Account | None) -> int:
    """Run a program to its end; return its exit code, or 128 and the number of the signal that ended it.

    Signals that reach us are passed on; those of the terminal reach it by themselves.

    Raises:
        UsageError: it cannot be started.
    """
    with contextlib.ExitStack() as stack:
        child: subprocess.Popen[bytes] | None = None
        early: list[int] = []

        def pass_on(number: int, _: Any) -> None:
            if child is None:
                early.append(number)
            else:
                child.send_signal(number)

        stack.enter_context(_handled(_PASSED_ON, pass_on))
        # A handler, and not "ignore", which the program would inherit.
        stack.enter_context(_handled(_FROM_THE_TERMINAL, lambda *_: None))
        try:
            child = subprocess.Popen(command, env=dict(environment), **_as(who))
        except FileNotFoundError:
            raise UsageError(f"there is no program {command[0]}") from None
        except OSError as error:
            raise UsageError(f"{command[0]} cannot be started", hint=(error.strerror or "").lower()) from None
        for number in early:
            child.send_signal(number)
        code = child.wait()
    return code if code >= 0 else _BY_A_SIGNAL - code


def _as(who: Account | None) -> dict[str, Any]:
    if who is None or who.user == os.geteuid():
        return {}
    return {"user": who.user, "group": who.group, "extra_groups": list(who.groups)}


@contextlib.contextmanager
def _handled(numbers: Sequence[signal.Signals], handler: Any) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
