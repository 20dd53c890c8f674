"""How a plugin runs: options of the command line, over a file, over the defaults."""

from __future__ import annotations

import ipaddress
import os
import stat
from pathlib import Path
from typing import Any

import msgspec

from strongroom.errors import SourceError, UsageError
from strongroom.serve.sockets import checked_path

_LARGEST_FILE = 1 << 20


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Everything that is chosen; a configuration file has the same names in camel case.

    Attributes:
        socket: the path of the socket that the API server is told.
        key: the URI of the key that encrypts.
        also: URIs of keys that only decrypt.
        metrics_address: ``127.0.0.1:PORT`` or ``unix:PATH`` for metrics and health; empty for none.
        timeout: most seconds for a request.
        look_interval: seconds between two looks at the key.
        concurrency: calls that may be with a remote key at once.
        queue: calls that may wait for that.
        replace: take the socket over from a plugin that listens on it.
    """

    socket: str = ""
    key: str = ""
    also: tuple[str, ...] = ()
    metrics_address: str = ""
    timeout: float = 2.8
    look_interval: float = 10.0
    concurrency: int = 6  # a key has eight threads (keys.kek.workers), and looks at it take two
    queue: int = 64
    replace: bool = False

    def keys(self) -> tuple[str, ...]:
        """Return the URIs of all keys; the first encrypts."""
        return (self.key, *self.also)


def read(file: Path) -> dict[str, Any]:
    """Return what a configuration file says, by the names of `Settings`.

    Raises:
        SourceError: it cannot be read, others may change it, or it is no such file.
    """
    from strongroom.documents.yaml import BadDocument
    from strongroom.documents.yaml import read as documents

    try:
        with file.open("rb") as stream:
            status = os.fstat(stream.fileno())
            data = stream.read(_LARGEST_FILE)
    except OSError as error:
        raise SourceError(f"configuration {file} cannot be read", hint=(error.strerror or "").lower()) from None
    # Who chooses the key reads every Secret: it could be one of their own.
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or status.st_uid not in (0, os.geteuid()):
        raise SourceError(f"configuration {file} may be changed by others", hint=f"chmod 600 {file}, and its owner")
    found = list(documents(data))
    if len(found) != 1 or isinstance(found[0], BadDocument) or not isinstance(found[0].body, dict):
        raise SourceError(f"configuration {file} is not one YAML document with fields")
    try:
        settings = msgspec.convert(found[0].body, Settings)
    except msgspec.ValidationError as error:
        raise SourceError(f"configuration {file}: {str(error).lower()}") from None
    return {name: getattr(settings, name) for name in Settings.__struct_fields__ if _camel(name) in found[0].body}


def settings(file: Path | None, options: dict[str, Any], *, serves: bool = True) -> Settings:
    """Join a file and the options of a command line, of which None and the empty tuple mean: not given.

    Args:
        file: the configuration file.
        options: by the names of `Settings`.
        serves: a socket is needed.

    Raises:
        SourceError: the file cannot be read.
        UsageError: something is missing, or cannot be.
    """
    given = {name: value for name, value in options.items() if value not in (None, ())}
    chosen = Settings(**{**(read(file) if file else {}), **given})
    if serves and not chosen.socket:
        raise UsageError("no socket is named", hint="--socket /run/strongroom/kms.sock")
    if not chosen.key:
        raise UsageError("no key is named", hint="--key URI, such as local-file:/etc/strongroom/kek")
    if chosen.socket:
        checked_path(chosen.socket)
    checked_address(chosen.metrics_address)
    if not 0.1 <= chosen.timeout <= 60 or not 0.2 <= chosen.look_interval <= 3600:
        raise UsageError("timeout has 0.1 to 60 seconds, the look interval 0.2 to 3600")
    if not 1 <= chosen.concurrency <= 1024 or not 0 <= chosen.queue <= 4096:
        raise UsageError("concurrency is 1 to 1024, queue at most 4096")
    return chosen


def checked_address(text: str) -> tuple[str, int] | Path | None:
    """Return where metrics are served: host and port, the path of a socket, or None for nowhere.

    Raises:
        UsageError: it is no such address, or other machines reach it.
    """
    if not text:
        return None
    if text.startswith("unix:"):
        return checked_path(text.removeprefix("unix:").removeprefix("//"))
    host, separator, port = text.rpartition(":")
    try:
        address = ipaddress.ip_address(host.strip("[]") if separator else "")
        number = int(port) if port.isdecimal() else -1
    except ValueError:
        raise UsageError("the address for metrics is no IP address and port", hint="127.0.0.1:8085") from None
    if not 0 <= number <= 65535:
        raise UsageError("the address for metrics has no port", hint="127.0.0.1:8085")
    if not address.is_loopback:
        raise UsageError(
            "metrics are served on loopback only", hint="127.0.0.1:PORT; a proxy that authenticates takes them further"
        )
    return str(address), number


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
