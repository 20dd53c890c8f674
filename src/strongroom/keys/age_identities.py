"""Where age identities are looked for: the places of SOPS 3.11, in its order (https://getsops.io/docs/#encrypting-using-age).

SSH keys (``SOPS_AGE_SSH_PRIVATE_KEY_FILE``, ``SOPS_AGE_SSH_PRIVATE_KEY_CMD`` of SOPS 3.13, ``~/.ssh/id_ed25519``,
``~/.ssh/id_rsa``), then ``SOPS_AGE_KEY``, ``SOPS_AGE_KEY_FILE``, ``SOPS_AGE_KEY_CMD`` and ``sops/age/keys.txt`` in the
user's configuration folder. Identities that need a person or a program come last, so that nobody is asked in vain.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, cast

from strongroom.errors import KeyUseError, StrongroomError, UsageError
from strongroom.keys.age_library import is_no_match
from strongroom.keys.key import Context
from strongroom.model.plaintext import Plaintext

MAX_BYTES = 1 << 24
"""Longest identity file that is read; the bound of age itself."""

COMMAND_SECONDS = 120
"""How long a command may take to print an identity; it may ask a person."""

RECIPIENT = "SOPS_AGE_RECIPIENT"
"""The variable that tells a command for which recipient an identity is wanted."""

_PLACES = (
    "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
    "SOPS_AGE_SSH_PRIVATE_KEY_CMD",
    "~/.ssh/id_ed25519",
    "~/.ssh/id_rsa",
    "SOPS_AGE_KEY",
    "SOPS_AGE_KEY_FILE",
    "SOPS_AGE_KEY_CMD",
)


Asked = Callable[[bytes, Context], Plaintext | None]
"""An identity that needs a person or a program: what it makes of a wrapped key in armour; None where it is not for it.

Raises KeyUseError, UsageError.
"""


class Identities(NamedTuple):
    """What was found.

    Attributes:
        ready: identities of the age library.
        asked: those that need a person or a program first.
        places: where they were looked for.
        faults: what was there and could not be read.
        recipients: of the X25519 identities among those that are ready.
    """

    ready: tuple[Any, ...]
    asked: tuple[Asked, ...]
    places: tuple[str, ...] = ()
    faults: tuple[StrongroomError, ...] = ()
    recipients: frozenset[str] = frozenset()

    def open(self, enc: bytes, context: Context) -> tuple[Plaintext | None, list[StrongroomError]]:
        """Return what they make of a wrapped key, or why not.

        Raises:
            KeyUseError: it is no age text, or it was damaged.
        """
        opened = decrypt(enc, self.ready)
        faults = list(self.faults)
        for asked in () if opened is not None or context.quiet else self.asked:
            try:
                opened = asked(enc, context)
            except (KeyUseError, UsageError) as error:
                faults.append(error)
            if opened is not None:
                break
        return opened, faults


class _Found:
    """Collects what the places hold."""

    def __init__(self) -> None:
        self.ready: list[Any] = []
        self.asked: list[Asked] = []
        self.faults: list[StrongroomError] = []
        self.recipients: set[str] = set()

    def take(self, place: str, read: Callable[[], bytes], sort: _Sort) -> None:
        """Add what a place holds; what is wrong with it counts only if nothing else opens the file."""
        try:
            sort(place, read(), self)
        except (KeyUseError, UsageError) as error:
            self.faults.append(error)

    def identities(self, places: tuple[str, ...] = ()) -> Identities:
        """What was collected."""
        recipients = frozenset(self.recipients)
        return Identities(tuple(self.ready), tuple(self.asked), places, tuple(self.faults), recipients)


_Sort = Callable[[str, bytes, _Found], None]


def decrypt(enc: bytes, identities: tuple[Any, ...]) -> Plaintext | None:
    """Return what identities of the age library make of a wrapped key; None where none is for it.

    Raises:
        KeyUseError: it is no age text, or it was damaged.
    """
    import pyrage

    if not identities:
        return None
    try:
        return Plaintext(pyrage.decrypt(enc, list(identities)))
    except pyrage.DecryptError as error:
        if is_no_match(error):
            return None
        raise KeyUseError("its wrapped key is damaged, or no age text") from None


def joined(faults: Sequence[StrongroomError], *, message: str = "", hint: str = "") -> KeyUseError:
    """Return one error for several: what each says once, and the hint where none of them has one."""
    messages = dict.fromkeys([*([message] if message else []), *(fault.message for fault in faults)])
    hints = dict.fromkeys(fault.hint for fault in faults if fault.hint)
    return KeyUseError("; ".join(messages), hint="; ".join(hints) or hint)


def find(context: Context) -> Identities:
    """Return every identity that is there; looked for once in a context that keeps what it finds."""
    kept = context.kept
    if kept is not None and "age" in kept:
        return cast(Identities, kept["age"])
    found = _Found()
    environment = context.environment
    for path in _ssh_files(environment):
        found.take(str(path), lambda path=path: _read(path), _take_ssh)  # type: ignore[misc]
    if "SOPS_AGE_SSH_PRIVATE_KEY_CMD" in environment:
        found.asked.append(_from_command("SOPS_AGE_SSH_PRIVATE_KEY_CMD", _take_ssh))
    if "SOPS_AGE_KEY" in environment:
        found.take("SOPS_AGE_KEY", lambda: environment["SOPS_AGE_KEY"].encode("utf-8", "surrogateescape"), _take_file)
    for path in _files(environment):
        found.take(str(path), lambda path=path: _read(path), _take_file)  # type: ignore[misc]
    if "SOPS_AGE_KEY_CMD" in environment:
        found.asked.append(_from_command("SOPS_AGE_KEY_CMD", _take_file))
    standard = keys_file(environment)
    places = (*_PLACES, str(standard)) if standard else _PLACES
    identities = found.identities(places)
    # The first of several threads counts: a passphrase is then asked for by one of them.
    return identities if kept is None else cast(Identities, kept.setdefault("age", identities))


def keys_file(environment: Mapping[str, str]) -> Path | None:
    """Return where SOPS keeps identities when nothing says otherwise; None where the user has no home."""
    if base := environment.get("XDG_CONFIG_HOME"):
        return Path(base, "sops/age/keys.txt")
    if home := environment.get("HOME"):
        folder = "Library/Application Support" if sys.platform == "darwin" else ".config"
        return Path(home, folder, "sops/age/keys.txt")
    return None


def _ssh_files(environment: Mapping[str, str]) -> Iterator[Path]:
    if "SOPS_AGE_SSH_PRIVATE_KEY_FILE" in environment:
        yield Path(environment["SOPS_AGE_SSH_PRIVATE_KEY_FILE"])
    if home := environment.get("HOME"):
        yield from (path for name in ("id_ed25519", "id_rsa") if (path := Path(home, ".ssh", name)).exists())


def _files(environment: Mapping[str, str]) -> Iterator[Path]:
    if "SOPS_AGE_KEY_FILE" in environment:
        yield Path(environment["SOPS_AGE_KEY_FILE"])
    standard = keys_file(environment)
    if standard is not None and standard.exists():
        yield standard


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise KeyUseError(f"{path} could not be read: {error.strerror or error}") from None
    if len(data) > MAX_BYTES:
        raise KeyUseError(f"{path} is too long for an identity")
    return data


def _take_file(place: str, data: bytes, found: _Found) -> None:
    """Add the identities of a key file: in lines, or the whole of it encrypted with a passphrase."""
    if data.startswith((b"age-encryption.org/", b"-----BEGIN AGE")):
        found.asked.append(_later(lambda context: _decrypted(place, data, context)))
        return
    for number, line in enumerate(data.splitlines(), 1):
        words = [] if line.startswith(b"#") else line.split()  # several in a line as in SOPS 3.13
        for word in words:
            _take_line(f"line {number} of {place}", word, found)


def _take_line(place: str, line: bytes, found: _Found) -> None:
    import pyrage

    text = line.decode("utf-8", "replace")
    try:
        if text.startswith("AGE-PLUGIN-"):
            found.asked.append(_of_plugin(pyrage.plugin.Identity.from_str(text)))
        elif text.startswith("AGE-SECRET-KEY-1"):
            identity = pyrage.x25519.Identity.from_str(text)
            found.ready.append(identity)
            found.recipients.add(str(identity.to_public()))
        elif text.startswith("AGE-SECRET-KEY-PQ-1"):
            raise KeyUseError(f"{place} is a post-quantum identity: age-plugin-pq -identity makes one that can be used")
        else:
            raise KeyUseError(f"{place} is no age identity")
    except pyrage.IdentityError:
        raise KeyUseError(f"{place} is no valid age identity") from None


def _of_plugin(identity: Any) -> Asked:
    def opened(enc: bytes, context: Context) -> Plaintext | None:
        from strongroom.keys import age_plugins

        return age_plugins.unwrap(enc, identity, context)

    return opened


def _decrypted(place: str, data: bytes, context: Context) -> Identities:
    """Return the identities of a file that a passphrase protects."""
    import pyrage

    passphrase = context.ask(place).reveal_text() or ""
    try:
        text = pyrage.passphrase.decrypt(data, passphrase)
    except pyrage.DecryptError:
        raise KeyUseError(f"{place} could not be opened with this passphrase") from None
    inner = _Found()
    _take_file(place, text, inner)
    return inner.identities()


def _take_ssh(place: str, data: bytes, found: _Found) -> None:
    from strongroom.keys import age_ssh

    if not age_ssh.is_protected(data):
        found.ready.append(age_ssh.identity(place, data))
        return
    tag = age_ssh.tag_of(place, data)
    later = _later(lambda context: Identities((age_ssh.unlocked(place, data, context.ask(place)),), ()))
    found.asked.append(lambda enc, context: later(enc, context) if age_ssh.is_for(enc, tag) else None)


def _from_command(name: str, sort: _Sort) -> Asked:
    def run(context: Context) -> Identities:
        found = _Found()
        sort(f"the output of {name}", _run(name, context.environment), found)
        return found.identities()

    runs: dict[str, Asked] = {}

    def opened(enc: bytes, context: Context) -> Plaintext | None:
        # It is told the recipient, so that it may print another identity for another; what it printed before may do.
        recipient = context.environment.get(RECIPIENT, "")
        for earlier in [runs[one] for one in tuple(runs) if one != recipient]:
            with suppress(KeyUseError, UsageError):
                if (data_key := earlier(enc, context)) is not None:
                    return data_key
        return runs.setdefault(recipient, _later(run))(enc, context)

    return opened


def _later(work: Callable[[Context], Identities]) -> Asked:
    """Return an identity whose finding takes work, which is done once."""
    once = _once(work)

    def opened(enc: bytes, context: Context) -> Plaintext | None:
        data_key, faults = once(context).open(enc, context)
        if data_key is None and faults:
            raise joined(faults)
        return data_key

    return opened


def _once(work: Callable[[Context], Identities]) -> Callable[[Context], Identities]:
    """Do something once for all files and threads, also where it fails: nobody is asked twice for one passphrase."""
    from threading import Lock

    lock = Lock()
    outcome: list[Identities] = []
    failure: list[KeyUseError | UsageError] = []

    def once(context: Context) -> Identities:
        with lock:
            if not outcome and not failure:
                try:
                    outcome.append(work(context))
                except (KeyUseError, UsageError) as error:
                    failure.append(error)
        if failure:
            raise failure[0]
        return outcome[0]

    return once


def _run(name: str, environment: Mapping[str, str]) -> bytes:
    """Return what the command of a variable prints; its text is split as a shell would, and no shell runs it."""
    import shlex
    import subprocess

    try:
        command = shlex.split(environment[name], comments=True)
    except ValueError:
        command = []
    if not command:
        raise KeyUseError(f"{name} is no command")
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,  # ours may be the file
            stdout=subprocess.PIPE,
            env=dict(environment),
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except OSError as error:
        raise KeyUseError(f"the command of {name} could not be run: {error.strerror or error}") from None
    except subprocess.TimeoutExpired:
        raise KeyUseError(f"the command of {name} took longer than {COMMAND_SECONDS} seconds") from None
    if done.returncode:
        raise KeyUseError(f"the command of {name} failed with exit code {done.returncode}")
    return done.stdout
